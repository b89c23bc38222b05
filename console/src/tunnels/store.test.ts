import { expect, test } from 'bun:test'
import type { ServerEvent, Tunnel } from '@shared/contract'
import { tellEvent, tellRestart } from '../store/feed'
import { tunnels, tunnelsAt } from './store'

const tunnel = (id: string, more: Partial<Tunnel> = {}): Tunnel => ({
  id,
  computerId: 'cmp_1',
  agentId: null,
  runId: null,
  target: '#general',
  threadId: null,
  localPort: 5173,
  label: '',
  state: 'active',
  accessPolicy: 'members',
  creator: { kind: 'human', id: 'user_1', name: 'ada', displayName: 'Ada' },
  url: null,
  ttlSeconds: 60,
  approvedBy: null,
  approvedAt: null,
  expiresAt: 1000,
  closedAt: null,
  closeReason: '',
  createdAt: 1,
  ...more,
})
const event = (payload: Tunnel): ServerEvent => ({
  sequence: 1,
  id: 'evt_1',
  kind: 'tunnel',
  operation: 'state_changed',
  aggregateId: payload.id,
  target: payload.target,
  actor: payload.creator,
  createdAt: 1,
  payload,
})

test('what waits comes first, then what is open, then what is over, the newest first', () => {
  const all = [
    tunnel('closed', { state: 'closed', createdAt: 9 }),
    tunnel('old', { createdAt: 2 }),
    tunnel('new', { createdAt: 3 }),
    tunnel('waits', { state: 'pending_approval' }),
    tunnel('elsewhere', { computerId: 'cmp_2', target: null, agentId: 'agent_1' }),
  ]
  expect(tunnelsAt(all, { computerId: 'cmp_1' }).map(({ id }) => id)).toEqual(['waits', 'new', 'old', 'closed'])
  expect(tunnelsAt(all, { agentId: 'agent_1' }).map(({ id }) => id)).toEqual(['elsewhere'])
  expect(tunnelsAt(all, { target: '#general' })).toHaveLength(4)
})

test('an answer that an event has overtaken does not bring a preview back to life', () => {
  tellRestart()
  tellEvent(event(tunnel('t', { state: 'closed' })))
  tunnels.put(tunnel('t'))
  expect(tunnels.items['t']?.state).toBe('closed')
})

test('a preview that is kept open for less long is, too', () => {
  tellRestart()
  tunnels.put(tunnel('t', { expiresAt: 5000 }))
  tellEvent(event(tunnel('t', { expiresAt: 2000 })))
  expect(tunnels.items['t']?.expiresAt).toBe(2000)
})
