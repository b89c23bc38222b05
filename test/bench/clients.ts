/**
 * Subscribers and a writer in one process of their own, so that one clock times them.
 *
 *   fanout     100 SSE and 100 WebSocket subscribers, one message every 10 ms; how long each message takes to each of them
 *   reconnect  1,000 SSE subscribers that were away while messages came; how long until the last one has them all
 *
 * Run: `bun test/bench/clients.ts fanout|reconnect '{"port":…,"token":"…"}'`; prints one line of JSON.
 */
import { z } from 'zod'
import { quantile } from './stats'
import { type Subscription, subscribe } from './stream'

const Options = z.object({
  port: z.number(),
  token: z.string(),
  subscribers: z.number().default(100),
  perSecond: z.number().default(100),
  messages: z.number().default(1000),
})
type Options = z.infer<typeof Options>

export const FanoutResult = z.object({
  sseP50: z.number(),
  sseP99: z.number(),
  wsP50: z.number(),
  wsP99: z.number(),
  expected: z.number(),
  received: z.number(),
})
export const ReconnectResult = z.object({ seconds: z.number(), expected: z.number(), received: z.number() })

async function post({ port, token }: Options, content: string): Promise<void> {
  const response = await fetch(`http://127.0.0.1:${port}/api/messages`, {
    method: 'POST',
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    body: JSON.stringify({ target: '#general', content }),
  })
  await response.bytes()
  if (response.status !== 201) throw new Error(`a message was refused: ${response.status}`)
}

/** Messages carry the time at which they were sent; text may end within a mark, so the rest is kept. */
function marks(onMark: (sentAt: number, now: number) => void): (text: string) => void {
  let rest = ''
  return (text) => {
    const now = performance.now()
    const whole = rest + text
    let end = 0
    for (const match of whole.matchAll(/~(\d+\.\d+)~/g)) {
      end = match.index + match[0].length
      onMark(Number(match[1]), now)
    }
    rest = whole.slice(Math.max(end, whole.length - 40))
  }
}

async function fanout(options: Options): Promise<z.infer<typeof FanoutResult>> {
  const { port, token, subscribers, perSecond, messages } = options
  const sse: number[] = []
  const ws: number[] = []
  let measuring = false
  const into = (times: number[]) =>
    marks((sentAt, now) => {
      if (measuring) times.push(now - sentAt)
    })
  const streams = Array.from({ length: subscribers }, () => subscribe({ port, token, onText: into(sse) }))
  const sockets = Array.from({ length: subscribers }, () =>
    subscribe({ port, token, webSocket: true, onText: into(ws) }),
  )
  await Promise.all([...streams, ...sockets].map((stream) => stream.opened))

  const send = async (count: number): Promise<void> => {
    const start = performance.now()
    const pending: Promise<void>[] = []
    for (let i = 0; i < count; i++) {
      const due = start + (i * 1000) / perSecond
      if (due > performance.now()) await Bun.sleep(due - performance.now())
      pending.push(post(options, `~${performance.now().toFixed(3)}~`))
    }
    await Promise.all(pending)
  }
  await send(perSecond)
  await Bun.sleep(300)
  measuring = true
  await send(messages)
  const expected = messages * subscribers * 2
  for (let i = 0; i < 100 && sse.length + ws.length < expected; i++) await Bun.sleep(50)
  for (const stream of [...streams, ...sockets]) stream.close()
  return {
    sseP50: quantile(sse, 0.5),
    sseP99: quantile(sse, 0.99),
    wsP50: quantile(ws, 0.5),
    wsP99: quantile(ws, 0.99),
    expected,
    received: sse.length + ws.length,
  }
}

/** Prints `away` when all are gone and waits for a line on standard input: the server may be restarted in between. */
async function reconnect(options: Options): Promise<z.infer<typeof ReconnectResult>> {
  const { port, token, subscribers, messages } = options
  const lastIds: string[] = Array.from({ length: subscribers }, () => '')
  const idOf = (i: number) => (text: string) => {
    for (const match of text.matchAll(/^id: (\S+)$/gm)) lastIds[i] = match[1] ?? ''
  }
  const before = lastIds.map((_, i) => subscribe({ port, token, onText: idOf(i) }))
  await Promise.all(before.map((stream) => stream.opened))
  await post(options, 'before')
  while (lastIds.some((id) => id === '')) await Bun.sleep(10)
  for (const stream of before) stream.close()
  console.log('away')
  for await (const _ of console) break

  for (let i = 0; i < messages; i += 50)
    await Promise.all(Array.from({ length: Math.min(50, messages - i) }, (_, k) => post(options, `~${i + k}.0~`)))
  const seen = lastIds.map(() => new Set<number>())
  const done = Promise.withResolvers<void>()
  let complete = 0
  const start = performance.now()
  const after: Subscription[] = lastIds.map((lastEventId, i) => {
    const mine = seen[i] ?? new Set()
    const onText = marks((number) => {
      if (mine.has(number)) throw new Error(`subscriber ${i} got message ${number} twice`)
      mine.add(number)
      if (mine.size === messages && ++complete === subscribers) done.resolve()
    })
    return subscribe({ port, token, lastEventId, onText })
  })
  await Promise.all(after.map((stream) => stream.opened))
  await Promise.race([done.promise, Bun.sleep(30_000)])
  const seconds = (performance.now() - start) / 1000
  for (const stream of after) stream.close()
  return { seconds, expected: subscribers * messages, received: seen.reduce((sum, set) => sum + set.size, 0) }
}

if (import.meta.main) {
  const options = Options.parse(JSON.parse(process.argv[3] ?? '{}'))
  console.log(JSON.stringify(await (process.argv[2] === 'fanout' ? fanout(options) : reconnect(options))))
  process.exit(0)
}
