import { afterEach, beforeEach, expect, spyOn, test } from 'bun:test'
import { tellEvent, tellNote, tellRestart } from '../store/feed'
import { change, emptyState } from '../store/state'
import { personState, tellTyping, whoWrites } from './people'

const typing = (userId: string, target = '#a', threadId: string | null = null) =>
  tellNote({ kind: 'typing', userId, target, threadId, until: Date.now() + 6000 })
const fetched = spyOn(globalThis, 'fetch')

beforeEach(() => {
  fetched.mockReset()
  fetched.mockResolvedValue(Response.json({ ok: true }))
  change((draft) => Object.assign(draft, emptyState(), { phase: 'ready', connection: 'live', me: { id: 'me' } }))
})
afterEach(() => tellRestart())

test('others who write stand where they write, each once, and the reader does not', () => {
  typing('grace')
  typing('grace')
  typing('alan')
  typing('me')
  typing('grace', '#b')
  typing('grace', '#a', 'm1')
  expect(whoWrites('#a', null)).toEqual(['grace', 'alan'])
  expect(whoWrites('#a', 'm1')).toEqual(['grace'])
  expect(whoWrites('#b', 'm1')).toEqual([])
})

test('whoever has sent the message is not writing it any more', () => {
  typing('grace')
  typing('alan')
  const payload = { sender: { id: 'grace' }, target: '#a', threadId: null }
  tellEvent({ kind: 'message', operation: 'created', payload } as never)
  expect(whoWrites('#a', null)).toEqual(['alan'])
})

test('people are where they were last said to be, and offline before', () => {
  expect(personState('grace')).toBe('offline')
  tellNote({ kind: 'presence', userId: 'grace', state: 'online' })
  expect(personState('grace')).toBe('online')
  tellRestart()
  expect(personState('grace')).toBe('offline')
})

test('what the reader types is said once in a while, in each conversation', () => {
  for (let i = 0; i < 5; i++) tellTyping('#a', null)
  tellTyping('#b', 'm1')
  const sent = fetched.mock.calls.map(([url, init]) => `${String(url)} ${String(init?.body)}`)
  expect(sent).toEqual(['/api/channels/%23a/typing {}', '/api/channels/%23b/typing {"threadId":"m1"}'])
})
