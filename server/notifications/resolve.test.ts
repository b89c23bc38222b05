import { expect, test } from 'bun:test'
import type { RouteRow } from '../endpoints/book'
import { type About, resolve } from './resolve'

const route = (id: string, more: Partial<RouteRow> = {}): RouteRow => ({
  id,
  channelId: 'chn_1',
  threadId: '',
  endpointId: `iep_${id}`,
  eventKind: 'message',
  preference: 'all',
  enabled: true,
  createdBy: 'usr_1',
  createdAt: 0,
  updatedAt: 0,
  ...more,
})
const about = (...kinds: About['kinds'][number][]): About => ({ kinds, threadId: null })
const open = (): boolean => true
const scores = (routes: RouteRow[], what: About): string[] =>
  resolve(routes, what, open).items.map(({ route, score }) => `${route.id} ${score}`)
const reasons = (routes: RouteRow[], what: About): string[] =>
  resolve(routes, what, (id) => id !== 'iep_off').dropped.map(({ route, reason }) => `${route.id} ${reason}`)

test('the thread counts 4, the very kind 2 and all kinds 1, the highest first', () => {
  const routes = [
    route('a', { eventKind: 'all' }),
    route('b'),
    route('c', { threadId: 'msg_1', eventKind: 'all' }),
    route('d', { threadId: 'msg_1' }),
  ]
  expect(scores(routes, { kinds: ['message'], threadId: 'msg_1' })).toEqual(['d 6', 'c 5', 'b 2', 'a 1'])
  expect(scores(routes, about('message'))).toEqual(['b 2', 'a 1'])
})

test('of equal ones the one that was changed last comes first, then the lower id', () => {
  const routes = [route('c', { updatedAt: 1 }), route('b', { updatedAt: 2 }), route('a', { updatedAt: 1 })]
  expect(scores(routes, about('message'))).toEqual(['b 2', 'a 2', 'c 2'])
})

test('an endpoint gets something once, along its best route', () => {
  const routes = [
    route('a', { endpointId: 'iep_x', eventKind: 'all' }),
    route('b', { endpointId: 'iep_x', threadId: 'msg_1' }),
    route('c', { endpointId: 'iep_x' }),
  ]
  expect(scores(routes, { kinds: ['message'], threadId: 'msg_1' })).toEqual(['b 6'])
  expect(reasons(routes, { kinds: ['message'], threadId: 'msg_1' })).toEqual(['c outscored', 'a outscored'])
})

test('what is dropped is dropped for a reason', () => {
  const routes = [
    route('a', { enabled: false }),
    route('b', { preference: 'muted' }),
    route('c', { threadId: 'msg_2' }),
    route('d', { eventKind: 'task' }),
    route('e', { preference: 'mentions', eventKind: 'all' }),
    route('off'),
  ]
  expect(reasons(routes, about('message'))).toEqual([
    'a disabled',
    'b muted',
    'c other_thread',
    'd other_kind',
    'e mentions_only',
    'off endpoint_off',
  ])
  expect(scores(routes.slice(0, 5), about('message'))).toEqual([])
})

test('a muted route stops nothing but itself', () => {
  const routes = [
    route('a', { endpointId: 'iep_x', threadId: 'msg_1', preference: 'muted' }),
    route('b', { endpointId: 'iep_x' }),
  ]
  expect(scores(routes, { kinds: ['message'], threadId: 'msg_1' })).toEqual(['b 2'])
})

test('a message that mentions somebody takes the routes of messages and of mentions', () => {
  const routes = [
    route('a'),
    route('b', { eventKind: 'mention' }),
    route('c', { eventKind: 'all', preference: 'mentions' }),
    route('d', { eventKind: 'run' }),
  ]
  expect(scores(routes, about('message', 'mention'))).toEqual(['a 2', 'b 2', 'c 1'])
  expect(scores(routes, about('message'))).toEqual(['a 2'])
})
