import { expect, test } from 'bun:test'
import type { ServerEvent } from '@shared/contract'
import { matches, push } from './buffer'

const event = (sequence: number, message = 'hello', target: string | null = '#general'): ServerEvent => ({
  sequence,
  id: `evt_${sequence}`,
  kind: 'activity',
  operation: 'created',
  aggregateId: 'act_1',
  target,
  actor: { kind: 'agent', id: 'agent_1', name: 'coder', displayName: 'Coder' },
  createdAt: 1,
  payload: { id: 'act_1', agentId: 'agent_1', kind: 'note', message },
})

test('the newest event comes first, and the oldest make room', () => {
  const kept = push(push([], [event(1), event(2)], 3), [event(3), event(4)], 3)
  expect(kept.map(({ sequence }) => sequence)).toEqual([4, 3, 2])
  expect(
    push(
      [],
      Array.from({ length: 2000 }, (_, at) => event(at)),
    ),
  ).toHaveLength(500)
})

test.each([
  ['everything', { kind: '', text: '' }, true],
  ['its kind', { kind: 'activity', text: '' }, true],
  ['another kind', { kind: 'run', text: '' }, false],
  ['a word of what it carries', { kind: '', text: ' HELLO ' }, true],
  ['its channel', { kind: '', text: '#general' }, true],
  ['who did it', { kind: 'activity', text: 'coder' }, true],
  ['something else', { kind: '', text: 'goodbye' }, false],
] as const)('an event is looked for by %s', (_, filter, found) => {
  expect(matches(event(1), filter)).toBe(found)
})
