import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { enroll, type ServerUnderTest, startServer } from '../e2e/harness'
import type { Place } from '../e2e/program'
import { CrowdResult, type CrowdOptions } from './crowd-clients'
import { type Bench, figure } from './figure'
import { residentBytes } from './footprint'
import type { z } from 'zod'

const COMPUTERS = 200
const PEOPLE = 20
const SUBSCRIBERS = 2000
const SECONDS = 60
/** Of what the coming of all of them left to do: nothing of it belongs to the figures. */
const SETTLE_SECONDS = 5
const MB = 1_000_000
/** Of `/proc/…/stat`, on every Linux. */
const TICKS_A_SECOND = 100
const PASSWORD = 'correct horse battery'

/** Processor time that a process has used, in seconds. */
function processorSeconds(pid: number): number {
  // Behind the name, which may hold anything: user and system time are the 12th and 13th field.
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').at(-1)?.split(' ') ?? []
  return (Number(fields[11]) + Number(fields[12])) / TICKS_A_SECOND
}

async function admit(server: ServerUnderTest): Promise<z.infer<typeof CrowdOptions>> {
  const admin = await server.admin()
  const computers: z.infer<typeof CrowdOptions>['computers'] = []
  for (let i = 0; i < COMPUTERS; i++) {
    const { id, code } = await enroll(server, `computer-${i}`)
    const body = { code: decodeURIComponent(code), hostname: `computer-${i}` }
    const { computerId, token } = await server
      .guest()
      .call('POST /api/daemon/enrollments/{id}/redeem', { params: { id }, body })
    computers.push({ computerId, token })
  }
  const people: string[] = []
  for (let i = 0; i < PEOPLE; i++) {
    const username = `person-${i}`
    await admin.call('POST /api/users', { body: { username, password: PASSWORD } })
    people.push((await server.login(username, PASSWORD)).token)
  }
  return { port: server.port, computers, people, subscribersEach: SUBSCRIBERS / PEOPLE }
}

interface Cost {
  cores: number
  bytes: number
}

async function watch(pid: number): Promise<Cost> {
  const before = processorSeconds(pid)
  const start = performance.now()
  let bytes = 0
  while (performance.now() - start < SECONDS * 1000) {
    bytes = Math.max(bytes, residentBytes(pid))
    await Bun.sleep(500)
  }
  return { cores: ((processorSeconds(pid) - before) * 1000) / (performance.now() - start), bytes }
}

async function measure(place: Place): Promise<Cost & { crowd: z.infer<typeof CrowdResult> }> {
  const server = await startServer(place)
  const options = await admit(server)
  const clients = Bun.spawn([process.execPath, join(import.meta.dir, 'crowd-clients.ts')], {
    stdin: 'pipe',
    stdout: 'pipe',
    stderr: 'inherit',
  })
  clients.stdin.write(`${JSON.stringify(options)}\n`)
  await clients.stdin.flush()
  let text = ''
  let cost: Cost | undefined
  const decoder = new TextDecoder()
  for await (const chunk of clients.stdout) {
    text += decoder.decode(chunk, { stream: true })
    if (cost || !text.includes('there\n')) continue
    await Bun.sleep(SETTLE_SECONDS * 1000)
    cost = await watch(server.program.pid)
    clients.stdin.write('that is all\n')
    await clients.stdin.flush()
  }
  if ((await clients.exited) !== 0 || !cost) throw new Error('the clients failed')
  const crowd = CrowdResult.parse(JSON.parse(text.trim().split('\n').at(-1) ?? ''))
  await server.stop()
  return { ...cost, crowd }
}

/** Many who are there and do nothing. */
export const crowd: Bench = {
  name: 'crowd',
  async run(place) {
    const { cores, bytes, crowd: seen } = await measure(place)
    if (seen.online !== COMPUTERS || seen.alive !== SUBSCRIBERS)
      throw new Error(`${seen.online} computers and ${seen.alive} of ${seen.open} subscribers were there until the end`)
    const how = `${COMPUTERS} computers, each with a session of the daemon’s own code (control stream over HTTP/2, a heartbeat and a question for runs every 30 s), and ${SUBSCRIBERS} SSE subscribers of ${PEOPLE} people, for ${SECONDS} s; nobody writes; the load in a second process`
    return [
      figure({
        what: '200 computers and 2,000 subscribers, processor',
        ours: cores,
        unit: 'cores',
        atMost: 1,
        how: `user and system time of the server; ${how}`,
      }),
      figure({
        what: '200 computers and 2,000 subscribers, memory',
        ours: bytes / MB,
        unit: 'MB',
        atMost: 250,
        how: `largest VmRSS of the server; ${how}`,
      }),
    ]
  },
}
