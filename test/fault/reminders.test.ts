import { expect, test } from 'bun:test'
import { type Place, eventually, inPlace, startServer } from '../e2e/harness'
import { type Storage, storages } from '../storages'
import { times } from './counts'

const REMINDERS = 150
const KILLS = times(12)

for (const storage of storages)
  test.skipIf(!storage.available)(
    `on ${storage.name}, ${REMINDERS} reminders that are due while the server is killed ${KILLS} times fire exactly once each`,
    () => inPlace((place) => killWhileTheyFire(place, storage)),
    300_000,
  )

async function killWhileTheyFire(place: Place, storage: Storage): Promise<void> {
  const scratch = await storage.scratch()
  const server = await startServer(place, { env: { NEKODE_DB_DSN: scratch.dsn, NEKODE_DURABILITY: 'normal' } })
  const admin = await server.admin()
  const call = (i: number) =>
    admin.call('POST /api/reminders', {
      // Over some seconds, so that each life of the server has some to let fire.
      body: { target: '#general', title: `Reminder ${i}`, delaySeconds: 1 + Math.floor((i * 8) / REMINDERS) },
    })
  for (let i = 0; i < REMINDERS; i++) await call(i)
  for (let round = 0; round < KILLS; round++) {
    await Bun.sleep(300 + Math.random() * 700)
    await server.killHard()
    await server.start()
  }
  const all = await eventually(
    async () => {
      const { items } = await admin.call('GET /api/reminders', { query: { target: '#general', limit: 200 } })
      return items.every((r) => r.status !== 'active') && items
    },
    { what: 'all reminders to have fired', seconds: 60 },
  )
  expect(all.map((r) => [r.title, r.status, r.runCount])).toEqual(all.map((r) => [r.title, 'done', 1]))
  expect(all).toHaveLength(REMINDERS)
  const { items } = await admin.call('GET /api/messages', { query: { target: '#general', limit: 200 } })
  const said = items.flatMap((m) => /\*\*(Reminder \d+)\*\*/.exec(m.content)?.[1] ?? [])
  expect(said.toSorted()).toEqual(all.map((r) => r.title).toSorted())
  await server.stop()
  await scratch.drop()
}
