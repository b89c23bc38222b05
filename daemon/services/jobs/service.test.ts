import { afterEach, beforeEach, describe, expect, setDefaultTimeout, test } from 'bun:test'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { HandTime, JobsHere, until } from './testing'

const START = '2026-11-21T12:00:30Z'
const MINUTE = 60_000
const HOUR = 60 * MINUTE

// What waits is a condition, not a time: a busy computer takes longer.
setDefaultTimeout(60_000)

let time: HandTime
let here: JobsHere
beforeEach(async () => {
  time = new HandTime(START)
  here = await new JobsHere({ time }).start()
})
afterEach(() => here.clean())

const quick = { command: ['true'] }
/** A command that goes on until the test lets it end. */
const held = () => ({ command: ['sh', '-c', `while [ ! -e ${here.home}/go ]; do sleep 0.02; done`] })
const release = () => Bun.write(join(here.home, 'go'), '')

/** The moments that its runs are for, oldest first. */
const ranFor = async (id: string) =>
  (await here.runs(id))
    .toReversed()
    .map(({ due_at: at }) => (at === null ? '' : new Date(at).toISOString().slice(11, 16)))
/** Lets all runs of a job come to their end. */
const settled = async (id: string, runs: number) =>
  until(async () => {
    const all = await here.runs(id)
    return all.length === runs && all.every(({ state }) => state !== 'pending' && state !== 'running')
  })

describe('what is asked for', () => {
  test('where there was never a job, nothing is opened', async () => {
    expect(existsSync(join(here.state, 'jobs.db'))).toBe(false)
    await here.ask('JobList')
    expect(existsSync(join(here.state, 'jobs.db'))).toBe(true)
  })

  test('agents cannot add a command, nor look at them', async () => {
    for (const type of ['JobSubmit', 'JobList', 'JobRun', 'ScheduleCreate'])
      expect(await here.ask(type, { ...quick, id: 'x', auth_token: 'agent' })).toMatchObject({ code: 'not_for_agents' })
  })

  test.each<[string, object, object]>([
    ['nothing to do', {}, { code: 'JOB-001' }],
    ['two things to do', { workflow: 'true', command: ['true'] }, { code: 'JOB-001' }],
    ['no program', { command: [] }, { code: 'invalid_request' }],
    ['a NUL in an argument', { command: ['echo', 'a\0b'] }, { code: 'invalid_request' }],
    ['a variable that is none', { ...quick, env: { 'A=B': '1' } }, { code: 'invalid_request' }],
    ['a name with a blank', { ...quick, name: 'a b' }, { code: 'invalid_request' }],
    ['a cron line of six fields', { ...quick, cron: '* * * * * *' }, { code: 'schedule_invalid' }],
    ['a schedule in two ways', { ...quick, cron: '@daily', schedule: '5m' }, { code: 'JOB-001' }],
    ['a zone that is none', { ...quick, cron: '@daily', timezone: 'Mars/Base' }, { code: 'schedule_invalid' }],
    ['a timeout of a year', { ...quick, timeout_secs: 31_536_000 }, { code: 'invalid_request' }],
    ['too much of everything', { command: Array.from({ length: 9 }, () => 'x'.repeat(60_000)) }, { code: 'JOB-001' }],
  ])('a job with %s is refused', async (_, submission, told) => {
    expect(await here.ask('JobSubmit', submission)).toMatchObject({ type: 'Error', ...told })
    expect(await here.ask('JobList')).toMatchObject({ jobs: [] })
  })

  test('what is not there is told as that', async () => {
    for (const type of ['JobStatus', 'JobCancel', 'JobRetry', 'JobHistory', 'JobPause', 'JobRun', 'JobRemove'])
      expect(await here.ask(type, { id: 'nobody' })).toMatchObject({ type: 'Error', code: 'JOB-004' })
  })

  test('a name is there once, and finds its job', async () => {
    const id = await here.add({ ...quick, name: 'nightly', schedule: '@daily', tags: ['a', 'b', 'a'] })
    expect(await here.ask('JobSubmit', { ...quick, name: 'nightly' })).toMatchObject({ code: 'JOB-001' })
    expect(await here.ask('JobStatus', { id: 'nightly' })).toMatchObject({
      job: { id, state: 'idle', cron: '@daily', timezone: 'UTC', tags: ['a', 'b'], output: '' },
    })
    expect(await here.ask('JobList', { tag: 'b' })).toMatchObject({ jobs: [{ id }] })
    expect(await here.ask('JobList', { tag: 'c' })).toMatchObject({ jobs: [] })
    expect(await here.ask('JobList', { state: 'idle' })).toMatchObject({ jobs: [{ id }] })
    expect(await here.ask('JobList', { state: 'failed' })).toMatchObject({ jobs: [] })
  })

  test('a request that comes twice adds one job and one run', async () => {
    const id = await here.add({ ...quick, request_id: 'r1' })
    expect(await here.add({ ...quick, request_id: 'r1' })).toBe(id)
    await here.over(id)
    const run = { id, request_id: 'r2' }
    expect(await here.ask('JobRun', run)).toEqual(await here.ask('JobRun', run))
    expect(await here.runs(id)).toHaveLength(2)
  })

  test('a look ahead adds nothing', async () => {
    const look = { ...quick, schedule: 'daily at 9:00', timezone: 'Asia/Tokyo', count: 2 }
    const days = ['2026-11-22T00:00Z', '2026-11-23T00:00Z']
    expect(await here.ask('JobPreview', look)).toMatchObject({ next: days.map((day) => Date.parse(day)) })
    expect(await here.ask('JobList')).toMatchObject({ jobs: [] })
  })

  test('the next moments of all jobs come in their order', async () => {
    await here.add({ ...quick, name: 'a', schedule: 'every 40m' })
    await here.add({ ...quick, name: 'b', cron: '0 * * * *' })
    await here.add({ ...quick, name: 'c', cron: '30 12 * * *', paused: true })
    const { moments } = (await here.ask('JobNext', { count: 4 })) as unknown as { moments: { name: string }[] }
    expect(moments.map(({ name }) => name)).toEqual(['a', 'b', 'a', 'b'])
    expect(await here.ask('JobNext', { id: 'c' })).toMatchObject({ moments: [] })
  })
})

describe('the schedule', () => {
  test('runs each moment once, by one timer that is armed for the next', async () => {
    const id = await here.add({ ...quick, cron: '*/10 * * * *' })
    expect(time.armed).toBe(1)
    time.pass(9 * MINUTE)
    expect(await here.runs(id)).toEqual([])
    for (let i = 1; i <= 3; i++) {
      time.pass(10 * MINUTE)
      await settled(id, i)
    }
    expect(await ranFor(id)).toEqual(['12:10', '12:20', '12:30'])
    expect(time.armed).toBe(1)
    expect((await here.runs(id)).every(({ why }) => why === 'schedule')).toBe(true)
  })

  test('nothing is armed where nothing is due', async () => {
    const id = await here.add(quick)
    await here.over(id)
    await here.add({ ...quick, schedule: 'on watch' })
    await here.add({ ...quick, schedule: 'manual' })
    expect(time.armed).toBe(0)
  })

  test('an interval stays true however late a look at it is', async () => {
    const id = await here.add({ ...quick, schedule: 'every 7m' })
    for (let i = 1; i <= 3; i++) {
      time.pass(7 * MINUTE + 1234)
      await settled(id, i)
    }
    expect((await here.runs(id)).map(({ due_at: at }) => ((at ?? 0) - Date.parse(START)) / MINUTE)).toEqual([21, 14, 7])
  })

  test('a moment of its own comes once, and the job is over', async () => {
    const id = await here.add({ ...quick, schedule: '2026-11-21T12:05' })
    time.pass(10 * MINUTE)
    await settled(id, 1)
    time.pass(48 * HOUR)
    await here.restart()
    expect(await ranFor(id)).toEqual(['12:05'])
    expect(await here.ask('JobStatus', { id })).toMatchObject({ job: { next_run_at: null, state: 'completed' } })
  })

  test('an RRULE works after a restart too', async () => {
    const id = await here.add({ ...quick, schedule: 'FREQ=HOURLY;INTERVAL=2;BYMINUTE=0' })
    await here.restart()
    time.pass(2 * HOUR)
    await settled(id, 1)
    expect((await here.runs(id))[0]).toMatchObject({ why: 'schedule', state: 'completed' })
  })

  test('what is paused does not come, and comes again from the next moment on', async () => {
    const id = await here.add({ ...quick, cron: '0 * * * *' })
    await here.ask('JobPause', { id })
    time.pass(3 * HOUR)
    expect(await here.runs(id)).toEqual([])
    await here.ask('JobResume', { id })
    expect(await here.runs(id)).toEqual([])
    time.pass(HOUR)
    await settled(id, 1)
    expect(await ranFor(id)).toEqual(['16:00'])
    expect(await here.events(id)).toEqual(['paused', 'resumed', 'submitted', 'started', 'completed'])
  })
})

describe('moments that were missed', () => {
  /** Adds a job for each full hour, and is away from 12 to 17. */
  async function away(submission: object): Promise<string> {
    const id = await here.add({ ...quick, cron: '0 * * * *', ...submission })
    await here.stop()
    time.set('2026-11-21T17:30:00Z')
    await here.start()
    return id
  }

  test('are run once for all of them', async () => {
    const id = await away({})
    await settled(id, 1)
    expect(await ranFor(id)).toEqual(['17:00'])
    expect((await here.runs(id))[0]!.why).toBe('missed')
    time.pass(31 * MINUTE)
    await settled(id, 2)
    expect(await ranFor(id)).toEqual(['17:00', '18:00'])
  })

  test('are left out, and that is told', async () => {
    const id = await away({ missed: 'skip' })
    expect(await here.runs(id)).toEqual([])
    expect(await here.events(id)).toEqual(['missed'])
    time.pass(31 * MINUTE)
    await settled(id, 1)
    expect(await ranFor(id)).toEqual(['18:00'])
  })

  test('are run each, the latest of them', async () => {
    const id = await away({ missed: 'all', max_missed: 3 })
    await settled(id, 3)
    expect(await ranFor(id)).toEqual(['15:00', '16:00', '17:00'])
    expect(await here.events(id)).toContain('missed')
  })

  test('a moment that is only just over is run on time', async () => {
    const id = await here.add({ ...quick, cron: '0 * * * *', missed: 'skip' })
    await here.stop()
    time.set('2026-11-21T13:00:20Z')
    await here.start()
    await settled(id, 1)
    expect((await here.runs(id))[0]!.why).toBe('schedule')
  })
})

describe('a moment while a run is under way', () => {
  const hourly = { cron: '0 * * * *' }

  test('is left out, and that is told', async () => {
    const id = await here.add({ ...held(), ...hourly })
    time.pass(3 * HOUR)
    await release()
    await settled(id, 1)
    expect(await ranFor(id)).toEqual(['13:00'])
    expect((await here.events(id)).filter((event) => event === 'skipped')).toHaveLength(2)
  })

  test('waits for its turn', async () => {
    const id = await here.add({ ...held(), ...hourly, overlap: 'queue' })
    time.pass(3 * HOUR)
    const states = (await here.runs(id)).map(({ state }) => state)
    expect(states).toEqual(['pending', 'pending', 'running'])
    await release()
    await settled(id, 3)
    expect(await ranFor(id)).toEqual(['13:00', '14:00', '15:00'])
  })

  test('ends it', async () => {
    const id = await here.add({ ...held(), ...hourly, overlap: 'replace' })
    time.pass(3 * HOUR)
    await until(async () => (await here.runs(id)).filter(({ state }) => state === 'cancelled').length === 2)
    await release()
    await settled(id, 3)
    expect((await here.runs(id)).map(({ state }) => state)).toEqual(['completed', 'cancelled', 'cancelled'])
  })

  test('is not asked for by hand', async () => {
    const id = await here.add(held())
    expect(await here.ask('JobRun', { id })).toMatchObject({ type: 'Error', code: 'JOB-001' })
    await release()
    await here.over(id)
    expect(await here.ask('JobRun', { id })).toMatchObject({ type: 'JobCreated' })
    await settled(id, 2)
  })

  test('of a watch waits once, however much changes', async () => {
    const id = await here.add({ ...held(), schedule: 'on watch' })
    const change = (path: string) => here.jobs.trigger(id, 'watch', { reason: path })
    const triggered = [await change('a'), await change('b'), await change('c')]
    expect(triggered.map((one) => 'run' in one)).toEqual([true, true, false])
    await release()
    await settled(id, 2)
    expect((await here.runs(id)).map(({ why, reason }) => `${why} ${reason}`)).toEqual(['watch b', 'watch a'])
    await here.ask('JobPause', { id })
    expect(await change('d')).toEqual({ skipped: 'It is paused.' })
  })
})

describe('a clock that is set', () => {
  const hourly = { ...quick, cron: '0 * * * *' }

  test('back does not let a moment come again, and none that is new is left out', async () => {
    const id = await here.add(hourly)
    for (let i = 1; i <= 2; i++) {
      time.pass(HOUR)
      await settled(id, i)
    }
    time.set('2026-11-21T12:30:00Z')
    time.pass(2 * HOUR)
    expect(await ranFor(id)).toEqual(['13:00', '14:00'])
    time.pass(HOUR)
    await settled(id, 3)
    expect(await ranFor(id)).toEqual(['13:00', '14:00', '15:00'])
  })

  test('back while the daemon was not running is noticed too', async () => {
    const id = await here.add(hourly)
    time.pass(HOUR)
    await settled(id, 1)
    await here.stop()
    time.set('2026-11-21T12:10:00Z')
    await here.start()
    time.pass(2 * HOUR)
    await settled(id, 2)
    expect(await ranFor(id)).toEqual(['13:00', '14:00'])
  })

  test('forwards makes what it passes due, within a minute and without an event', async () => {
    const id = await here.add(hourly)
    time.set('2026-11-21T13:20:00Z')
    time.pass(MINUTE)
    await settled(id, 1)
    expect(await ranFor(id)).toEqual(['13:00'])
  })

  test('years ahead and back again, it goes on as if nothing had been', async () => {
    const id = await here.add(hourly)
    time.set('2031-01-01T00:30:00Z')
    time.pass(MINUTE)
    await settled(id, 1)
    time.set('2026-11-21T12:40:00Z')
    time.pass(MINUTE)
    expect(await here.ask('JobStatus', { id })).toMatchObject({
      job: { next_run_at: Date.parse('2026-11-21T13:00:00Z') },
    })
    time.pass(HOUR)
    await settled(id, 2)
    expect(await ranFor(id)).toEqual(['00:00', '13:00'])
  })

  test('back leaves an interval as long as it is, and a wait for a retry too', async () => {
    const id = await here.add({ command: ['false'], schedule: 'every 10m', max_retries: 1, backoff_secs: 120 })
    time.pass(10 * MINUTE)
    await until(async () => (await here.runs(id))[0]?.ready_at != null)
    time.set('2026-11-20T00:00:00Z')
    time.pass(3 * MINUTE)
    await settled(id, 1)
    expect((await here.runs(id))[0]).toMatchObject({ attempt: 2, state: 'failed' })
    time.pass(10 * MINUTE)
    await until(async () => (await here.runs(id)).length === 2)
  })
})

describe('a run that fails', () => {
  test('is tried again, each time after twice the wait, and then has failed', async () => {
    const id = await here.add({
      command: ['sh', '-c', 'echo $NEKODE_JOB_ATTEMPT; exit 1'],
      max_retries: 2,
      backoff_secs: 60,
    })
    const waits = async (ms: number) => {
      await until(async () => (await here.runs(id))[0]?.ready_at === time.now() + ms)
      time.pass(ms - 1000)
      expect((await here.runs(id))[0]!.state).toBe('pending')
      time.pass(1000)
    }
    await waits(MINUTE)
    await waits(2 * MINUTE)
    expect(await here.over(id)).toMatchObject({ state: 'failed', attempt: 3, exit_code: 1 })
    expect(await here.text(id)).toBe('1\n2\n3\n')
    expect(here.told.map(({ type }) => type)).toEqual([
      'JobSubmitted',
      'JobStarted',
      'JobFailed',
      'JobStarted',
      'JobFailed',
      'JobStarted',
      'JobFailed',
    ])
    expect(here.told.at(-1)).toMatchObject({ retry_at: null, failure: 'exit' })
  })

  test('can be run once more by hand; one that did not fail cannot', async () => {
    const id = await here.add({ command: ['sh', '-c', `test -e ${here.home}/go`] })
    await here.over(id)
    await release()
    expect(await here.ask('JobRetry', { id })).toMatchObject({ type: 'JobCreated', id })
    await settled(id, 2)
    expect(await here.ask('JobRetry', { id })).toMatchObject({ code: 'JOB-005' })
  })

  test('is not tried again when it is cancelled while it waits', async () => {
    const id = await here.add({ command: ['false'], max_retries: 5, backoff_secs: 60 })
    await until(async () => (await here.runs(id))[0]?.ready_at != null)
    await here.ask('JobCancel', { id })
    time.pass(HOUR)
    expect(await here.runs(id)).toMatchObject([{ state: 'cancelled', attempt: 1 }])
    expect(await here.ask('JobCancel', { id })).toMatchObject({ code: 'JOB-003' })
  })
})

describe('a message', () => {
  const hello = { message: { target: '#general', content: 'good morning', as: 'ann' } }

  test('is said in the name that it is to have', async () => {
    const id = await here.add({ ...hello, schedule: 'every 1h' })
    time.pass(HOUR)
    await settled(id, 1)
    const [run] = await here.runs(id)
    expect(here.said).toEqual([{ target: '#general', content: 'good morning', as: 'ann', requestId: `job-${run!.id}` }])
  })

  test('is said again under the same id until it got through', async () => {
    const ids: string[] = []
    here.say = async ({ requestId }) => {
      ids.push(requestId)
      if (ids.length < 3) throw new Error('the server is away')
    }
    const id = await here.add({ ...hello, backoff_secs: 10 })
    for (const wait of [10_000, 20_000]) {
      await until(async () => (await here.runs(id))[0]?.ready_at != null)
      time.pass(wait)
    }
    expect(await here.over(id)).toMatchObject({ state: 'completed', attempt: 3 })
    expect(new Set(ids).size).toBe(1)
  })
})

describe('the queue', () => {
  test('runs four at a time and refuses the one after a thousand', async () => {
    const reply = (n: number) => here.ask('JobSubmit', { ...held(), name: `job-${n}` })
    for (let n = 0; n < 1004; n++) expect(await reply(n)).toMatchObject({ type: 'JobCreated' })
    expect(await reply(1004)).toMatchObject({ type: 'Error', code: 'JOB-001' })
    expect(await here.ask('JobRuns', { state: 'running' })).toMatchObject({ runs: { length: 4 } })
    const due = await here.add({ ...quick, cron: '* * * * *' })
    time.pass(5 * MINUTE)
    expect(await here.runs(due)).toEqual([])
    await here.ask('JobCancel', { id: 'job-1000' })
    await here.ask('JobCancel', { id: 'job-1001' })
    // What was due all the time has its place now.
    expect(await here.runs(due)).toMatchObject([{ state: 'pending' }])
  })

  test('a job that is removed is ended and forgotten', async () => {
    const id = await here.add(held())
    expect(await here.ask('JobRemove', { id })).toEqual({ type: 'Ok' })
    expect(await here.ask('JobStatus', { id })).toMatchObject({ code: 'JOB-004' })
    expect(await here.ask('JobRuns')).toMatchObject({ runs: [] })
  })

  test('the events of a run are told in their order', async () => {
    const id = await here.add({ ...quick, name: 'told' })
    await here.over(id)
    expect(here.told).toMatchObject([
      { type: 'JobSubmitted', job_id: id, name: 'told', workflow: 'true' },
      { type: 'JobStarted', attempt: 1 },
      { type: 'JobCompleted', exit_code: 0 },
    ])
    await here.ask('JobRun', { id })
    await here.ask('JobCancel', { id })
    expect(here.told.at(-1)!.type).toMatch(/JobC(?:ancelled|ompleted)/)
  })
})

describe('a daemon that ends', () => {
  test('ends what is under way, and goes on with it where it is to be tried again', async () => {
    const once = await here.add(held())
    const again = await here.add({ ...held(), max_retries: 1, backoff_secs: 0 })
    await until(() => here.jobs.active === 2)
    await here.restart()
    await release()
    expect(await here.over(once)).toMatchObject({ state: 'failed', failure: 'interrupted', attempt: 1 })
    expect(await here.over(again)).toMatchObject({ state: 'completed', attempt: 2 })
    expect(await here.events(again)).toEqual(['submitted', 'started', 'interrupted', 'retried', 'started', 'completed'])
  })

  test('keeps what waits', async () => {
    const ids = []
    for (let i = 0; i < 8; i++) ids.push(await here.add(held()))
    await here.restart()
    await release()
    for (const id of ids.slice(4)) expect(await here.over(id)).toMatchObject({ state: 'completed', attempt: 1 })
  })
})

test('a look at the schedules by their other names shows the same jobs', async () => {
  const schedule = { name: 'nightly', workflow: 'cat', cron_expr: '0 3 * * *', inputs_json: '{"a":1}', source: 'cli' }
  expect(await here.ask('ScheduleCreate', schedule)).toMatchObject({ type: 'ScheduleCreated', name: 'nightly' })
  expect(await here.ask('ScheduleCreate', { ...schedule, name: 'bad', inputs_json: '{' })).toMatchObject({
    code: 'JOB-001',
  })
  await here.ask('SchedulePause', { name: 'nightly' })
  expect(await here.ask('ScheduleList', { enabled_only: true })).toMatchObject({ schedules: [] })
  await here.ask('ScheduleResume', { name: 'nightly' })
  expect(await here.ask('ScheduleGet', { name: 'nightly' })).toMatchObject({
    schedule: { cron_expr: '0 3 * * *', timezone: 'UTC', paused: false, overlap: 'skip' },
  })
  await here.ask('JobRun', { id: 'nightly' })
  await here.over('nightly')
  expect(await here.text('nightly')).toBe('{"a":1}')
  expect(await here.ask('GetWorkflowHistory', { workflow: 'cat' })).toMatchObject({ runs: [{ state: 'completed' }] })
  await here.ask('ScheduleDelete', { name: 'nightly' })
  expect(await here.ask('ScheduleGet', { name: 'nightly' })).toMatchObject({ code: 'JOB-004' })
})

test('a run that goes on for ever does not fill the history with what is skipped for it', async () => {
  const id = await here.add({ ...held(), schedule: 'every 1s' })
  time.pass(1000)
  for (let i = 0; i < 800; i++) time.pass(1000)
  const { events } = (await here.ask('JobHistory', { id, limit: 1000 })) as unknown as { events: { seq: number }[] }
  expect(events.length).toBeLessThan(600)
  expect(events[0]!.seq).toBeGreaterThan(800)
})
