import { join } from 'node:path'
import type { z } from 'zod'
import { FanoutResult, ReconnectResult } from './clients'
import { type Bench, figure } from './figure'
import { type LoadResult, LoadResult as LoadSchema } from './load'
import { both, type Subject } from './subjects'

/** Runs a script of this folder as a process of its own and reads the last line that it prints. */
async function measure<T extends z.ZodType>(schema: T, script: string, ...args: string[]): Promise<z.output<T>> {
  const child = Bun.spawn([process.execPath, join(import.meta.dir, script), ...args], {
    stdin: 'ignore',
    stdout: 'pipe',
    stderr: 'inherit',
  })
  const text = await new Response(child.stdout).text()
  if ((await child.exited) !== 0) throw new Error(`${script} failed`)
  return schema.parse(JSON.parse(text.trim().split('\n').at(-1) ?? ''))
}

const address = ({ port, token }: Subject): { port: number; token: string } => ({ port, token })

export const accept: Bench = {
  name: 'accept',
  async run(place) {
    const connections = 64
    const seconds = 10
    const run = (subject: Subject): Promise<LoadResult> =>
      measure(LoadSchema, 'load.ts', JSON.stringify({ ...address(subject), connections, seconds, warmSeconds: 3 }))
    const { ours, theirs } = await both(place, run)
    if (ours.refused || theirs.refused) throw new Error(`${ours.refused + theirs.refused} messages were refused`)
    const how = `POST /api/messages over ${connections} keep-alive connections for ${seconds} s, SQLite, durability full, load from a second process on the same machine`
    return [
      figure({
        what: 'messages accepted',
        ours: ours.accepted / ours.seconds,
        bare: theirs.accepted / theirs.seconds,
        unit: '/s',
        atLeast: 3000,
        how,
      }),
      figure({ what: 'time to accept under that load, p50', ours: ours.p50, bare: theirs.p50, unit: 'ms', how }),
      figure({ what: 'time to accept under that load, p99', ours: ours.p99, bare: theirs.p99, unit: 'ms', how }),
    ]
  },
}

export const fanout: Bench = {
  name: 'fanout',
  async run(place) {
    const options = { subscribers: 100, perSecond: 100, messages: 1000 }
    const { ours, theirs } = await both(place, (subject) =>
      measure(FanoutResult, 'clients.ts', 'fanout', JSON.stringify({ ...address(subject), ...options })),
    )
    for (const { expected, received } of [ours, theirs])
      if (received !== expected) throw new Error(`${received} of ${expected} messages arrived`)
    const how = `${options.messages} messages at ${options.perSecond}/s to ${options.subscribers} SSE and ${options.subscribers} WebSocket subscribers; from sending the request to reading the event, so the acceptance is in it; all ${ours.expected} arrived`
    const unit = 'ms'
    return [
      figure({ what: 'message to 100 SSE subscribers, p50', ours: ours.sseP50, bare: theirs.sseP50, unit, how }),
      figure({
        what: 'message to 100 SSE subscribers, p99',
        ours: ours.sseP99,
        bare: theirs.sseP99,
        unit,
        atMost: 25,
        how,
      }),
      figure({ what: 'message to 100 WebSocket subscribers, p50', ours: ours.wsP50, bare: theirs.wsP50, unit, how }),
      figure({
        what: 'message to 100 WebSocket subscribers, p99',
        ours: ours.wsP99,
        bare: theirs.wsP99,
        unit,
        atMost: 25,
        how,
      }),
    ]
  },
}

export const reconnect: Bench = {
  name: 'reconnect',
  async run(place) {
    const options = { subscribers: 1000, messages: 100 }
    const { ours, theirs } = await both(place, (subject) => comeBack(subject, options))
    for (const { expected, received } of [ours, theirs])
      if (received !== expected) throw new Error(`${received} of ${expected} messages arrived`)
    return [
      figure({
        what: '1,000 clients reconnect and catch up',
        ours: ours.seconds,
        bare: theirs.seconds,
        unit: 's',
        atMost: 3,
        how: `${options.subscribers} SSE clients leave, the server restarts, ${options.messages} messages come, all clients connect at once with Last-Event-ID; until the last one has the last message; ${ours.received} of ${ours.expected} arrived, none twice`,
      }),
    ]
  },
}

async function comeBack(subject: Subject, options: object): Promise<z.infer<typeof ReconnectResult>> {
  const argv = [join(import.meta.dir, 'clients.ts'), 'reconnect', JSON.stringify({ ...address(subject), ...options })]
  const child = Bun.spawn([process.execPath, ...argv], { stdin: 'pipe', stdout: 'pipe', stderr: 'inherit' })
  let text = ''
  const decoder = new TextDecoder()
  for await (const chunk of child.stdout) {
    const away = text.includes('away\n')
    text += decoder.decode(chunk, { stream: true })
    if (away || !text.includes('away\n')) continue
    await subject.restart()
    child.stdin.write('go on\n')
    await child.stdin.flush()
  }
  if ((await child.exited) !== 0) throw new Error('the clients failed')
  return ReconnectResult.parse(JSON.parse(text.trim().split('\n').at(-1) ?? ''))
}
