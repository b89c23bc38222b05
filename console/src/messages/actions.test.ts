import { beforeEach, describe, expect, spyOn, test } from 'bun:test'
import type { Message } from '@shared/contract'
import { change, emptyState, state } from '../store/state'
import { react, saveEdit, setPinned, toggled } from './actions'

const fetched = spyOn(globalThis, 'fetch')
const refused = () => Response.json({ code: 'channel_archived', error: 'It is archived.' }, { status: 412 })
const message = { id: 'msg_1', target: '#a', content: 'before', editedAt: null, reactions: [], pinned: null }
const known = (): Message => state.messages['msg_1']!

beforeEach(() => {
  fetched.mockReset()
  change((draft) =>
    Object.assign(draft, emptyState(), {
      phase: 'ready',
      me: { id: 'user_1', username: 'ada', displayName: 'Ada' },
      messages: { msg_1: structuredClone(message) },
    }),
  )
})

describe('a reaction', () => {
  const others = [{ emoji: '👍', by: [{ kind: 'human' as const, id: 'user_2' }] }]

  test('joins those of others, and goes without them', () => {
    const mine = { kind: 'human' as const, id: 'user_1' }
    const on = toggled(others, '👍', 'user_1', true)
    expect(on).toEqual([{ emoji: '👍', by: [...others[0]!.by, mine] }])
    expect(toggled(on, '👍', 'user_1', true)).toEqual(on)
    expect(toggled(on, '👍', 'user_1', false)).toEqual(others)
    expect(toggled([], '🚀', 'user_1', true)).toEqual([{ emoji: '🚀', by: [mine] }])
    expect(toggled([{ emoji: '🚀', by: [mine] }], '🚀', 'user_1', false)).toEqual([])
  })

  test('of an agent with the same id is another’s', () => {
    const agents = [{ emoji: '👍', by: [{ kind: 'agent' as const, id: 'user_1' }] }]
    expect(toggled(agents, '👍', 'user_1', false)).toEqual(agents)
  })

  test('shows at once, and goes when the server refuses it', async () => {
    fetched.mockResolvedValue(refused())
    const done = react('msg_1', '👍')
    expect(known().reactions).toHaveLength(1)
    expect(await done).toBe(false)
    expect(known().reactions).toEqual([])
  })
})

test('a pin shows at once, and goes when the server refuses it', async () => {
  fetched.mockResolvedValue(refused())
  const done = setPinned(known(), true)
  expect(known().pinned?.by.displayName).toBe('Ada')
  expect(await done).toBe(false)
  expect(known().pinned).toBeNull()
})

test('an edit shows at once, and the message says again what it said when the server refuses it', async () => {
  fetched.mockResolvedValue(refused())
  const done = saveEdit({ ...known() }, 'after')
  expect(known().content).toBe('after')
  expect(await done).toBe(false)
  expect(known()).toMatchObject({ content: 'before', editedAt: null })
})
