import { expect, test } from 'bun:test'
import type { Run } from '@shared/contract'
import { fits, queryOf, readFilter, sinceOf } from './filters'

const run = (part: Partial<Run>): Run => ({
  id: 'run_1',
  deliveryId: null,
  agentId: 'agt_1',
  computerId: 'cmp_1',
  target: '#general',
  threadId: null,
  inputMessageId: null,
  resultMessageId: null,
  joinedRunId: null,
  state: 'running',
  attempt: 1,
  maxAttempts: 3,
  failure: null,
  summary: '',
  usage: null,
  costUsd: null,
  createdAt: 1000,
  startedAt: null,
  completedAt: null,
  updatedAt: 1000,
  ...part,
})

test('a run that waits for an approval is at work, one that is over is not', () => {
  expect(fits(run({ state: 'waiting_approval' }), { state: 'active' }, 0)).toBe(true)
  expect(fits(run({ state: 'failed' }), { state: 'active' }, 0)).toBe(false)
  expect(fits(run({ state: 'failed' }), { state: 'failed' }, 0)).toBe(true)
})

test('agent, channel and time are all held against a run', () => {
  expect(fits(run({}), { agentId: 'agt_1', target: '#general' }, 1000)).toBe(true)
  expect(fits(run({}), { agentId: 'agt_2' }, 0)).toBe(false)
  expect(fits(run({}), { target: '#den' }, 0)).toBe(false)
  expect(fits(run({}), {}, sinceOf({ time: 'hour' }, 3_602_000))).toBe(false)
})

test('an address is read with care, and the server asked for what it knows', () => {
  const filter = readFilter({ agent: 'agt_1', state: 'nonsense', time: 'week', channel: ['a', 'b'] })
  expect(filter).toEqual({ agentId: 'agt_1', target: undefined, state: undefined, time: 'week' })
  expect(queryOf(filter)).toEqual({ agentId: 'agt_1' })
  expect(queryOf({ state: 'active' })).toEqual({ active: 'true' })
  expect(queryOf({ state: 'failed', target: '#den' })).toEqual({ state: 'failed', target: '#den' })
})
