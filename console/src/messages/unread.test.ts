import { beforeEach, describe, expect, test } from 'bun:test'
import { createRoot } from 'solid-js'
import { change, emptyState, listKey } from '../store/state'
import { createUnread } from './unread'

const sender = (id: string) => ({ kind: 'human', id, name: id, displayName: id })
/** A conversation of which `ids` are loaded: `m3*` is one of the reader's own. */
function opened(ids: string[], options: { read?: string; unread?: number; older?: boolean; thread?: string }): void {
  const { read = null, unread = 0, older = false, thread = null } = options
  change((draft) => {
    Object.assign(draft, emptyState(), {
      me: { id: 'me' },
      channels: { '#a': { target: '#a', lastReadMessageId: read, unreadCount: unread } },
      messages: Object.fromEntries(
        ids.map((id) => [id.replace('*', ''), { sender: sender(id.endsWith('*') ? 'me' : 'grace') }]),
      ),
      lists: {
        [listKey('#a', thread)]: {
          ids: ids.map((id) => id.replace('*', '')),
          status: 'ready',
          older: older ? 'more' : null,
          newer: false,
        },
      },
    })
  })
}
const firstOf = (thread: string | null = null, replies?: number) =>
  createRoot((dispose) => {
    const unread = createUnread('#a', thread, () => replies)
    const found = { first: unread.first(), count: unread.count() }
    dispose()
    return found
  })

beforeEach(() => change((draft) => Object.assign(draft, emptyState())))

describe('what is new in a conversation', () => {
  test('begins after the mark', () => {
    opened(['m1', 'm2', 'm3'], { read: 'm1', unread: 2 })
    expect(firstOf()).toEqual({ first: 'm2', count: 2 })
  })

  test('begins with the first message of somebody else', () => {
    opened(['m1', 'm2*', 'm3'], { read: 'm1', unread: 1 })
    expect(firstOf().first).toBe('m3')
  })

  test('is not known while the mark lies before what is loaded', () => {
    opened(['m5', 'm6'], { read: 'm1', unread: 70, older: true })
    expect(firstOf()).toEqual({ first: undefined, count: 70 })
  })

  test('is nothing where everything was read', () => {
    opened(['m1', 'm2'], { read: 'm2', unread: 0 })
    expect(firstOf()).toEqual({ first: undefined, count: 0 })
  })

  test('is in a thread the last replies of others', () => {
    opened(['m1', 'm2', 'm3*', 'm4'], { thread: 'm0' })
    expect(firstOf('m0', 2)).toEqual({ first: 'm2', count: 2 })
    expect(firstOf('m0', 0)).toEqual({ first: undefined, count: 0 })
    expect(firstOf('m0', undefined)).toEqual({ first: undefined, count: 0 })
  })
})
