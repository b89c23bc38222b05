import { describe, expect, test } from 'bun:test'
import type { InboxItem, Message } from '@shared/contract'
import { arranged, firstWords, moved, neighbour, type Entry } from './entries'

const entry = (id: string, at: number, state: Entry['state'] = 'unread', more: Partial<Entry> = {}): Entry => ({
  id,
  kind: 'mention',
  state,
  target: '#general',
  threadId: null,
  taskId: null,
  reason: null,
  messageId: `msg_${id}`,
  unreadCount: 1,
  at,
  ...more,
})
const ids = (entries: Entry[]) => entries.map(({ id }) => id).join(' ')

describe('the inbox', () => {
  test('shows unread first, then the latest first, and nothing that is done', () => {
    const list = [entry('a', 1), entry('b', 4, 'read'), entry('c', 3), entry('d', 2, 'read'), entry('e', 9, 'done')]
    expect(ids(arranged(list, new Set(['a', 'c'])))).toBe('c a b d')
  })

  test('keeps what is read meanwhile where it is', () => {
    const list = [entry('a', 1, 'read'), entry('b', 4, 'read')]
    expect(ids(arranged(list, new Set(['a'])))).toBe('a b')
  })

  test('goes on with the entry below what is done, and at the end with the one above', () => {
    const list = [entry('a', 3), entry('b', 2), entry('c', 1)]
    expect([neighbour(list, 'a'), neighbour(list, 'c'), neighbour([entry('a', 3)], 'a')]).toEqual(['b', 'b', undefined])
  })
})

describe('a message in a thread', () => {
  const thread = { ...entry('t', 1, 'unread'), kind: 'thread', threadId: 'msg_1', messageId: 'msg_2' } as InboxItem
  const message = (id: string, sender: string, threadId: string | null = 'msg_1') =>
    ({ id, threadId, sender: { kind: 'human', id: sender }, createdAt: 5 }) as Message

  test('counts in an unread thread once', () => {
    const after = moved(thread, message('msg_3', 'ada'), 'me')
    expect(after).toMatchObject({ messageId: 'msg_3', unreadCount: 2, at: 5 })
    expect(moved(after, message('msg_3', 'ada'), 'me')).toBe(after)
  })

  test.each([
    ['one’s own', thread, message('msg_3', 'me')],
    ['one of another thread', thread, message('msg_3', 'ada', 'msg_0')],
    ['one of the top level', thread, message('msg_3', 'ada', null)],
    [
      'one of a thread that is read: the server tells of that',
      { ...thread, state: 'read' as const },
      message('msg_3', 'ada'),
    ],
  ])('does not when it is %s', (_, item, from) => {
    expect(moved(item, from, 'me')).toBe(item)
  })
})

test('a message is told by its first words, without its layout', () => {
  expect(firstWords('## Title\n\n> **bold** and `code`\n\n```ts\nlet a = 1\n```')).toBe('Title bold and code let a = 1')
})
