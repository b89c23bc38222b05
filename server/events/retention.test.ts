import { afterAll, beforeAll, expect, test } from 'bun:test'
import { createLogger } from '@shared/log'
import { createWorld, type World } from '../../test/fixtures/world'
import { Retention } from './retention'

let world: World
beforeAll(async () => {
  world = await createWorld()
})
afterAll(() => world.close())

const DAY = 24 * 60 * 60_000
const rows = () => world.core.db.raw('select sequence, kind, operation from events order by sequence')

test('streamed pieces go after an hour, the rest after thirty days, the last event never', async () => {
  const { core, talk } = world
  const retention = new Retention(core.db, core.hub, createLogger({ write: () => {} }))
  const ada = await world.user('ada', 'owner')
  const computer = await world.computer()
  await world.agent(ada, computer, 'bot')
  const { deliveries } = await talk.messages.post(ada, { target: '#general', content: '@bot hi' })
  const runId = deliveries[0]!.runId!
  await talk.runs.report(computer, {
    runId,
    state: 'running',
    leaseId: 'l',
    summary: '',
    resultMessage: '',
    result: {},
    error: '',
  })
  const step = { id: 'step_1', runId, leaseId: 'l', sequence: 1, startedAt: 1, completedAt: null }
  await talk.steps.append(computer, { ...step, status: 'running', detail: { type: 'text', offset: 0, text: 'Hel' } })
  await talk.steps.append(computer, { ...step, status: 'completed', detail: { type: 'text', offset: 3, text: 'lo' } })
  const before = await rows()
  await retention.sweep(Date.now() + DAY / 2)
  const after = await rows()
  expect(before.length - after.length).toBe(1)
  expect(after.at(-1)).toMatchObject({ kind: 'run_step', operation: 'updated' })

  const old = core.hub.cursor(3)
  expect(core.hub.parseCursor(old)).toBe(3)
  await retention.sweep(Date.now() + 31 * DAY)
  expect(await rows()).toEqual([after.at(-1)!])
  expect(() => core.hub.parseCursor(old)).toThrow('does not belong')
  expect(core.hub.parseCursor(core.hub.cursor())).toBe(core.hub.head)
})
