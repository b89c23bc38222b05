import { afterEach, beforeEach, describe, expect, setDefaultTimeout, test } from 'bun:test'
import { mkdirSync, mkdtempSync, realpathSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { NekodeError } from '@shared/errors'
import { createLogger } from '@shared/log'
import { z } from 'zod'
import { until } from '../../../test/fixtures/control'
import { makeFolders, pathsOf } from '../../config/paths'
import { Dispatcher } from '../../local/dispatch'
import { type LocalEvent, LocalEvents } from '../../local/events'
import type { WatchMessage, WatchPorts } from './actions'
import type { Watch } from './contract'
import { WatchService } from './service'

setDefaultTimeout(30_000)

const TOKEN = 'the-token'
let top: string
let dir: string
let events: LocalEvent[]
let said: WatchMessage[]
let now: number
let ports: WatchPorts
let listening: AbortController
let bus: LocalEvents
let service: WatchService
let dispatcher: Dispatcher
const paths = () => pathsOf(join(top, '.nekode'))

async function start(): Promise<void> {
  bus = new LocalEvents()
  listening = new AbortController()
  const heard = bus.listen(listening.signal)
  void (async () => {
    for await (const event of heard) events.push(event)
  })()
  const log = createLogger({ level: 'error', write: () => undefined })
  service = new WatchService({ paths: paths(), log, events: bus, env: { HOME: top }, ports, now: () => now })
  await service.start()
  dispatcher = new Dispatcher({
    serve: () => service.serve(),
    log,
    token: TOKEN,
    agentOf: () => undefined,
    clean: (text) => text,
  })
}

/** The same store, as the next process of the daemon finds it. */
async function restart(meanwhile: () => void = () => undefined): Promise<void> {
  await service.stop()
  listening.abort()
  meanwhile()
  events = []
  await start()
  await until('the watches are at work', () => service.list().every(({ state }) => state !== 'watching' || isReady()))
}
const isReady = () => events.some(({ type }) => type === 'WatchStarted')

beforeEach(async () => {
  top = realpathSync(mkdtempSync(join(tmpdir(), 'nekode-watch-')))
  dir = join(top, 'project')
  mkdirSync(dir)
  makeFolders(paths())
  events = []
  said = []
  now = 1_700_000_000_000
  ports = {
    say: async (message) => {
      said.push(message)
    },
    runJob: async (job, { files, total }) => `${job}: ${total} ${files.join(' ')}`,
    purge: async ({ model }) => `purged ${model}`,
  }
  await start()
})
afterEach(async () => {
  await service.stop()
  listening.abort()
  rmSync(top, { recursive: true })
})

const ask = async (type: string, fields: object = {}, token: string | undefined = TOKEN) =>
  (await dispatcher.answer({ type, ...fields, ...(token ? { auth_token: token } : {}) })).reply
const add = async (fields: object = {}): Promise<Watch> => {
  const reply = await ask('WatchAdd', { dir, name: 'w', debounce_ms: 10, ...fields })
  expect(reply).toMatchObject({ type: 'Watch' })
  return service.list().find(({ name }) => name === ('name' in fields ? fields.name : 'w'))!
}
function put(path: string, text = 'x'): void {
  mkdirSync(dirname(join(dir, path)), { recursive: true })
  writeFileSync(join(dir, path), text)
}
const triggered = () => events.flatMap((event) => (event.type === 'WatchTriggered' ? [event] : []))
const Shown = z.object({
  watch: z.looseObject({ name: z.string().nullable(), state: z.string() }),
  triggers: z.array(z.looseObject({ state: z.string(), outcome: z.string().nullable() })),
})
const show = async (id = 'w') => Shown.parse(await ask('WatchShow', { id }))

describe('the watch without a name', () => {
  test('starts, is told, and stops, as the table of requests has it', async () => {
    const patterns = ['*.ts']
    expect(await ask('WatchStatus', {}, '')).toEqual({ type: 'WatchInactive' })
    expect(await ask('WatchStart', { dir, patterns }, '')).toEqual({ type: 'WatchActive', dir, patterns })
    expect(await ask('WatchStatus', {}, '')).toEqual({ type: 'WatchActive', dir, patterns })
    expect(await ask('WatchStart', { dir }, '')).toMatchObject({ type: 'Error', code: 'WATCH-001' })
    put('a.js')
    put('sub/a.ts')
    await until('it triggers', () => triggered()[0])
    expect(triggered()[0]).toMatchObject({
      path: join(dir, 'sub/a.ts'),
      files: [{ path: 'sub/a.ts', change: 'created' }],
      total: 1,
    })
    expect(await ask('WatchStop', {}, '')).toEqual({ type: 'WatchInactive' })
    expect(await ask('WatchStop', {}, '')).toEqual({ type: 'WatchInactive' })
    expect(await ask('WatchStatus', {}, '')).toEqual({ type: 'WatchInactive' })
    expect(events.map(({ type }) => type)).toEqual(['WatchStarted', 'WatchTriggered', 'WatchStopped'])
  })

  test('takes a folder below the home folder too', async () => {
    expect(await ask('WatchStart', { dir: 'project' })).toMatchObject({ type: 'WatchActive', dir })
    await ask('WatchStop')
    expect(await ask('WatchStart', { dir: '~/project' })).toMatchObject({ type: 'WatchActive', dir })
  })
})

describe('a folder that is refused', () => {
  test.each<[string, () => string]>([
    ['with ..', () => join(dir, '..') + '/project/../project'],
    ['with .. as a word of its own', () => `${dir}/../project`],
    ['outside of the home folder', () => '/usr'],
    ['that is not there', () => join(top, 'none')],
    ['that is a file', () => join(top, 'file')],
    ['that a link leads out to', () => join(top, 'link')],
    ["that holds the daemon's own files", () => join(top, '.nekode/daemon')],
    ['with a zero byte', () => `${dir}\0`],
  ])('%s', async (_, path) => {
    writeFileSync(join(top, 'file'), '')
    symlinkSync('/usr', join(top, 'link'))
    expect(await ask('WatchStart', { dir: path() })).toMatchObject({ type: 'Error', code: 'WATCH-003' })
    expect(await ask('WatchAdd', { dir: path() })).toMatchObject({ type: 'Error', code: 'WATCH-003' })
    expect(service.list()).toEqual([])
  })

  test('outside of the home folder is taken when the owner says so, with the token', async () => {
    const outside = realpathSync(mkdtempSync(join(tmpdir(), 'nekode-outside-')))
    const fields = { dir: outside, outside_home: true }
    expect(await ask('WatchAdd', fields, '')).toEqual({ type: 'AuthRequired' })
    expect(await ask('WatchAdd', fields)).toMatchObject({ type: 'Watch', watch: { dir: outside } })
    rmSync(outside, { recursive: true })
  })

  test("of the home of the daemon is taken: agents' workspaces are there; its own files in it count for nothing", async () => {
    const workspace = join(top, '.nekode/agents/ada/workspace')
    mkdirSync(workspace, { recursive: true })
    await add({ dir: join(top, '.nekode') })
    writeFileSync(join(top, '.nekode/daemon/x'), 'x')
    writeFileSync(join(workspace, 'y'), 'y')
    const [event] = await until('it triggers', () => triggered().length > 0 && triggered())
    expect(event?.files).toEqual([{ path: 'agents/ada/workspace/y', change: 'created' }])
  })
})

describe('a watch', () => {
  test('tells many files as one trigger, and names no more than it may', async () => {
    await add({ debounce_ms: 200 })
    for (let i = 0; i < 300; i++) put(`d${i % 20}/${i}.txt`)
    const [event] = await until('it triggers', () => triggered().length > 0 && triggered())
    expect(event?.total).toBe(300)
    expect(event?.files).toHaveLength(50)
    expect(triggered()).toHaveLength(1)
    const { triggers } = await show()
    expect(triggers[0]).toMatchObject({ state: 'done', outcome: 'told', total: 300 })
  })

  test('does not wait for a silence that never comes', async () => {
    await add({ debounce_ms: 60_000, max_wait_ms: 50 })
    put('a.txt')
    await until('it triggers', () => triggered().length > 0)
  })

  test('says something in a channel, with the files in a block that calls nobody', async () => {
    await add({ action: { kind: 'message', target: '#general', text: 'Look at this.', as: 'ada' }, debounce_ms: 60 })
    put('a ```@bob.txt')
    put('b\n@channel.txt')
    const [message] = await until('it is said', () => said.length > 0 && said)
    expect(message).toMatchObject({ target: '#general', as: 'ada' })
    const { content } = message!
    expect(content).toStartWith(`Look at this.\n\n2 files changed in \`${dir}\` (watch w):\n\`\`\`\n`)
    expect(content.match(/```/g)).toHaveLength(2)
    expect(content).toContain('+ b\\u000a@channel.txt')
    expect(content).toContain('+ a \\u0060\\u0060\\u0060@bob.txt')
  })

  test('runs a job, or purges the cache, and keeps what came of it', async () => {
    await add({ name: 'job', action: { kind: 'job', job: 'build' } })
    await add({ name: 'purge', action: { kind: 'purge', model: 'm' } })
    put('a.txt')
    const job = join(dir, 'a.txt')
    await until('both are done', () => triggered().length === 2)
    expect((await show('job')).triggers[0]).toMatchObject({ state: 'done', outcome: `build: 1 ${job}` })
    expect((await show('purge')).triggers[0]).toMatchObject({ outcome: 'purged m' })
  })

  test('that is to run a job which there is not is refused', async () => {
    ports.findJob = async () => {
      throw new NekodeError('not_found', 'There is no job biuld.', { code: 'JOB-004' })
    }
    expect(await ask('WatchAdd', { dir, action: { kind: 'job', job: 'biuld' } })).toMatchObject({ code: 'JOB-004' })
    expect(service.list()).toEqual([])
  })

  test('that asks for what this daemon does not have is refused', async () => {
    delete ports.purge
    expect(await ask('WatchAdd', { dir, action: { kind: 'purge' } })).toMatchObject({ code: 'WATCH-002' })
    expect(service.list()).toEqual([])
  })

  test('whose action is refused says so and goes on', async () => {
    ports.say = async () => {
      throw new NekodeError('not_found', 'There is no channel #gone.')
    }
    await add({ action: { kind: 'message', target: '#gone' } })
    put('a.txt')
    await until('it is told', () => events.some((e) => e.type === 'WatchTrouble' && e.message.includes('#gone')))
    expect((await show()).triggers[0]).toMatchObject({ state: 'failed', outcome: 'There is no channel #gone.' })
    expect((await show()).watch.state).toBe('watching')
  })

  test('may have a name once; ids and names both find it; removing it is for good', async () => {
    const { id } = await add()
    expect(await ask('WatchAdd', { dir, name: 'w' })).toMatchObject({ code: 'WATCH-001' })
    expect((await show(id)).watch.name).toBe('w')
    expect(await ask('WatchRemove', { id: 'w' })).toEqual({ type: 'Ok' })
    expect(await ask('WatchShow', { id: 'w' })).toMatchObject({ type: 'Error', code: 'WATCH-004' })
    await restart()
    expect(service.list()).toEqual([])
  })

  test('is paused and goes on by hand; what changes meanwhile is not told unless it wants that', async () => {
    await add()
    await add({ name: 'keen', catch_up: true })
    for (const id of ['w', 'keen'])
      expect(await ask('WatchPause', { id })).toMatchObject({ watch: { state: 'paused', files: null } })
    put('meanwhile.txt')
    for (const id of ['w', 'keen'])
      expect(await ask('WatchResume', { id })).toMatchObject({ watch: { state: 'watching' } })
    await until('the keen one triggers', () => triggered().length > 0)
    put('later.txt')
    await until('both trigger', () => triggered().length >= 3)
    expect(
      triggered()
        .map(({ name, while_away, files }) => [name, while_away, files[0]?.path])
        .toSorted(),
    ).toEqual([
      ['keen', false, 'later.txt'],
      ['keen', true, 'meanwhile.txt'],
      ['w', false, 'later.txt'],
    ])
  })

  test('that triggers itself pauses, says so, and stays paused over a restart', async () => {
    ports.say = async (message) => {
      said.push(message)
      if (message.content.startsWith('Watch w:')) return
      put('answer.txt', `${said.length}`)
    }
    await add({ action: { kind: 'message', target: '#general' }, max_per_minute: 5 })
    put('question.txt')
    await until('it is paused', () => service.list()[0]?.state === 'paused')
    expect(said).toHaveLength(6)
    expect(said.at(-1)?.content).toContain('It paused itself after 5 triggers within a minute')
    expect(service.list()[0]?.reason).toContain('nekode-daemon watch resume w')
    await restart()
    expect(service.list()[0]).toMatchObject({ state: 'paused', triggers: 5 })
    ports.say = async () => undefined
    now += 3600_000
    expect(await ask('WatchResume', { id: 'w' })).toMatchObject({ watch: { state: 'watching', reason: null } })
  })

  test('whose messages come every few seconds pauses within the hour too', async () => {
    await add({ action: { kind: 'message', target: '#general' }, max_per_hour: 3 })
    for (let i = 0; i < 4; i++) {
      put('a.txt', `${i}`)
      await until('it triggers or pauses', () => said.length > i)
      now += 120_000
    }
    expect(service.list()[0]).toMatchObject({ state: 'paused', triggers: 3 })
  })
})

describe('after a restart', () => {
  test('a watch is there again; one that wants it tells once what changed meanwhile', async () => {
    put('same.txt')
    put('gone.txt')
    await add({ catch_up: true })
    await add({ name: 'calm' })
    put('told.txt')
    await until('both have told', () => triggered().length === 2)
    await restart(() => {
      put('new.txt')
      put('same.txt', 'longer')
      rmSync(join(dir, 'gone.txt'))
    })
    await until('it is told', () => triggered().length > 0)
    expect(triggered()).toMatchObject([
      {
        name: 'w',
        while_away: true,
        total: 3,
        files: [
          { path: 'new.txt', change: 'created' },
          { path: 'same.txt', change: 'changed' },
          { path: 'gone.txt', change: 'removed' },
        ],
      },
    ])
    await restart()
    put('last.txt')
    await until('both see it', () => triggered().length >= 2)
    expect(triggered().map(({ while_away, files }) => [while_away, files])).toEqual([
      [false, [{ path: 'last.txt', change: 'created' }]],
      [false, [{ path: 'last.txt', change: 'created' }]],
    ])
  })

  test('that ends in the middle of its first look, nothing is said to be gone', async () => {
    for (let i = 0; i < 3000; i++) put(`d${i % 60}/${i}.txt`)
    await add({ catch_up: true })
    for (let round = 0; round < 5; round++) {
      await service.stop()
      listening.abort()
      events = []
      await start()
      await new Promise((resolve) => setTimeout(resolve, round * 3))
    }
    await restart(() => put('new.txt'))
    await until('what is new is told', () => triggered().length > 0)
    expect(triggered().flatMap(({ files }) => files)).toEqual([{ path: 'new.txt', change: 'created' }])
  })

  test('what was triggered and not done is done, under the same id', async () => {
    const tries: string[] = []
    ports.say = async ({ requestId }) => {
      tries.push(requestId)
      throw new NekodeError('unavailable', 'The server is away.')
    }
    await add({ action: { kind: 'message', target: '#general' } })
    put('a.txt')
    await until('it is tried', () => tries.length > 0)
    ports.say = async (message) => {
      said.push(message)
    }
    await restart()
    await until('it is said', () => said.length > 0)
    expect(said[0]?.requestId).toBe(tries[0]!)
    await until('it is done', () => triggered().length > 0)
    expect((await show()).triggers).toMatchObject([{ state: 'done' }])
  })

  test('a folder that is gone is waited for', async () => {
    put('a.txt')
    await add({ catch_up: true })
    await restart(() => rmSync(dir, { recursive: true }))
    expect(service.list()[0]).toMatchObject({ state: 'missing', files: null })
    await until('what is gone is told', () => triggered()[0]?.files[0]?.change === 'removed')
    put('b.txt')
    await until('it is back', () => triggered().at(-1)?.files[0]?.path === 'b.txt')
    expect(service.list()[0]).toMatchObject({ state: 'watching', files: 1 })
  })

  test('a store that is damaged is set aside', async () => {
    await add()
    await restart(() => writeFileSync(join(paths().state, 'watch.db'), 'not a database at all, not by far'))
    expect(service.list()).toEqual([])
    await add()
  })

  test('the store is for this user alone', async () => {
    await add()
    expect(statSync(join(paths().state, 'watch.db')).mode & 0o777).toBe(0o600)
  })
})

test('a test says what counts, and why the rest does not, and changes nothing', async () => {
  put('.gitignore', 'out/\n')
  put('src/a.ts')
  put('src/b.js')
  put('out/c.ts')
  const spec = { dir, patterns: ['*.ts'] }
  const given = ['src/a.ts', 'src/b.js', 'out/c.ts', '../x', join(dir, 'src/new.ts'), '/etc/passwd']
  expect(await ask('WatchTest', { spec, paths: given }, '')).toEqual({
    type: 'WatchTest',
    dir,
    files: 1,
    folders: 2,
    some: ['src/a.ts'],
    verdicts: [
      { path: 'src/a.ts', triggers: true, why: 'it counts' },
      { path: 'src/b.js', triggers: false, why: 'no pattern takes it' },
      { path: 'out/c.ts', triggers: false, why: `the rule out/ of ${join(dir, '.gitignore')} leaves it out` },
      { path: '../x', triggers: false, why: 'it is not below the folder' },
      { path: 'src/new.ts', triggers: true, why: 'it counts' },
      { path: '/etc/passwd', triggers: false, why: 'it is not below the folder' },
    ],
    warnings: [],
  })
  expect(service.list()).toEqual([])
  expect(events).toEqual([])
})
