import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { eventually, startDaemon } from '../e2e/harness'
import type { Place } from '../e2e/program'
import { type Bench, figure } from './figure'
import { quantile } from './stats'
import { bare, nekode } from './subjects'

const TURNS = 200
/** Not measured: the agent's process starts with the first. */
const WARM = 20

const arrivals = (file: string): Map<number, number> =>
  new Map(
    (existsSync(file) ? readFileSync(file, 'utf8') : '')
      .trim()
      .split('\n')
      .filter((line) => line)
      .map((line): [number, number] => {
        const [number, at] = line.split(' ')
        return [Number(number), Number(at)]
      }),
  )

/** Posts one message after the other, each when the one before is dealt with. @returns milliseconds from the request to the agent */
async function measure(file: string, post: (number: number) => Promise<() => Promise<boolean>>): Promise<number[]> {
  const sent: number[] = []
  for (let i = 0; i < WARM + TURNS; i++) {
    sent.push(performance.timeOrigin + performance.now())
    const done = await post(i)
    await eventually(async () => arrivals(file).has(i) && (await done()), { what: `turn ${i} is over` })
  }
  const at = arrivals(file)
  return sent.map((start, i) => (at.get(i) ?? 0) - start).slice(WARM)
}

async function ours(place: Place): Promise<number[]> {
  const { server } = await nekode(place)
  const { call } = await server.admin()
  const daemon = await startDaemon(place, server)
  const file = join(place.dir, 'turns')
  await call('POST /api/agents', {
    body: {
      name: 'clock',
      computerId: daemon.computerId,
      runtimeKind: 'acp',
      command: [process.execPath, join(import.meta.dir, 'clock-agent.ts'), file],
      limits: { turnsPerHour: null, costPerDayUsd: null },
    },
  })
  const times = await measure(file, async (number) => {
    const { message } = await call('POST /api/messages', {
      body: { target: '#general', content: `@clock ~${number}~` },
    })
    return async () => {
      const { deliveries } = await call('GET /api/messages/{id}', { params: { id: message.id } })
      return deliveries.some(({ state }) => state === 'answered')
    }
  })
  await daemon.stop()
  await server.stop()
  return times
}

async function theirs(place: Place): Promise<number[]> {
  const file = join(place.dir, 'bare-turns')
  const { port } = await bare(place, [process.execPath, join(import.meta.dir, 'clock-child.ts'), file])
  return measure(file, async (number) => {
    const body = JSON.stringify({ target: '#general', content: `@clock ~${number}~` })
    await (await fetch(`http://127.0.0.1:${port}/api/messages`, { method: 'POST', body })).bytes()
    return async () => true
  })
}

export const turn: Bench = {
  name: 'turn',
  async run(place) {
    const [mine, plain] = [await ours(place), await theirs(place)]
    const how = `${TURNS} mentions, one after the other, of an agent that runs already; from sending the request to the moment at which the agent’s process reads its turn, over a real daemon and ACP. Without our code: one server commits the message and writes it to the standard input of its child`
    const unit = 'ms'
    return [
      figure({
        what: 'mention to the agent’s process, p50',
        ours: quantile(mine, 0.5),
        bare: quantile(plain, 0.5),
        unit,
        atMost: 50,
        how,
      }),
      figure({
        what: 'mention to the agent’s process, p99',
        ours: quantile(mine, 0.99),
        bare: quantile(plain, 0.99),
        unit,
        how,
      }),
    ]
  },
}
