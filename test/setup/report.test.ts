import { afterAll, expect, test } from 'bun:test'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { run } from './command'
import { count, failures } from './report'

const dir = mkdtempSync(join(tmpdir(), 'report-'))
afterAll(() => rmSync(dir, { recursive: true, force: true }))

/** Runs real test files through the real `bun test`, and counts what comes out. */
async function counted(files: Record<string, string>, timeoutSeconds = 20) {
  const folder = mkdtempSync(join(dir, 'run-'))
  for (const [name, text] of Object.entries(files)) await Bun.write(join(folder, name), text)
  const report = join(folder, 'report.xml')
  const flags = ['--only-failures', '--reporter=junit', `--reporter-outfile=${report}`]
  const outcome = await run([process.execPath, 'test', ...flags, './'], { cwd: folder, timeoutSeconds })
  const junit = (await Bun.file(report).exists()) ? readFileSync(report, 'utf8') : ''
  return { ...count(outcome, junit), outcome }
}

const good = `import { expect, test } from 'bun:test'\ntest('is one', () => expect(1).toBe(1))\n`

test('passed and failed tests are counted, and the failure is told', async () => {
  const bad = `import { expect, test } from 'bun:test'\ntest('is two', () => expect(1).toBe(2))\n`
  const result = await counted({ 'a.test.ts': good, 'b.test.ts': bad })
  expect(result).toMatchObject({ passed: 1, failed: 1, left: [] })
  expect(failures(result.outcome.output)).toContain('(fail) is two')
})

test('a test file that does not load is a failure', async () => {
  const result = await counted({ 'a.test.ts': good, 'b.test.ts': `import './nothing'\n` })
  expect(result).toMatchObject({ passed: 1, failed: 1 })
})

test('skipped tests are named and not counted as passed', async () => {
  const skipping = `import { describe, test } from 'bun:test'
    describe('storage', () => { test.skipIf(true)('on "mysql" & co', () => {}); test.todo('later') })`
  const result = await counted({ 'a.test.ts': good, 'b.test.ts': skipping })
  expect(result).toMatchObject({ passed: 1, failed: 0 })
  expect(result.left).toEqual(['storage > on "mysql" & co', 'storage > later'])
})

test('a run that ends by itself half-way is a failure', async () => {
  const leaving = `import { test } from 'bun:test'\ntest('leaves', () => process.exit(3))\n`
  expect(await counted({ 'a.test.ts': leaving })).toMatchObject({ passed: 0, failed: 1 })
})

test('a run that hangs is ended and is a failure', async () => {
  const hanging = `import { test } from 'bun:test'\ntest('hangs', () => { for (;;) {} })\n`
  const result = await counted({ 'a.test.ts': hanging }, 1)
  expect(result).toMatchObject({ passed: 0, failed: 1 })
  expect(result.outcome).toMatchObject({ timedOut: true, code: 124 })
})

test('a printed line that looks like a count is not mistaken for one', async () => {
  const printing = `import { test } from 'bun:test'\nconsole.log(' 7 fail')\nconsole.log('7 pass')\ntest('prints', () => {})\n`
  expect(await counted({ 'a.test.ts': printing })).toMatchObject({ passed: 1, failed: 0 })
})
