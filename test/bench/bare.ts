/**
 * The same primitives without our code: one `Bun.serve`, one `bun:sqlite` connection with group commit and full durability, events
 * handed to SSE and WebSocket subscribers. What our server is slower than this is what our code costs.
 * Run: `bun test/bench/bare.ts FOLDER [PORT [PROGRAM …]]`; prints the port. Each message also goes to the program's standard input.
 */
import { Database } from 'bun:sqlite'
import { join } from 'node:path'

const [, , folder = '.', port = '0', ...program] = process.argv
const child = program.length ? Bun.spawn(program, { stdin: 'pipe', stdout: 'ignore' }) : undefined
const db = new Database(join(folder, 'bare.db'), { create: true })
db.run('PRAGMA journal_mode=WAL')
db.run('PRAGMA synchronous=FULL')
db.run('create table if not exists messages (id text primary key, content text not null, created_at integer not null)')
db.run('create table if not exists events (sequence integer primary key, payload text not null)')
const putMessage = db.prepare('insert into messages values (?, ?, ?)')
const putEvent = db.prepare('insert into events values (?, ?)')
const readEvents = db.prepare<{ sequence: number; payload: string }, [number]>(
  'select sequence, payload from events where sequence > ? order by sequence',
)

interface Job {
  content: string
  done(id: string): void
}
const queue: Job[] = []
const streams = new Set<ReadableStreamDefaultController<Uint8Array>>()
const sockets = new Set<Bun.ServerWebSocket<undefined>>()
const encoder = new TextEncoder()
let draining = false
let sequence = db.query<{ n: number | null }, []>('select max(sequence) as n from events').get()?.n ?? 0

async function drain(): Promise<void> {
  draining = true
  while (queue.length) {
    const jobs = queue.splice(0, 64)
    const ids = jobs.map(() => Bun.randomUUIDv7())
    const payloads: string[] = []
    db.run('BEGIN IMMEDIATE')
    for (const [i, { content }] of jobs.entries()) {
      putMessage.run(ids[i] ?? '', content, Date.now())
      const payload = JSON.stringify({ id: ids[i], content })
      putEvent.run(++sequence, payload)
      payloads.push(payload)
    }
    db.run('COMMIT')
    for (const payload of payloads) {
      const frame = encoder.encode(`id: ${sequence}\ndata: ${payload}\n\n`)
      for (const stream of streams) stream.enqueue(frame)
      for (const socket of sockets) socket.send(payload)
      child?.stdin.write(`${payload}\n`)
    }
    void child?.stdin.flush()
    for (const [i, job] of jobs.entries()) job.done(ids[i] ?? '')
    await new Promise<void>((resolve) => setImmediate(resolve))
  }
  draining = false
}

const post = async (request: Request): Promise<Response> => {
  const { content }: { content: string } = JSON.parse(await request.text())
  const id = await new Promise<string>((done) => {
    queue.push({ content, done })
    if (!draining) void drain()
  })
  return Response.json({ message: { id, content } }, { status: 201 })
}

function follow(request: Request): Response {
  const after = Number(request.headers.get('last-event-id')?.split(':').at(-1) ?? sequence)
  let mine: ReadableStreamDefaultController<Uint8Array> | undefined
  const body = new ReadableStream<Uint8Array>({
    start(controller) {
      mine = controller
      const missed = readEvents.all(after).map((e) => `id: ${e.sequence}\ndata: ${e.payload}\n\n`)
      controller.enqueue(encoder.encode(`: hello\n\n${missed.join('')}`))
      streams.add(controller)
    },
    cancel() {
      if (mine) streams.delete(mine)
    },
  })
  return new Response(body, { headers: { 'content-type': 'text/event-stream' } })
}

const server = Bun.serve({
  hostname: '127.0.0.1',
  port: Number(port),
  http2: true,
  development: false,
  idleTimeout: 0,
  fetch(request, server) {
    const { pathname } = new URL(request.url)
    if (request.method === 'POST') return post(request)
    if (pathname === '/api/server-events') return follow(request)
    if (pathname === '/api/ws' && server.upgrade(request, { data: undefined })) return undefined
    return Response.json({ status: 'ok' })
  },
  websocket: {
    open: (socket) => void sockets.add(socket),
    close: (socket) => void sockets.delete(socket),
    message: () => undefined,
  },
})
console.log(`port ${server.port}`)
