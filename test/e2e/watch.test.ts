import { expect, test } from 'bun:test'
import { mkdirSync, existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { script } from '../fixtures/model/script'
import {
  commandOf,
  type DaemonUnderTest,
  eventually,
  inPlace,
  makeScriptedAgent,
  type Place,
  startDaemon,
  startServer,
} from './harness'

/** `nekode-daemon` as the owner of the computer runs it. @throws when it fails */
async function owner({ home }: DaemonUnderTest, ...words: string[]): Promise<string> {
  const child = Bun.spawn([...commandOf('nekode-daemon'), ...words], {
    cwd: home,
    env: { PATH: process.env.PATH ?? '', HOME: home, NEKODE_HOME: home },
    stdin: 'ignore',
    stdout: 'pipe',
    stderr: 'pipe',
  })
  const [out, err] = await Promise.all([new Response(child.stdout).text(), new Response(child.stderr).text()])
  if ((await child.exited) !== 0) throw new Error(err)
  return out
}

/** A server, a computer with the agents ada and bob, a folder there, and what was said in #general. */
async function stage(place: Place) {
  const server = await startServer(place)
  const admin = await server.admin()
  const daemon = await startDaemon(place, server)
  for (const name of ['ada', 'bob'])
    await makeScriptedAgent(server, { name, computerId: daemon.computerId, channels: ['general'] })
  const dir = join(daemon.home, 'project')
  mkdirSync(dir)
  const said = async (threadId?: string) => {
    const thread = threadId === undefined ? {} : { threadId }
    return (await admin.call('GET /api/messages', { query: { target: '#general', limit: 100, ...thread } })).items
  }
  return { server, daemon, dir, said }
}

test(
  'a file that changes is told to an agent in the name of another, which answers; while the server is away nothing is lost or said twice',
  () =>
    inPlace(async (place) => {
      const { server, daemon, dir, said } = await stage(place)
      const text = `@bob ${script([{ say: 'I have seen it.' }])}`
      await owner(daemon, 'watch', 'add', dir, '--name', 'notes', '--say', '#general', '--as', 'ada', '--text', text)
      writeFileSync(join(dir, 'plan.md'), 'a plan')
      const first = await eventually(async () => (await said()).find(({ content }) => content.includes('+ plan.md')), {
        what: 'the change is told',
      })
      expect(first.sender).toMatchObject({ name: 'ada' })
      await eventually(async () => (await said(first.id)).some(({ content }) => content === 'I have seen it.'), {
        what: 'the agent answers',
      })
      await server.stop()
      writeFileSync(join(dir, 'later.md'), 'later')
      await eventually(async () => (await owner(daemon, 'watch', 'show', 'notes')).includes('pending'), {
        what: 'it is tried',
      })
      await server.start()
      await daemon.online()
      const told = async () => (await said()).filter(({ content }) => content.includes('+ later.md'))
      await eventually(async () => (await told()).length > 0, { what: 'it is told', seconds: 60 })
      await eventually(async () => !(await owner(daemon, 'watch', 'show', 'notes')).includes('pending'), {
        what: 'it is done',
      })
      expect(await told()).toHaveLength(1)
      expect(await daemon.stop()).toBe(0)
    }),
  180_000,
)

test(
  'an agent that writes into the folder which wakes it does not go on for ever',
  () =>
    inPlace(async (place) => {
      const { daemon, dir, said } = await stage(place)
      const command = `date +%N > '${join(dir, 'answer.txt')}'`
      const text = `@bob ${script([{ tool: 'shell', input: { command } }, { say: 'Written.' }])}`
      await owner(
        daemon,
        'watch',
        'add',
        dir,
        '--name',
        'loop',
        '--debounce',
        '10ms',
        '--max-per-minute',
        '3',
        '--say',
        '#general',
        '--as',
        'ada',
        '--text',
        text,
      )
      writeFileSync(join(dir, 'question.txt'), '?')
      await eventually(
        async () => (await said()).some(({ content }) => content.startsWith('Watch loop: It paused itself')),
        {
          what: 'the pause is said',
          seconds: 60,
        },
      )
      const list = await owner(daemon, 'watch', 'list', '--json')
      expect(JSON.parse(list).items).toMatchObject([{ name: 'loop', state: 'paused', triggers: 3 }])
      expect(await daemon.stop()).toBe(0)
    }),
  180_000,
)

test(
  'a file that changes runs a job, which knows what it was',
  () =>
    inPlace(async (place) => {
      const { daemon, dir } = await stage(place)
      const out = join(daemon.home, 'built')
      await owner(
        daemon,
        'jobs',
        'add',
        'on watch',
        '--name',
        'build',
        '--',
        'sh',
        '-c',
        `echo "$NEKODE_JOB_REASON" >> '${out}'`,
      )
      await owner(daemon, 'watch', 'add', dir, '--name', 'sources', '--pattern', '*.ts', '--job', 'build')
      writeFileSync(join(dir, 'readme.md'), 'no source')
      writeFileSync(join(dir, 'main.ts'), 'a source')
      await eventually(async () => existsSync(out) && readFileSync(out, 'utf8') !== '', { what: 'the job has run' })
      expect(readFileSync(out, 'utf8')).toBe(`sources: 1 changed: ${join(dir, 'main.ts')}\n`)
      const shown = JSON.parse(await owner(daemon, 'watch', 'show', 'sources', '--json'))
      expect(shown.triggers).toMatchObject([{ state: 'done', outcome: expect.stringMatching(/^run \S+$/), total: 1 }])
      expect(await daemon.stop()).toBe(0)
    }),
  120_000,
)
