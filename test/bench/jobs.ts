import { z } from 'zod'
import { pathsOf } from '../../daemon/config/paths'
import { LocalClient } from '../../daemon/local/client'
import { socketAddress } from '../../daemon/local/place'
import { DaemonAlone } from '../e2e/alone'
import type { Place } from '../e2e/program'
import { type Bench, figure } from './figure'
import { quantile } from './stats'

const RUNS = 300
const WARM = 20
const MOMENTS = 20
const QUEUED = 1000
/** Prints when it began, in nanoseconds. */
const STAMP = ['date', '+%s%N']

const nowMs = (): number => performance.timeOrigin + performance.now()

/** Unix milliseconds of what `STAMP` printed. */
const stampMs = (text: string): number => z.coerce.number().parse(text.trim()) / 1e6

/** Milliseconds from before a request to the beginning of the command that it asks for. */
async function asked(client: LocalClient): Promise<number[]> {
  const times: number[] = []
  for (let i = 0; i < WARM + RUNS; i++) {
    const start = nowMs()
    const { id } = await client.call('JobSubmit', { command: STAMP })
    const { pieces } = await finished(client, id)
    if (i >= WARM) times.push(stampMs(pieces.map(({ text }) => text).join('')) - start)
  }
  return times
}

async function finished(client: LocalClient, id: string) {
  for (;;) {
    const answer = await client.call('JobOutput', { id, wait_ms: 5000 })
    if (answer.over || answer.pieces.length > 0) return answer
  }
}

/** Milliseconds from a moment of a schedule to the beginning of the command. */
async function scheduled(client: LocalClient): Promise<number[]> {
  const { id } = await client.call('JobSubmit', { command: STAMP, schedule: 'every 1s' })
  await Bun.sleep((MOMENTS + 1) * 1000)
  await client.call('JobPause', { id })
  const { runs } = await client.call('JobRuns', { id, state: 'completed' })
  const times: number[] = []
  for (const { id: run, due_at: due } of runs) {
    const { pieces } = await client.call('JobOutput', { id: run })
    times.push(stampMs(pieces.map(({ text }) => text).join('')) - z.number().parse(due))
  }
  return times
}

/** Jobs a second, from the first request to the end of the last command. */
async function throughput(client: LocalClient): Promise<number> {
  const start = performance.now()
  for (let i = 0; i < QUEUED; i++) await client.call('JobSubmit', { command: ['true'] })
  for (const state of ['pending', 'running'] as const)
    while ((await client.call('JobRuns', { state, limit: 1 })).runs.length > 0) await Bun.sleep(5)
  return (QUEUED / (performance.now() - start)) * 1000
}

async function bareStarts(place: Place): Promise<number[]> {
  const times: number[] = []
  for (let i = 0; i < WARM + RUNS; i++) {
    const start = nowMs()
    const child = Bun.spawn(STAMP, { cwd: place.dir, stdout: 'pipe' })
    const text = await new Response(child.stdout).text()
    if (i >= WARM) times.push(stampMs(text) - start)
  }
  return times
}

export const jobs: Bench = {
  name: 'jobs',
  async run(place) {
    const daemon = new DaemonAlone(place, { config: { logLevel: 'info' } })
    await daemon.start()
    const client = await LocalClient.open({ address: socketAddress(pathsOf(daemon.home)), patienceMs: 30_000 })
    const byHand = await asked(client)
    const bySchedule = await scheduled(client)
    const rate = await throughput(client)
    client.close()
    await daemon.stop()
    const bare = await bareStarts(place)
    const how = `from the request at the socket to the first instruction of the command, ${RUNS} jobs one after the other; each is on the disk (fsync) before it is started`
    return [
      figure({
        what: 'job pick-up, p50',
        ours: quantile(byHand, 0.5),
        bare: quantile(bare, 0.5),
        unit: 'ms',
        atMost: 10,
        how: `${how}; beside it the start of the same command alone`,
      }),
      figure({ what: 'job pick-up, p99', ours: quantile(byHand, 0.99), bare: quantile(bare, 0.99), unit: 'ms', how }),
      figure({
        what: 'job pick-up by schedule, p50',
        ours: quantile(bySchedule, 0.5),
        unit: 'ms',
        atMost: 10,
        how: `from the moment that is due to the first instruction of the command, ${MOMENTS} moments a second apart`,
      }),
      figure({
        what: 'jobs a second',
        ours: rate,
        unit: 'jobs/s',
        how: `${QUEUED} commands that do nothing, from the first request until all are over`,
      }),
    ]
  },
}
