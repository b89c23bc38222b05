import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from 'bun:test'
import { mkdirSync, realpathSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { DaemonAlone } from '../../test/e2e/alone'
import { Place } from '../../test/e2e/program'

setDefaultTimeout(60_000)

const place = new Place()
const daemon = new DaemonAlone(place)
const dir = join(realpathSync(daemon.home), 'project')
beforeAll(async () => {
  mkdirSync(join(dir, 'dist'), { recursive: true })
  writeFileSync(join(dir, 'main.ts'), '')
  writeFileSync(join(dir, 'dist/main.js'), '')
  await daemon.start()
})
afterAll(async () => {
  await daemon.stop()
  await place[Symbol.asyncDispose]()
})

const cli = (...words: string[]) => daemon.cli('watch', ...words)
const json = async (...words: string[]) => JSON.parse((await cli(...words, '--json')).out)

test('a watch is added with what its options say, shown, paused, gone on with and removed', async () => {
  const which = '--name all --pattern *.ts --pattern !*.test.ts --ignore dist/ --no-gitignore'
  const how = '--debounce 50ms --max-wait 2s --catch-up --max-per-minute 7 --purge --model m'
  const added = await json('add', dir, ...which.split(' '), ...how.split(' '))
  expect(added).toMatchObject({
    name: 'all',
    dir,
    patterns: ['*.ts', '!*.test.ts'],
    ignore: ['dist/'],
    gitignore: false,
    debounce_ms: 50,
    max_wait_ms: 2000,
    catch_up: true,
    max_per_minute: 7,
    action: { kind: 'purge', model: 'm' },
    state: 'watching',
    files: 1,
  })
  expect((await cli('list')).out).toMatch(/^NAME +STATE .*\nall +watching +purges the cache of m +1 +0 +- +\/.*\n$/)
  expect((await cli('show', 'all')).out).toContain('sees        1 files in 1 folders')
  expect(await cli('pause', 'all')).toMatchObject({ code: 0, out: 'all is paused.\n' })
  expect((await json('show', added.id)).watch).toMatchObject({ state: 'paused', reason: 'paused by hand' })
  expect(await cli('resume', 'all')).toMatchObject({ code: 0, out: 'all is watching.\n' })
  expect(await cli('remove', 'all')).toMatchObject({ code: 0, out: 'all is removed.\n' })
  expect(await json('list')).toMatchObject({ items: [] })
})

test('a test says what counts, with an exit code for scripts', async () => {
  const options = [dir, '--pattern', '*.ts', '--pattern', '*.js', '--ignore', 'dist/']
  expect(await cli('test', ...options)).toMatchObject({ code: 0, out: expect.stringContaining('1 files in 1 folders') })
  expect(await cli('test', ...options, '--path', 'main.ts')).toMatchObject({
    code: 0,
    out: expect.stringContaining('✓ main.ts'),
  })
  const left = await cli('test', ...options, '--path', 'main.ts', '--path', 'dist/main.js')
  expect(left).toMatchObject({ code: 1, out: expect.stringContaining('✗ dist/main.js: the rule dist/ leaves it out') })
})

describe('is refused with what to do:', () => {
  test.each<[string, string[], number, string]>([
    ['two actions', ['add', dir, '--job', 'a', '--say', '#b'], 2, 'Add one watch for each'],
    ['a text without a place to say it', ['add', dir, '--text', 'x'], 2, '--say'],
    ['a time that is none', ['add', dir, '--debounce', 'soon'], 2, '--debounce is a time'],
    ['a time that is too long', ['add', dir, '--debounce', '2h'], 1, 'debounce_ms'],
    ['a job that there is not', ['add', dir, '--job', 'biuld'], 7, 'biuld'],
    ['a folder that is not there', ['add', join(dir, 'none')], 1, 'Make it first'],
    ['a folder outside of the home', ['add', '/usr'], 1, '--outside-home'],
    ['a watch that there is not', ['show', 'none'], 7, 'nekode-daemon watch list'],
    ['nothing to add', ['add'], 2, 'DIR is missing'],
  ])('%s', async (_, words, code, said) => {
    const { err, ...result } = await cli(...words)
    expect([result.code, err]).toEqual([code, expect.stringContaining(said)])
    expect(await json('list')).toMatchObject({ items: [] })
  })
})
