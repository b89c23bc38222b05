import { afterAll, beforeAll, expect, spyOn, test } from 'bun:test'
import { newId } from '@shared/ids'
import { STREAM } from '@shared/limits'
import { type TestServer, startTestServer } from '../testing'

let server: TestServer

beforeAll(async () => {
  server = await startTestServer()
})
afterAll(() => server.stop())

test('whoever may see nothing of a long log lets the others in between its pages', async () => {
  const member = await server.as('member')
  const owner = await server.as('owner')
  const { hub, db } = server.core
  const actor = { kind: 'human' as const, id: owner.id, name: 'owner', displayName: 'Owner' }
  await db.tx(async (tx) => {
    for (let i = 0; i < STREAM.pageEvents * 3; i++)
      tx.emit({
        kind: 'draft',
        operation: 'updated',
        aggregateId: newId('chn'),
        audience: `user:${owner.id}`,
        actor,
        payload: {},
      })
  })
  const after = hub.after.bind(hub)
  let others = 0
  const seen: number[] = []
  const spy = spyOn(hub, 'after').mockImplementation((sequence) => {
    seen.push(others)
    setImmediate(() => others++)
    return after(sequence)
  })
  try {
    await member.call('GET /api/events', { query: {} })
  } finally {
    spy.mockRestore()
  }
  expect(seen.length).toBeGreaterThan(2)
  expect(seen).toEqual(seen.map((_, page) => page))
})
