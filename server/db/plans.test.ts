import { afterEach, beforeEach, expect, test } from 'bun:test'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { migrate } from './migrate'
import { openDatabase } from './open'

let dir: string

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'nekode-plans-'))
})
afterEach(() => rmSync(dir, { recursive: true, force: true }))

test('tables that were small when the server stopped are not read whole when they have grown', async () => {
  const dsn = `sqlite:${join(dir, 'nekode.db')}`
  const young = await openDatabase(dsn)
  await migrate(young)
  await young.exclusive(async (raw) => {
    await raw(`insert into deliveries (id, message_id, agent_id, channel_id, target, cause, state, hops, created_at, updated_at)
      values ('dlv_1', 'msg_1', 'agent_1', 'chn_1', '#general', 'mention', 'answered', 0, 1, 1)`)
    // What SQLite looks at before it counts: whether a table was asked for.
    await raw(`select id from deliveries where message_id in ('msg_1') order by id`)
  })
  await young.close()
  const old = await openDatabase(dsn)
  try {
    const plan = await old.raw(
      `explain query plan select * from deliveries where message_id in ('a', 'b') order by id limit 1000`,
    )
    expect(plan.map((row) => String(row.detail)).filter((step) => step.startsWith('SCAN'))).toEqual([])
  } finally {
    await old.close()
  }
})
