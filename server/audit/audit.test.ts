import { afterAll, beforeAll, expect, test } from 'bun:test'
import { NekodeError } from '@shared/errors'
import { SYSTEM } from '../access/principal'
import { type TestServer, startTestServer } from '../testing'

let server: TestServer
beforeAll(async () => {
  server = await startTestServer()
})
afterAll(() => server.stop())

const record = (action: string) =>
  server.core.db.tx((tx) => server.core.audit.record(tx, { by: SYSTEM, action, subject: 'x', detail: { n: 1 } }))

test('acts are listed page by page, newest first, each once', async () => {
  const admin = await server.as('admin')
  const made = Array.from({ length: 7 }, (_, i) => `test.${i}`)
  for (const action of made) await record(action)
  const seen: string[] = []
  let cursor: string | undefined
  do {
    const query = cursor === undefined ? { limit: 3 } : { limit: 3, cursor }
    const page = await admin.call('GET /api/audit', { query })
    expect(page.items.length).toBeLessThanOrEqual(3)
    seen.push(...page.items.map((item) => item.action))
    cursor = page.nextCursor
  } while (cursor !== undefined)
  expect(seen.filter((action) => action.startsWith('test.'))).toEqual(made.toReversed())
})

test('an act that fails leaves no trace, neither the act nor its row', async () => {
  const { db, audit } = server.core
  const before = await audit.list({})
  const failing = db.tx(async (tx) => {
    await audit.record(tx, { by: SYSTEM, action: 'test.failed', subject: 'x' })
    throw new NekodeError('conflict', 'no')
  })
  expect(failing).rejects.toThrow('no')
  await failing.catch(() => {})
  expect(await audit.list({})).toEqual(before)
})
