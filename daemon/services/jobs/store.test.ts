import { Database } from 'bun:sqlite'
import { afterEach, beforeEach, describe, expect, setDefaultTimeout, test } from 'bun:test'
import { chmodSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { canMount, smallDisk } from '../../../test/disk'
import { outcomeAfterKill } from './recovery'
import { tracesOf } from './process'
import { JobsHere, until } from './testing'

// What waits is a condition, not a time: a busy computer takes longer.
setDefaultTimeout(60_000)

let here: JobsHere
beforeEach(() => {
  here = new JobsHere()
})
afterEach(() => here.clean())

const path = () => join(here.state, 'jobs.db')

describe('a store that cannot be used', () => {
  test.each<[string, () => void]>([
    ['is something else', () => writeFileSync(path(), 'somebody’s notes. '.repeat(500))],
    [
      'has damaged pages',
      () => {
        const bytes = readFileSync(path())
        bytes.fill(0x5a, 4096, 40_000)
        writeFileSync(path(), bytes)
      },
    ],
  ])('and %s is set aside as it is, which is told until it is taken away', async (_, damage) => {
    await here.start()
    for (let i = 0; i < 20; i++) await here.add({ command: ['true'], schedule: '@daily', env: { X: 'x'.repeat(1000) } })
    await here.stop()
    damage()
    const bytes = readFileSync(path())
    await here.start()
    const aside = readdirSync(here.state).find((name) => /^jobs\.db\.damaged-\d+$/.test(name)) ?? ''
    expect(readFileSync(join(here.state, aside)).equals(bytes)).toBe(true)
    expect(here.lines.join('\n')).toContain('the store of the jobs was damaged and is set aside')
    const told = { jobs: [], set_aside: join(here.state, aside) }
    expect(await here.ask('JobList')).toMatchObject(told)
    await here.restart()
    expect(await here.ask('JobList')).toMatchObject(told)
    rmSync(join(here.state, aside))
    expect(await here.ask('JobList')).toMatchObject({ set_aside: null })
    const id = await here.add({ command: ['true'] })
    expect(await here.over(id)).toMatchObject({ state: 'completed' })
  })

  test('because a newer daemon wrote it is refused and left as it is', async () => {
    await here.start()
    await here.add({ command: ['true'], schedule: '@daily' })
    await here.stop()
    const database = new Database(path())
    database.run('PRAGMA user_version = 99')
    database.close()
    await expect(here.start()).rejects.toThrow('newer')
    expect(await here.ask('JobList')).toMatchObject({ type: 'Error', code: 'store_newer' })
    expect(readdirSync(here.state).filter((name) => name.includes('damaged'))).toEqual([])
  })

  test('because its folder cannot be written is told with what to do', async () => {
    mkdirSync(path())
    await expect(here.start()).rejects.toThrow('cannot be opened')
    expect(await here.ask('JobSubmit', { command: ['true'] })).toMatchObject({ type: 'Error', code: 'JOB-000' })
    rmSync(path(), { recursive: true })
    await here.add({ command: ['true'] })
  })
})

test.skipIf(!canMount())(
  'on a full disk nothing is run that is not written down, and all of it when there is room',
  async () => {
    using disk = smallDisk('2m')!
    const full = new JobsHere({ home: join(disk.path, 'home') })
    await full.start()
    const ballast = join(disk.path, 'ballast')
    const out = join(here.home, 'out')
    const job = await full.add({ command: ['sh', '-c', `echo done >> ${out}`], schedule: 'every 1s', overlap: 'queue' })
    await until(async () => (await full.runs(job)).some(({ state }) => state === 'completed'))
    const fill = () => {
      try {
        for (;;) writeFileSync(ballast, 'x'.repeat(4096), { flag: 'a' })
      } catch {
        // The disk is full, as it is to be.
      }
    }
    fill()
    await until(async () => {
      fill()
      const reply = await full.ask('JobSubmit', { command: ['true'], env: { PAD: 'x'.repeat(30_000) } })
      return reply.code === 'JOB-001'
    })
    await until(() => full.lines.some((line) => /could not be claimed|could not be stored/.test(line)))
    const lines = () => readFileSync(out, 'utf8').trim().split('\n').length
    rmSync(ballast)
    const before = (await full.runs(job)).length
    await until(async () => (await full.runs(job)).length > before + 1)
    await full.ask('JobPause', { id: job })
    await until(async () => (await full.runs(job)).every(({ state }) => state !== 'pending' && state !== 'running'))
    const runs = await full.runs(job)
    // Each that is completed did it once; one that could not leave its trace has said so, and has done nothing.
    expect(runs.filter(({ state }) => state === 'completed')).toHaveLength(lines())
    for (const { state, failure } of runs) if (state === 'failed') expect(failure).toBe('disk_full')
    const moments = runs.map(({ due_at: at }) => at)
    expect(new Set(moments).size).toBe(moments.length)
    await full.stop()
  },
  60_000,
)

describe('what was under way at a kill', () => {
  const command = { definition: { work: { kind: 'shell', line: 'true' } } }
  const message = { definition: { work: { kind: 'message', target: '#general', content: 'hi' } } }

  test.each<[string, { began?: true; ended?: string }, object, boolean, object]>([
    ['never began: it waits again', {}, command, true, { kind: 'untouched' }],
    ['may have begun, before the computer went down', {}, command, false, { failure: 'interrupted' }],
    ['was cut off', { began: true }, command, true, { failure: 'interrupted', exitCode: null }],
    ['ended well by itself', { began: true, ended: '0\n' }, command, true, { kind: 'completed', exitCode: 0 }],
    [
      'ended badly without the daemon',
      { began: true, ended: '3\n' },
      command,
      true,
      { failure: 'interrupted', exitCode: 3 },
    ],
    ['had no room for its end', { began: true, ended: '' }, command, true, { failure: 'interrupted', exitCode: null }],
    ['is a message: its id lets it be said once', {}, message, true, { kind: 'untouched' }],
  ])('and %s', (_, { began, ended }, job, sameBoot, expected) => {
    const traces = tracesOf(here.home, 'run', 1)
    if (began) writeFileSync(traces.began, '')
    if (ended !== undefined) writeFileSync(traces.ended, ended)
    expect(outcomeAfterKill(job as never, traces, sameBoot)).toMatchObject(expected)
  })
})

test('the store is for this user alone', async () => {
  await here.start()
  await here.ask('JobList')
  chmodSync(here.state, 0o700)
  expect(Bun.file(path()).size).toBeGreaterThan(0)
  expect((await Bun.file(path()).stat()).mode & 0o777).toBe(0o600)
})

test('of old runs, outputs and events only so many are kept', async () => {
  await here.start()
  const id = await here.add({ command: ['echo', 'x'], schedule: 'manual' })
  for (let i = 0; i < 110; i++) {
    await here.ask('JobRun', { id })
    await here.over(id)
  }
  expect(await here.runs(id)).toHaveLength(100)
  expect(await here.ask('JobStatus', { id })).toMatchObject({ job: { run_count: 110, output: 'x\n' } })
})

test('a job that cannot be read is told and keeps no other from running', async () => {
  await here.start()
  const bad = await here.add({ command: ['true'], schedule: 'every 1s', paused: true, name: 'bad' })
  await here.stop()
  const database = new Database(path())
  database.run("UPDATE jobs SET definition = '{', enabled = 1, next_at = 1")
  database.run(`INSERT INTO runs (id, job_id, state, attempt, why, reason, ready_at, created_at)
    VALUES ('jrun_0', '${bad}', 'pending', 0, 'because', '', 1, 1)`)
  database.close()
  await here.start()
  expect(here.lines.join('\n')).toContain('a job cannot be read')
  const good = await here.add({ command: ['true'] })
  expect(await here.over(good)).toMatchObject({ state: 'completed' })
  expect((await here.runs()).find(({ id }) => id === 'jrun_0')).toMatchObject({ state: 'cancelled', why: 'manual' })
  expect(await here.ask('JobStatus', { id: 'bad' })).toMatchObject({ code: 'JOB-004' })
})
