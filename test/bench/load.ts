/**
 * The load: keep-alive connections that post one message after the other, each the next one when the last is answered. Plain
 * sockets, because on a machine with two cores a full HTTP client would take half of what is measured.
 * Run as a process of its own: `bun test/bench/load.ts '{"port":…,"token":"…"}'`; prints one line of JSON.
 */
import { z } from 'zod'
import { quantile } from './stats'

export const LoadOptions = z.object({
  port: z.number(),
  token: z.string(),
  connections: z.number().default(64),
  /** Not measured: until code is compiled and files have their size. */
  warmSeconds: z.number().default(2),
  seconds: z.number().default(5),
  target: z.string().default('#general'),
})
export const LoadResult = z.object({
  accepted: z.number(),
  refused: z.number(),
  seconds: z.number(),
  p50: z.number(),
  p99: z.number(),
})
export type LoadResult = z.infer<typeof LoadResult>

interface Connection {
  received: string
  sentAt: number
}

const HEAD_END = '\r\n\r\n'

async function load(options: z.infer<typeof LoadOptions>): Promise<LoadResult> {
  const { port, token, connections, target } = options
  let measuring = false
  let running = true
  let accepted = 0
  let refused = 0
  let count = 0
  const times: number[] = []

  const request = (): string => {
    const content = `message ${count++}: what do you think of the plan for the second half of the week?`
    const body = JSON.stringify({ target, content })
    return `POST /api/messages HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer ${token}\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body}`
  }
  const send = (socket: Bun.Socket<Connection>): void => {
    socket.data.sentAt = performance.now()
    socket.write(request())
  }
  const take = (socket: Bun.Socket<Connection>): void => {
    const { received } = socket.data
    const end = received.indexOf(HEAD_END)
    if (end < 0) return
    const length = Number(/content-length: (\d+)/i.exec(received)?.[1] ?? 0)
    const whole = end + HEAD_END.length + length
    if (Buffer.byteLength(received) < whole) return
    socket.data.received = ''
    if (measuring) {
      times.push(performance.now() - socket.data.sentAt)
      if (received.startsWith('HTTP/1.1 201')) accepted++
      else refused++
    }
    if (running) send(socket)
  }
  const sockets = await Promise.all(
    Array.from({ length: connections }, () =>
      Bun.connect<Connection>({
        hostname: '127.0.0.1',
        port,
        data: { received: '', sentAt: 0 },
        socket: {
          data(socket, chunk) {
            socket.data.received += chunk.toString('latin1')
            take(socket)
          },
          error(_, error) {
            throw error
          },
        },
      }),
    ),
  )
  for (const socket of sockets) send(socket)
  await Bun.sleep(options.warmSeconds * 1000)
  measuring = true
  const start = performance.now()
  await Bun.sleep(options.seconds * 1000)
  measuring = false
  const seconds = (performance.now() - start) / 1000
  running = false
  for (const socket of sockets) socket.end()
  return { accepted, refused, seconds, p50: quantile(times, 0.5), p99: quantile(times, 0.99) }
}

if (import.meta.main) {
  const result = await load(LoadOptions.parse(JSON.parse(process.argv[2] ?? '{}')))
  console.log(JSON.stringify(result))
  process.exit(0)
}
