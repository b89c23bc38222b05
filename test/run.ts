/**
 * `bun run test`: installs what the tests need, builds, runs every suite, cleans up, and closes with `N passed, N failed`.
 * `bun run test server/messages` runs the tests of that folder or file, without installing programs or starting databases.
 *
 *   --set-up       do the whole set-up for a part as well
 *   --no-checks    leave out format, types, lint and generated code
 *   --raise-floor  record the number of tests as the least that CI accepts
 *   anything else that starts with a dash goes to `bun test`
 *
 * Runs before the dependencies are installed, so it and what it imports use nothing but Bun.
 */
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Outcome, killRunning, run } from './setup/command'
import { runChecks } from './setup/checks'
import { type Running, startMariadb, startPostgres } from './setup/databases'
import { sweep } from './setup/processes'
import { count, failures } from './setup/report'
import { type Suite, inGroups, selected } from './setup/suites'
import { find, installTools } from './setup/system'

const FLOOR = 'test/floor.json'
/** Tests also start programs as other users, who have to get to their own folders in there. */
const FOLDER_MODE = 0o711
const CI = process.env.CI === 'true' || process.env.CI === '1'

/** What the set-up brought about, and what it could not. */
interface Stage {
  /** The suites' own environment. */
  env: Record<string, string | undefined>
  /** The run's temporary folder; whatever still carries it afterwards was left behind. */
  folder: string
  databases: Running[]
  /** What is missing, with the reason. */
  out: string[]
}

const seconds = (since: number): string => `${((performance.now() - since) / 1000).toFixed(1)} s`

async function step(name: string, stage: Stage, work: () => Promise<string>): Promise<boolean> {
  const since = performance.now()
  const problem = await work()
  if (problem) stage.out.push(`${name}: ${problem}`)
  console.log(`${name.padEnd(14)}${problem ? 'failed' : 'ready'}  ${seconds(since)}`)
  return !problem
}

const told = ({ code, output }: Outcome, what: string): string =>
  code === 0 ? '' : `${what} ended with ${code}\n${output.trim().split('\n').slice(-15).join('\n')}`

const install = (): Promise<string> =>
  run([process.execPath, 'install', '--frozen-lockfile'], { timeoutSeconds: 600 }).then((o) => told(o, 'bun install'))

const build = (): Promise<string> =>
  run([process.execPath, 'build.ts'], { timeoutSeconds: 300 }).then((o) => told(o, 'the build'))

/** The agent CLIs are the real ones, in a package of their own that nothing else depends on. */
async function agents(stage: Stage): Promise<string> {
  const cwd = join('test', 'agents')
  const outcome = await run([process.execPath, 'install', '--frozen-lockfile'], { cwd, timeoutSeconds: 900 })
  if (outcome.code !== 0) return told(outcome, 'bun install')
  for (const [name, variable] of [
    ['codex', 'NEKODE_TEST_CODEX'],
    ['claude', 'NEKODE_TEST_CLAUDE'],
  ] as const) {
    const program = join(process.cwd(), cwd, 'node_modules', '.bin', name)
    if (!existsSync(program)) return `${name} is not in its package`
    stage.env[variable] = program
  }
  return ''
}

async function tools(stage: Stage): Promise<string> {
  const missing = await installTools()
  stage.env.NEKODE_TEST_CHROMIUM = find('chromium', 'chromium-browser', 'google-chrome')
  stage.env.NEKODE_TEST_REDIS = find('redis-server')
  return [...missing.values()].join('; ')
}

async function databases(stage: Stage): Promise<string> {
  const problems: string[] = []
  for (const [name, variable, start] of [
    ['PostgreSQL', 'NEKODE_TEST_POSTGRES', startPostgres],
    ['MariaDB', 'NEKODE_TEST_MYSQL', startMariadb],
  ] as const) {
    try {
      const server = await start()
      stage.databases.push(server)
      stage.env[variable] = server.url
    } catch (error) {
      problems.push(`${name}: ${error instanceof Error ? error.message : String(error)}`)
    }
  }
  return problems.join('; ')
}

/** Runs one suite and prints its line. */
async function runSuite(suite: Suite, flags: string[], stage: Stage): Promise<{ passed: number; failed: number }> {
  const since = performance.now()
  // Of its own, so that what it leaves behind is told from what runs beside it.
  const folder = join(stage.folder, suite.name)
  mkdirSync(folder, { mode: FOLDER_MODE })
  const report = join(stage.folder, `${suite.name}.xml`)
  const argv = [
    process.execPath,
    'test',
    '--only-failures',
    // A machine that is busy is slow, and not broken: what hangs for good ends all the same.
    '--timeout=30000',
    ...(suite.flags ?? []),
    ...flags,
    '--reporter=junit',
    `--reporter-outfile=${report}`,
    ...suite.paths.map((path) => `./${path}`),
  ]
  const env = { ...stage.env, TMPDIR: folder, NEKODE_TEST_FOLDER: folder }
  const outcome = await run(argv, { env, timeoutSeconds: suite.timeoutMinutes * 60 })
  const result = count(outcome, existsSync(report) ? readFileSync(report, 'utf8') : '')
  const behind = await sweep(folder, 3000)
  const failed = result.failed + (behind.length ? 1 : 0)
  stage.out.push(...result.left.map((name) => `${suite.name}: ${name}`))
  console.log(`${suite.name.padEnd(10)}${result.passed} passed, ${failed} failed  ${seconds(since)}`)
  if (result.failed) console.log(`\n${failures(outcome.output)}\n`)
  if (outcome.timedOut) console.log(`${suite.name} did not end within ${suite.timeoutMinutes} minutes and was killed.`)
  for (const { pid, command } of behind)
    console.log(`${suite.name} left process ${pid} behind: ${command.slice(0, 200)}`)
  return { passed: result.passed, failed }
}

/** @returns why this many tests are too few, empty when they are not */
function belowFloor(tests: number, raise: boolean): string {
  const { tests: floor }: { tests: number } = JSON.parse(readFileSync(FLOOR, 'utf8'))
  if (raise && tests > floor) writeFileSync(FLOOR, `{ "tests": ${tests} }\n`)
  return tests < floor ? `Only ${tests} tests ran; ${FLOOR} says that there are ${floor}.` : ''
}

interface Order {
  only: string[]
  flags: string[]
  whole: boolean
  setUp: boolean
  checks: boolean
  raise: boolean
}

function parse(argv: string[]): Order {
  const own = new Set(['--set-up', '--no-checks', '--raise-floor'])
  const only: string[] = []
  const flags: string[] = []
  const rest = argv.filter((arg) => !own.has(arg) && arg !== '--')
  for (let i = 0; i < rest.length; i++) {
    const arg = rest[i] ?? ''
    if (!arg.startsWith('-')) only.push(arg)
    // The one option of `bun test` whose value people write as the next word.
    else if (arg === '-t') flags.push(arg, rest[++i] ?? '')
    else flags.push(arg)
  }
  const whole = !only.length && !flags.length
  return {
    only,
    flags,
    whole,
    setUp: whole || argv.includes('--set-up'),
    checks: whole && !argv.includes('--no-checks'),
    raise: argv.includes('--raise-floor'),
  }
}

/** @returns whether the tests can run at all */
async function setUp(order: Order, stage: Stage, heavy: boolean): Promise<boolean> {
  if ((order.setUp || !existsSync('node_modules')) && !(await step('dependencies', stage, install))) return false
  if (order.setUp || heavy) {
    if (!(await step('build', stage, build))) return false
    stage.env.NEKODE_TEST_BUILT = join(process.cwd(), 'dist')
  }
  if (!order.setUp) return true
  await step('programs', stage, () => tools(stage))
  await step('agent CLIs', stage, () => agents(stage))
  await step('databases', stage, () => databases(stage))
  return true
}

async function perform(order: Order, stage: Stage): Promise<number> {
  const { suites, unknown } = selected(order.only)
  if (unknown.length || !suites.length) {
    console.log(`There is no test in ${unknown.join(', ') || 'this tree'}.`)
    return 1
  }
  const ready = await setUp(
    order,
    stage,
    suites.some((suite) => suite.heavy),
  )
  const total = { passed: 0, failed: ready ? 0 : 1 }
  const add = (result: { passed: number; failed: number }): void => {
    total.passed += result.passed
    total.failed += result.failed
  }
  if (ready && order.checks) {
    const since = performance.now()
    const result = await runChecks()
    console.log(`${'checks'.padEnd(10)}${result.passed} passed, ${result.failed} failed  ${seconds(since)}`)
    add(result)
  }
  for (const group of ready ? inGroups(suites) : [])
    for (const result of await Promise.all(group.map((suite) => runSuite(suite, order.flags, stage)))) add(result)

  for (const line of stage.out) console.log(`left out: ${line}`)
  const few = order.whole && ready ? belowFloor(total.passed + total.failed, order.raise) : ''
  if (few) console.log(few)
  if (CI && stage.out.length) console.log('In CI nothing may be left out.')
  console.log(`${total.passed} passed, ${total.failed} failed`)
  const good = ready && !total.failed && total.passed > 0
  return good && !(CI && (few || stage.out.length)) ? 0 : 1
}

/** Runs the tests and cleans up, also when interrupted. @returns the exit code */
export async function main(argv: string[]): Promise<number> {
  process.chdir(join(import.meta.dir, '..'))
  const folder = mkdtempSync('/tmp/nk-test-')
  chmodSync(folder, FOLDER_MODE)
  const env = { ...process.env, TMPDIR: folder, NEKODE_TEST_FOLDER: folder }
  const stage: Stage = { env, folder, databases: [], out: [] }
  let cleaning: Promise<void> | undefined
  const clean = async (): Promise<void> => {
    killRunning()
    await sweep(folder, 0)
    await Promise.all(stage.databases.map((database) => database.stop()))
    rmSync(folder, { recursive: true, force: true })
  }
  for (const [signal, code] of [
    ['SIGINT', 130],
    ['SIGTERM', 143],
    ['SIGHUP', 129],
  ] as const)
    process.once(signal, () => void (cleaning ??= clean()).finally(() => process.exit(code)))
  try {
    return await perform(parse(argv), stage)
  } finally {
    await (cleaning ??= clean())
  }
}

if (import.meta.main) process.exit(await main(process.argv.slice(2)))
