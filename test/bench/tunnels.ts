import { startDaemon } from '../e2e/harness'
import { Visitor } from '../e2e/preview'
import type { Place } from '../e2e/program'
import { type Bench, figure, median } from './figure'
import { nekode } from './subjects'
import { quantile } from './stats'

const STREAMS = 10
const STREAM_BYTES = 256 << 20
const ROUNDS = 3
const ASKS = 300

/** Serves what is fetched through the tunnel, in a process of its own, so that it takes no time from who measures. */
const SOURCE = `
const chunk = new Uint8Array(65536)
const server = Bun.serve({ hostname: '127.0.0.1', port: 0, idleTimeout: 0, fetch(request) {
  const { pathname } = new URL(request.url)
  if (pathname === '/small') return new Response('small')
  let left = pathname === '/endless' ? Infinity : ${STREAM_BYTES}
  return new Response(new ReadableStream({ pull(c) {
    if (left <= 0) return c.close()
    left -= chunk.length
    c.enqueue(chunk)
  } }, { highWaterMark: 0 }))
} })
console.log('port ' + server.port)
`

/** Bytes of as many answers at once as there are streams, and how long all of them took. */
async function fetchAll(port: number, host: string, cookie: string): Promise<number> {
  const start = performance.now()
  const sizes = await Promise.all(
    Array.from({ length: STREAMS }, async () => {
      const response = await fetch(`http://127.0.0.1:${port}/`, { headers: { host, cookie } })
      let size = 0
      for await (const chunk of response.body ?? []) size += chunk.length
      return size
    }),
  )
  const total = sizes.reduce((sum, size) => sum + size, 0)
  if (total !== STREAMS * STREAM_BYTES) throw new Error(`${total} bytes arrived`)
  return total / 1000 / (performance.now() - start)
}

async function ask(visitor: Visitor): Promise<number[]> {
  const times: number[] = []
  for (let i = 0; i < ASKS; i++) {
    const start = performance.now()
    if ((await visitor.get('/small')).text !== 'small') throw new Error('another answer came')
    times.push(performance.now() - start)
    // Below the rate that a preview allows.
    await Bun.sleep(10)
  }
  return times
}

async function source(place: Place): Promise<number> {
  const program = place.start([process.execPath, '-e', SOURCE], { name: 'application' })
  const [, port = ''] = await program.line(/port (\d+)/)
  return Number(port)
}

/** A preview of an application on the same computer: how much goes through, and whether one request waits for another. */
export const tunnel: Bench = {
  name: 'tunnel',
  async run(place) {
    const { server } = await nekode(place)
    const admin = await server.admin()
    const daemon = await startDaemon(place, server)
    const localPort = await source(place)
    const opened = await admin.call('POST /api/tunnels', { body: { computerId: daemon.computerId, localPort } })
    const visitor = await Visitor.enter(admin, opened, server.port)
    await visitor.get('/small')
    const rates: number[] = []
    const bare: number[] = []
    for (let i = 0; i < ROUNDS; i++) {
      rates.push(await fetchAll(server.port, visitor.host, visitor.cookie))
      bare.push(await fetchAll(localPort, 'localhost', ''))
    }
    const alone = await ask(visitor)
    // Answers that nobody reads on: their windows are full and stay so.
    const stuck = await Promise.all(Array.from({ length: STREAMS }, () => visitor.open('/endless')))
    for (const response of stuck) response.pause()
    const beside = await ask(visitor)
    for (const response of stuck) response.destroy()
    const how = `${STREAMS} answers of ${STREAM_BYTES >> 20} MB at once through server and daemon on one machine, a WebSocket in clear text between them, median of ${ROUNDS}; beside it the same from the application itself`
    const small = `a small answer through the same tunnel, ${ASKS} times one after the other`
    return [
      figure({
        what: 'tunnel, ten streams',
        ours: median(rates),
        bare: median(bare),
        unit: 'MB/s',
        atLeast: 100,
        how,
      }),
      figure({ what: 'tunnel, small answer, p95', ours: quantile(alone, 0.95), unit: 'ms', how: small }),
      figure({
        what: 'tunnel, small answer beside ten stalled, p95',
        ours: quantile(beside, 0.95),
        unit: 'ms',
        atMost: 20,
        how: `${small}, while ${STREAMS} others are held up by readers that do not read: at most 20 ms`,
      }),
    ]
  },
}
