import { readFileSync } from 'node:fs'
import { connect } from 'node:net'
import { join } from 'node:path'
import { pathsOf } from '../../daemon/config/paths'
import { LocalClient } from '../../daemon/local/client'
import { encodeFrame } from '../../daemon/local/frames'
import { readPort, readToken, socketAddress } from '../../daemon/local/place'
import { startDaemon } from '../e2e/harness'
import type { Place } from '../e2e/program'
import { type Bench, figure } from './figure'
import { quantile } from './stats'
import { nekode } from './subjects'

const CALLS = 5000
const WARM = 500
/** What a start brings with it is over. */
const SETTLE_MS = 20_000
const IDLE_MS = 30_000

const TICK_MS = 10

/** Processor time that a process has taken with all its threads, those that have ended too, in milliseconds; 10 ms is the finest. */
function processorMs(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? []
  return (Number(fields[11]) + Number(fields[12])) * TICK_MS
}

/** Share of one processor that an idle process takes, in per cent. */
export async function idlePercent(pid: number, ms = IDLE_MS): Promise<number> {
  await Bun.sleep(SETTLE_MS)
  const [before, start] = [processorMs(pid), performance.now()]
  await Bun.sleep(ms)
  return ((processorMs(pid) - before) / (performance.now() - start)) * 100
}

/** Milliseconds of each of many calls, one after the other. */
async function timed(call: () => Promise<unknown>): Promise<number[]> {
  const times: number[] = []
  for (let i = 0; i < WARM + CALLS; i++) {
    const start = performance.now()
    await call()
    if (i >= WARM) times.push(performance.now() - start)
  }
  return times
}

/** A socket that sends back what it gets, in a process of its own. */
async function bareRoundTrip(place: Place): Promise<number[]> {
  const path = join(place.dir, 'bare.sock')
  const code = `require('node:net').createServer((s) => s.pipe(s)).listen(${JSON.stringify(path)}, () => console.log('ready'))`
  const program = place.start([process.execPath, '-e', code], { name: 'bare' })
  await program.line(/ready/)
  const socket = connect(path)
  await new Promise((resolve) => socket.once('connect', resolve))
  const frame = encodeFrame({ type: 'Ping' })
  const times = await timed(
    () =>
      new Promise((resolve) => {
        socket.once('data', resolve)
        socket.write(frame)
      }),
  )
  socket.destroy()
  await program.stop()
  return times
}

export const local: Bench = {
  name: 'local',
  async run(place) {
    const subject = await nekode(place)
    const daemon = await startDaemon(place, subject.server)
    const paths = pathsOf(daemon.home)
    const idle = await idlePercent(daemon.program.pid)
    const token = readToken(paths)
    const client = await LocalClient.open({ address: socketAddress(paths), token })
    const overSocket = await timed(() => client.call('Status', {}))
    client.close()
    const url = `http://127.0.0.1:${readPort(paths)}/v1/Status`
    const headers = { authorization: `Bearer ${token}` }
    const overHttp = await timed(async () => (await fetch(url, { method: 'POST', headers })).text())
    await daemon.stop()
    await subject.server.stop()
    const bare = await bareRoundTrip(place)
    const how = `${CALLS} requests for the status, one after the other`
    return [
      figure({
        what: 'local API, round trip over the socket, p50',
        ours: quantile(overSocket, 0.5),
        bare: quantile(bare, 0.5),
        unit: 'ms',
        atMost: 1,
        how: `${how}; beside it a socket that sends back what it gets`,
      }),
      figure({
        what: 'local API, round trip over the socket, p99',
        ours: quantile(overSocket, 0.99),
        bare: quantile(bare, 0.99),
        unit: 'ms',
        how,
      }),
      figure({
        what: 'local API, round trip over HTTP, p50',
        ours: quantile(overHttp, 0.5),
        unit: 'ms',
        how,
      }),
      figure({
        what: 'processor time of an idle daemon',
        ours: idle,
        unit: '%',
        atMost: 0.2,
        how: `of one processor, over ${IDLE_MS / 1000} s, ${SETTLE_MS / 1000} s after the start; connected, no agent`,
      }),
    ]
  },
}
