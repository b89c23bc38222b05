import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from 'bun:test'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { DaemonAlone } from '../../../test/e2e/alone'
import { Place } from '../../../test/e2e/program'

// Each command is a process of its own.
setDefaultTimeout(60_000)

const place = new Place()
const daemon = new DaemonAlone(place, { env: { TZ: 'Europe/Berlin' } })
beforeAll(() => daemon.start())
afterAll(async () => {
  await daemon.stop()
  await place[Symbol.asyncDispose]()
})

const jobs = (...words: string[]) => daemon.cli('jobs', ...words)
const json = async (verb: string, ...words: string[]) => JSON.parse((await jobs(verb, '--json', ...words)).out)

describe('a job of now', () => {
  test('shows what it says where it says it, and ends as it ends', async () => {
    const line = 'echo "$WHO in $(pwd)"; echo oh >&2; exit 3'
    expect(await jobs('add', 'now', '--wait', '--name', 'once', '--env', 'WHO=me', '--shell', line)).toEqual({
      code: 1,
      out: `me in ${daemon.home}\n`,
      err: 'oh\nonce: failed (exit code 3)\n',
    })
    expect(await jobs('add', 'now', '--wait', '--', 'printf', '%s', 'a  b')).toMatchObject({ code: 0, out: 'a  b' })
  })

  test('is followed while it goes on, by its name', async () => {
    const go = join(daemon.home, 'go')
    await jobs(
      'add',
      'now',
      '--name',
      'long',
      '--shell',
      `echo begun; while [ ! -e ${go} ]; do sleep 0.02; done; echo over`,
    )
    const following = jobs('logs', 'long', '--follow')
    expect(await jobs('logs', 'long')).toMatchObject({ code: 0 })
    writeFileSync(go, '')
    expect(await following).toMatchObject({ code: 0, out: 'begun\nover\n', err: 'long: completed\n' })
    expect((await jobs('logs', 'long', '--json')).out).toBe('{"stream":"stdout","text":"begun\\nover\\n"}\n')
  })
})

describe('a job by schedule', () => {
  test('can be looked at before it is added', async () => {
    const look = await jobs('add', 'daily at 9:00', '--dry-run', '--', 'echo', 'good morning')
    expect(look.code).toBe(0)
    expect(look.out).toMatch(/^echo 'good morning'\n(?: {2}\w{3} \d{4}-\d\d-\d\d 09:00:00 \+0[12]:00\n){5}$/)
    expect(await json('add', '@daily', '--zone', 'Asia/Tokyo', '--dry-run', '--', 'true')).toMatchObject({
      timezone: 'Asia/Tokyo',
      schedule: '@daily',
      next: expect.arrayContaining([expect.any(Number)]),
    })
    expect((await jobs('list')).err).not.toContain('good morning')
  })

  test('goes its way from being added to being removed', async () => {
    const added = await jobs(
      'add',
      '0 9 * * 1-5',
      '--name',
      'nightly',
      '--tag',
      'a,b',
      '--retries',
      '2',
      '--',
      'echo',
      'x',
    )
    expect(added.out).toMatch(/^nightly is added; it runs next \w{3} .* 09:00:00 \+0[12]:00\.\n$/)
    expect((await jobs('list')).out).toContain('nightly')
    expect((await jobs('show', 'nightly')).out).toContain('0 9 * * 1-5 (Europe/Berlin)')
    expect(await json('next', 'nightly', '--count', '2')).toMatchObject({ moments: [{ name: 'nightly' }, {}] })
    expect(await jobs('run', 'nightly', '--wait')).toMatchObject({ code: 0, out: 'x\n' })
    expect(await json('runs', 'nightly')).toMatchObject({ runs: [{ state: 'completed', why: 'manual' }] })
    for (const word of ['pause', 'resume']) expect((await jobs(word, 'nightly')).code).toBe(0)
    expect((await jobs('history', 'nightly')).out).toMatch(/resumed[\s\S]*paused[\s\S]*completed[\s\S]*started/)
    expect(await json('list', '--tag', 'b')).toMatchObject({ jobs: [{ name: 'nightly', max_retries: 2 }] })
    expect((await jobs('remove', 'nightly')).out).toBe('nightly is removed.\n')
    expect(await jobs('show', 'nightly')).toMatchObject({ code: 7, err: expect.stringContaining('no job “nightly”') })
  })

  test('that is there by name already is refused with what to do', async () => {
    await jobs('add', '@daily', '--name', 'twice', '--', 'true')
    const { code, err } = await jobs('add', '@daily', '--name', 'twice', '--', 'true')
    expect([code, err]).toEqual([1, expect.stringContaining('nekode-daemon jobs remove twice')])
  })
})

test.each<[string, string[], string]>([
  ['nothing to do', ['now'], 'Give a command after “--”'],
  ['two things to do', ['now', '--shell', 'true', '--', 'true'], 'A job does one thing.'],
  ['nothing to say', ['now', '--say', '#general'], '--text is missing'],
  ['a text for nobody', ['now', '--text', 'hi', '--', 'true'], 'belong to --say'],
  ['a variable without a name', ['now', '--env', 'x', '--', 'true'], '--env is NAME=value'],
  ['no time', ['--', 'true'], 'WHEN is missing'],
  ['a policy that there is none of', ['now', '--overlap', 'maybe', '--', 'true'], 'skip, queue, replace'],
])('a job with %s is wrong usage', async (_, words, told) => {
  expect(await jobs('add', ...words)).toMatchObject({ code: 2, err: expect.stringContaining(told) })
})

test('what is no time is told with how times are written', async () => {
  const { code, err } = await jobs('add', 'soonish', '--', 'true')
  expect([code, err]).toEqual([1, expect.stringContaining('every weekday 8:30')])
})

test('a message of nobody fails with what to do', async () => {
  await jobs('add', 'now', '--name', 'mute', '--say', '#general', '--text', 'hi', '--retries', '0')
  expect((await jobs('logs', 'mute', '--follow')).code).toBe(1)
  expect(await json('runs', 'mute')).toMatchObject({ runs: [{ failure: 'message_failed' }] })
})
