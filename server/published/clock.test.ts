import { expect, test } from 'bun:test'
import { eq } from 'drizzle-orm'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Caller, type TestServer, startTestServer } from '../testing'

const post = async (who: Caller, query: string): Promise<void> => {
  const response = await who.fetch(`/api/artifacts?filename=a.txt&${query}`, { method: 'POST', body: 'a' })
  expect(response.status).toBe(201)
}
const kept = async (server: TestServer): Promise<number> =>
  (await server.core.db.q.select().from(server.core.db.t.attachments)).length

test('what is over is removed without anybody asking, also when the server was down at that time', async () => {
  const dataDir = mkdtempSync(join(tmpdir(), 'artifacts-'))
  try {
    const first = await startTestServer({ dataDir })
    const owner = await first.as('owner')
    await post(owner, 'ttl=60')
    await post(owner, 'ttl=3600')
    const { db } = first.core
    // As if a minute had gone by while the server was down.
    await db.tx(async (tx) => {
      const rows = await tx.q.select().from(db.t.attachments)
      for (const row of rows)
        await tx.q
          .update(db.t.attachments)
          .set({ expiresAt: (row.expiresAt ?? 0) - 60_000 })
          .where(eq(db.t.attachments.id, row.id))
    })
    await first.stop()
    const second = await startTestServer({ dataDir })
    while ((await kept(second)) !== 1) await Bun.sleep(10)
    await second.stop()
  } finally {
    rmSync(dataDir, { recursive: true, force: true })
  }
}, 20_000)
