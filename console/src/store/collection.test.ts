import { expect, test } from 'bun:test'
import type { Draft, EventOperation } from '@shared/contract'
import { createCollection } from './collection'
import { tellEvent, tellRestart } from './feed'

const draft = (target: string, updatedAt: number, content = ''): Draft => ({
  target,
  threadId: null,
  content,
  updatedAt,
})
const tell = (operation: EventOperation, payload: Draft): void =>
  tellEvent({
    sequence: 1,
    id: 'evt',
    kind: 'draft',
    operation,
    aggregateId: payload.target,
    target: payload.target,
    actor: { kind: 'system', id: '', name: '', displayName: '' },
    createdAt: 1,
    payload,
  })
const drafts = createCollection<Draft>({
  ofEvent: (event) => (event.kind === 'draft' ? event.payload : undefined),
  idOf: ({ target }) => target,
  age: ({ updatedAt }) => updatedAt,
})

test('a collection takes in answers and events, and an answer that an event has overtaken changes nothing', () => {
  drafts.put(draft('a', 10), draft('b', 10))
  tell('updated', draft('a', 20, 'later'))
  drafts.put(draft('a', 10, 'earlier'))
  tell('created', draft('c', 30, 'new'))
  expect(Object.values(drafts.items).map(({ target, content }) => [target, content])).toEqual([
    ['a', 'later'],
    ['b', ''],
    ['c', 'new'],
  ])
  tell('deleted', draft('b', 40))
  expect(Object.keys(drafts.items)).toEqual(['a', 'c'])
})

test('when the state begins anew everything is forgotten, and who shows it asks again', () => {
  drafts.put(draft('a', 50))
  const era = drafts.era()
  tellRestart()
  expect([Object.keys(drafts.items), drafts.era()]).toEqual([[], era + 1])
})
