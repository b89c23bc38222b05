import { pathsOf } from '../../daemon/config/paths'
import { readPort, readToken } from '../../daemon/local/place'
import { startStage } from '../../daemon/services/cache/testing'
import { startDaemon } from '../e2e/harness'
import type { Place } from '../e2e/program'
import { type Bench, figure } from './figure'
import { quantile } from './stats'
import { nekode } from './subjects'

const CALLS = 20_000
const WARM = 2000
const CALLERS = 32

/** Some 6 KB of conversation, and an answer of 60 pieces. */
const PARAGRAPH = 'word '.repeat(150)
const BODY = JSON.stringify({
  model: 'm',
  stream: true,
  messages: Array.from({ length: 8 }, (_, i) => ({ role: i % 2 ? 'assistant' : 'user', content: PARAGRAPH + i })),
})
const ANSWER = [
  ...Array.from({ length: 60 }, (_, i) => ({
    choices: [{ index: 0, delta: { content: 'word ' }, finish_reason: i === 59 ? 'stop' : null }],
  })).map((chunk) => `data: ${JSON.stringify(chunk)}\n\n`),
  'data: [DONE]\n\n',
].join('')

/** A server in a process of its own that gives this answer to everything. @returns its address */
async function endpoint(place: Place): Promise<string> {
  const code = `
    const answer = ${JSON.stringify(ANSWER)}
    const server = Bun.serve({ hostname: '127.0.0.1', port: 0, async fetch(request) {
      await request.text()
      return new Response(answer, { headers: { 'content-type': 'text/event-stream' } })
    } })
    console.log('port ' + server.port)`
  const program = place.start([process.execPath, '-e', code], { name: 'endpoint' })
  const [, port] = await program.line(/port (\d+)/)
  return `http://127.0.0.1:${port}`
}

type Call = () => Promise<Response>

async function whole(call: Call, wanted?: string): Promise<void> {
  const response = await call()
  if ((await response.text()) !== ANSWER) throw new Error('another answer came')
  const how = response.headers.get('x-nekode-cache')
  if (wanted !== undefined && how !== wanted) throw new Error(`it was a ${how}`)
}

/** Milliseconds of each call, one after the other, and calls in a second by many at once. */
async function measure(call: Call, wanted?: string): Promise<{ times: number[]; perSecond: number }> {
  for (let i = 0; i < WARM; i++) await whole(call, wanted)
  const times: number[] = []
  for (let i = 0; i < CALLS; i++) {
    const start = performance.now()
    await whole(call, wanted)
    times.push(performance.now() - start)
  }
  const start = performance.now()
  const caller = async () => {
    for (let i = 0; i < CALLS / CALLERS; i++) await whole(call, wanted)
  }
  await Promise.all(Array.from({ length: CALLERS }, caller))
  return { times, perSecond: CALLS / ((performance.now() - start) / 1000) }
}

/** Within the daemon, as its built-in agent calls. */
async function inside(url: string) {
  const stage = await startStage()
  const fetches = stage.service.fetchFor('agent_1', {})?.(() => undefined)
  if (!fetches) throw new Error('the cache is off')
  const call: Call = () => fetches(`${url}/v1/chat/completions`, { method: 'POST', body: BODY })
  await whole(call, 'miss')
  await stage.service.stats()
  const measured = await measure(call, 'hit')
  await stage.stop()
  return measured
}

/** By the proxy of a daemon, as programs call. */
async function proxied(place: Place, url: string) {
  const subject = await nekode(place)
  const daemon = await startDaemon(place, subject.server, {
    env: { NEKODE_MODEL_CACHE_UPSTREAMS: `bench=${url}`, NEKODE_LOCAL_PORT: '0' },
  })
  const paths = pathsOf(daemon.home)
  const address = `http://127.0.0.1:${readPort(paths)}/cache/bench/v1/chat/completions`
  const headers = { authorization: `Bearer ${readToken(paths)}` }
  const call: Call = () => fetch(address, { method: 'POST', headers, body: BODY })
  await whole(call, 'miss')
  const measured = await measure(call, 'hit')
  await daemon.stop()
  await subject.server.stop()
  return measured
}

export const cache: Bench = {
  name: 'cache',
  async run(place) {
    const url = await endpoint(place)
    const within = await inside(url)
    const proxy = await proxied(place, url)
    const bare = await measure(() => fetch(`${url}/v1/chat/completions`, { method: 'POST', body: BODY }))
    const what = `${CALLS} equal requests of ${Math.round(BODY.length / 1024)} KB with an answer of ${Math.round(ANSWER.length / 1024)} KB`
    const beside = 'beside it a server that sends the same answer without looking'
    return [
      figure({
        what: 'cache hit within the daemon, p50',
        ours: quantile(within.times, 0.5),
        unit: 'ms',
        atMost: 1,
        how: `${what}, one after the other, through the in-process API`,
      }),
      figure({
        what: 'cache hits within the daemon',
        ours: within.perSecond,
        unit: 'per second',
        atLeast: 5000,
        how: `${what}, ${CALLERS} at a time, through the in-process API`,
      }),
      figure({
        what: 'cache hit by the proxy, p50',
        ours: quantile(proxy.times, 0.5),
        bare: quantile(bare.times, 0.5),
        unit: 'ms',
        how: `${what}, one after the other over HTTP; ${beside}`,
      }),
      figure({
        what: 'overhead of a cache hit by the proxy, p50',
        ours: Math.max(0, quantile(proxy.times, 0.5) - quantile(bare.times, 0.5)),
        unit: 'ms',
        atMost: 1,
        how: 'the difference of the two',
      }),
      figure({
        what: 'cache hits by the proxy',
        ours: proxy.perSecond,
        bare: bare.perSecond,
        unit: 'per second',
        atLeast: 5000,
        how: `${what}, ${CALLERS} at a time over HTTP, the client on the same computer; ${beside}`,
      }),
    ]
  },
}
