import { expect, test } from 'bun:test'
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Confinement, UNCONFINED } from '@shared/contract/agents'
import { findSandbox } from '../../daemon/confine/support'
import {
  ADMIN,
  type DaemonUnderTest,
  type Place,
  type ServerUnderTest,
  commandOf,
  eventually,
  inPlace,
  startDaemon,
  startServer,
} from './harness'

const support = await findSandbox(process.env)
const canSandbox = 'path' in support
if (!canSandbox) console.log(`no sandbox can be made here, so its test is left out: ${support.problem}`)

interface Ended {
  code: number
  stdout: string
  stderr: string
}

/** `nekode-daemon` as somebody on the computer runs it. */
async function run(home: string, argv: string[], { env = {}, stdin = '' } = {}): Promise<Ended> {
  const child = Bun.spawn([...commandOf('nekode-daemon'), ...argv], {
    env: { PATH: process.env.PATH ?? '', HOME: home, NEKODE_HOME: home, ...env },
    stdin: Buffer.from(stdin),
    stdout: 'pipe',
    stderr: 'pipe',
  })
  const [stdout, stderr] = await Promise.all([new Response(child.stdout).text(), new Response(child.stderr).text()])
  return { code: await child.exited, stdout, stderr }
}

/** An agent whose every turn is a shell script; what each line of it printed is kept, with its exit code. */
async function makeScript(
  place: Place,
  server: ServerUnderTest,
  { computerId }: DaemonUnderTest,
  name: string,
  steps: Record<string, string>,
  confinement?: Confinement,
) {
  // Its workspace: what an agent writes to in a sandbox, too.
  const folder = join(place.dir, `${name}-did`)
  mkdirSync(folder)
  const lines = Object.entries(steps).map(
    ([step, line]) => `(${line}) >'${folder}/${step}.out' 2>'${folder}/${step}.err'; echo $? >'${folder}/${step}.code'`,
  )
  const script = join(folder, 'turn.sh')
  writeFileSync(script, `cat >/dev/null\n${lines.join('\n')}\necho "${name} is through"\n`)
  const { call } = await server.admin()
  const agent = await call('POST /api/agents', {
    body: {
      name,
      computerId,
      runtimeKind: 'custom',
      command: ['/bin/sh', script],
      workspace: folder,
      ...(confinement ? { confinement } : {}),
      approvals: { default: 'allow', rules: {} },
      channels: ['general'],
    },
  })
  const read = (step: string, end: string) => readFileSync(join(folder, `${step}.${end}`), 'utf8')
  return {
    agent,
    did: (step: string): Ended => ({
      code: Number(read(step, 'code')),
      stdout: read(step, 'out'),
      stderr: read(step, 'err'),
    }),
    json: (step: string) => {
      expect([step, read(step, 'err'), read(step, 'code')]).toEqual([step, '', '0\n'])
      return JSON.parse(read(step, 'out'))
    },
    folder,
  }
}

const messages = async (server: ServerUnderTest) =>
  (await (await server.admin()).call('GET /api/messages', { query: { target: '#general', limit: 50 } })).items

/** Waits until every agent that a message concerns is through with it. */
async function over(server: ServerUnderTest, id: string): Promise<void> {
  const { call } = await server.admin()
  const states = await eventually(
    async () => {
      const { deliveries } = await call('GET /api/messages/{id}', { params: { id } })
      const all = deliveries.map(({ state }) => state)
      return all.length > 0 && !all.some((state) => state === 'pending' || state === 'claimed') && all
    },
    { what: 'the agents are through', seconds: 60 },
  )
  expect(states).toEqual(['answered'])
}

test(
  'an agent speaks, reads its inbox, makes a task and remembers by itself, in its own name and in no other',
  () =>
    inPlace(async (place) => {
      const server = await startServer(place)
      const daemon = await startDaemon(place, server)
      const { call } = await server.admin()
      const other = await makeScript(place, server, daemon, 'reviewer', {})
      const coder = await makeScript(place, server, daemon, 'coder', {
        who: 'nekode-daemon whoami --json',
        send: 'nekode-daemon send --room general --mention admin --json "from my own hands"',
        again:
          'echo twice | nekode-daemon send general - --request-id one && echo twice | nekode-daemon send general - --request-id one',
        inbox: 'nekode-daemon inbox --json',
        task: 'nekode-daemon tasks create general "fix the login page" --json',
        note: 'nekode-daemon memory set notes/release.md "Tag first." --json',
        notes: 'nekode-daemon memory list --json',
        read: 'nekode-daemon messages list --room general --q hands --json',
        rooms: 'nekode-daemon rooms members --room general --json',
        topic: 'nekode-daemon topics create --room general Investigation --json',
        as: 'nekode-daemon send --as reviewer general "not me" --json',
        wrong: 'NEKODE_LOCAL_TOKEN=nkm_wrong nekode-daemon whoami --json',
        invite: 'nekode-daemon rooms invite general reviewer --json',
        path: 'command -v nekode-daemon',
        env: 'env',
      })
      const { message } = await call('POST /api/messages', { body: { target: '#general', content: '@coder go' } })
      await over(server, message.id)

      expect(coder.json('who').agent).toEqual({ id: coder.agent.id, name: 'coder' })
      expect(coder.json('send').message).toMatchObject({
        target: '#general',
        content: '@admin from my own hands',
        sender: { kind: 'agent', id: coder.agent.id },
      })
      const [first, second] = coder.did('again').stdout.trim().split('\n')
      expect(first).toMatch(/^msg_/)
      expect(second).toBe(first)
      expect(coder.json('inbox').items).toMatchObject([{ message: { content: '@coder go' } }])
      const task = await call('GET /api/tasks/{id}', { params: { id: coder.json('task').id } })
      expect(task).toMatchObject({ summary: 'fix the login page', createdBy: { kind: 'agent', name: 'coder' } })
      expect(coder.json('note')).toMatchObject({ path: 'notes/release.md', agentId: coder.agent.id })
      expect(coder.json('notes').items.map((note: { path: string }) => note.path)).toContain('notes/release.md')
      expect(coder.json('read').items).toHaveLength(1)
      expect(coder.json('rooms').items.map((member: { name: string }) => member.name)).toContain('coder')
      expect(coder.json('topic')).toMatchObject({ title: 'Investigation' })

      expect(coder.did('as').code).toBe(4)
      expect(JSON.parse(coder.did('as').stderr)).toMatchObject({ code: 'not_yours' })
      expect(coder.did('wrong').code).toBe(3)
      expect(JSON.parse(coder.did('wrong').stderr)).toMatchObject({ code: 'key_unknown' })
      expect(coder.did('invite').code).toBe(4)
      expect(coder.did('path').stdout.trim()).toBe(join(daemon.home, 'daemon/bin/nekode-daemon'))
      // What is good at the server is not in the agent's reach.
      for (const step of readdirSync(coder.folder).filter((file) => /\.(out|err)$/.test(file)))
        expect(readFileSync(join(coder.folder, step), 'utf8')).not.toMatch(/n[ad]t_/)
      const said = (await messages(server)).filter(({ sender }) => sender.id === other.agent.id)
      expect(said).toEqual([])

      // Stopped for good, its key is worth nothing.
      const key = /^NEKODE_LOCAL_TOKEN=(.*)$/m.exec(coder.did('env').stdout)?.[1] ?? ''
      const url = /^NEKODE_LOCAL_URL=(.*)$/m.exec(coder.did('env').stdout)?.[1] ?? ''
      const env = { NEKODE_LOCAL_TOKEN: key, NEKODE_LOCAL_URL: url }
      expect((await run(daemon.home, ['whoami'], { env })).code).toBe(0)
      await call('DELETE /api/agents/{id}', { params: { id: coder.agent.id } })
      await eventually(async () => (await run(daemon.home, ['whoami'], { env })).code === 3, {
        what: 'the key of an agent that is gone is refused',
      })
    }),
  120_000,
)

test(
  'the owner of a computer speaks as one of its agents, a person as who is logged in, and nobody as nobody',
  () =>
    inPlace(async (place) => {
      const server = await startServer(place)
      const daemon = await startDaemon(place, server)
      await makeScript(place, server, daemon, 'coder', {})
      const nekode = (argv: string[], more = {}) => run(daemon.home, argv, more)

      await eventually(async () => (await nekode(['send', '--as', 'coder', 'general', 'for the agent'])).code === 0, {
        what: 'the daemon knows its agent',
      })
      expect((await messages(server)).find(({ content }) => content === 'for the agent')?.sender).toMatchObject({
        kind: 'agent',
        name: 'coder',
      })
      expect(await nekode(['send', '--from', 'stranger', 'general', 'x'])).toMatchObject({
        code: 4,
        stderr: expect.stringContaining('There is no agent “stranger” on this computer.'),
      })

      const nobody = await nekode(['messages', 'general'])
      expect(nobody).toMatchObject({ code: 3, stdout: '' })
      expect(nobody.stderr).toContain('--as NAME')
      expect(nobody.stderr).toContain(`nekode-daemon login --server ${server.url}`)
      const login = ['login', '--server', server.url, '--username', ADMIN.username, '--password-stdin']
      expect((await nekode(login, { stdin: `${ADMIN.password}\n` })).code).toBe(0)
      expect(
        (await nekode(['send', '--room', 'general', '--from', 'admin', '--mention', 'coder', 'as myself'])).code,
      ).toBe(0)
      const sent = (await messages(server)).find(({ content }) => content === '@coder as myself')
      await over(server, sent?.id ?? '')
      expect(sent?.sender).toMatchObject({ kind: 'human', name: 'admin' })
      expect((await nekode(['rooms', 'invite', '--room', 'general', '--agent', 'coder', '--mode', 'all'])).code).toBe(0)
      const shown = await nekode(['messages', 'show', sent?.id ?? '', '--json'])
      expect(JSON.parse(shown.stdout).message.content).toBe('@coder as myself')

      const health = await nekode(['health', '--json'])
      expect(health.code).toBe(0)
      expect(JSON.parse(health.stdout)).toMatchObject({ daemon: { ok: true }, server: { ok: true, url: server.url } })
      await server.stop()
      expect((await nekode(['send', '--as', 'coder', 'general', 'x'])).code).toBe(5)
      expect((await nekode(['messages', 'general'])).code).toBe(5)
      expect(JSON.parse((await nekode(['health', '--json'])).stdout)).toMatchObject({
        daemon: { ok: true },
        server: { ok: false },
      })
      await daemon.stop()
      const away = await nekode(['send', '--as', 'coder', 'general', 'x'])
      expect([away.code, away.stderr]).toEqual([5, expect.stringContaining('nekode-daemon start')])
      expect((await nekode(['health'])).code).toBe(5)
    }),
  120_000,
)

if (canSandbox)
  test(
    'in a sandbox an agent speaks for itself too, and what would let it speak as others is not there',
    () =>
      inPlace(async (place) => {
        const server = await startServer(place)
        const daemon = await startDaemon(place, server)
        const { call } = await server.admin()
        const coder = await makeScript(
          place,
          server,
          daemon,
          'coder',
          {
            who: 'nekode-daemon whoami --json',
            login: `bash -lc 'nekode-daemon send general "from a login shell" --json'`,
            token: `cat '${join(daemon.home, 'daemon/.token')}'`,
            as: `unset NEKODE_LOCAL_TOKEN; NEKODE_HOME='${daemon.home}' nekode-daemon whoami --as coder --json`,
          },
          // The program is its source where none is built.
          { ...UNCONFINED, sandbox: true, readable: [join(import.meta.dir, '../..')] },
        )
        const { message } = await call('POST /api/messages', { body: { target: '#general', content: '@coder go' } })
        await over(server, message.id)
        expect(coder.json('who').agent).toEqual({ id: coder.agent.id, name: 'coder' })
        expect(coder.json('login').message.sender).toMatchObject({ kind: 'agent', name: 'coder' })
        expect(coder.did('token').code).not.toBe(0)
        expect(coder.did('as').code).toBe(5)
        expect(JSON.parse(coder.did('as').stderr)).toMatchObject({ code: 'daemon_not_running' })
      }),
    120_000,
  )
