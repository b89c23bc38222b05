import { afterEach, beforeEach, describe, expect, setDefaultTimeout, test } from 'bun:test'
import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { carrying } from '../../../test/setup/processes'
import { JobsHere, until } from './testing'

// What waits is a condition, not a time: a busy computer takes longer.
setDefaultTimeout(60_000)

let here: JobsHere
beforeEach(async () => {
  here = await new JobsHere().start()
})
afterEach(() => here.clean())

const sh = (line: string, more: object = {}) => ({ command: ['sh', '-c', line], ...more })

test('a command runs in its folder with its arguments, its variables and its input, and its streams are told apart', async () => {
  const cwd = join(here.home, 'place')
  mkdirSync(cwd)
  const line = 'echo "$1 $WHO in $PWD as $NEKODE_JOB_NAME"; cat; echo bad >&2'
  const id = await here.add({
    command: ['sh', '-c', line, 'sh', 'hello  there'],
    name: 'greeting',
    cwd,
    env: { WHO: 'you' },
    args: { n: [1, 'zwei'] },
  })
  expect(await here.over(id)).toMatchObject({ state: 'completed', exit_code: 0, attempt: 1, why: 'submitted' })
  expect(await here.text(id)).toBe(
    `hello  there you in ${cwd} as greeting\n{"n":[1,"zwei"]}\n--- standard error ---\nbad\n`,
  )
})

test('a line for a shell runs as it stands', async () => {
  const id = await here.add({ workflow: 'printf "%s\\n" a b | sort -r && false || echo c' })
  await here.over(id)
  expect(await here.text(id)).toBe('b\na\nc\n')
})

test('a command gets nothing of the daemon that it should not have', async () => {
  process.env.NEKODE_DAEMON_TOKEN = 'token-of-the-daemon'
  await here.restart()
  delete process.env.NEKODE_DAEMON_TOKEN
  const id = await here.add({ command: ['env'] })
  await here.over(id)
  const text = await here.text(id)
  expect(text).toContain('NEKODE_JOB_ID=')
  expect(text).not.toContain('token-of-the-daemon')
})

describe('a secret', () => {
  const print = (value: string) => sh(value, { env: { KEY: 'secret:API' } })

  test('is in the environment alone, and masked in the output wherever that is cut', async () => {
    here.secrets.set('API', 'hunter2hunter2')
    const split = 'printf %.7s $KEY; sleep 0.1; echo ${KEY#???????}; echo "got ${#KEY} $KEY"; printf %.6s $KEY'
    const id = await here.add(print(split))
    await here.over(id)
    expect(await here.text(id)).toBe('[secret API]\ngot 14 [secret API]\nhunter')
    expect(JSON.stringify(await here.ask('JobStatus', { id }))).not.toContain('hunter2')
    expect(readFileSync(join(here.state, 'jobs.db')).includes('hunter2')).toBe(false)
  })

  test('that is not there fails the run and says so', async () => {
    const id = await here.add(print('true'))
    expect(await here.over(id)).toMatchObject({ state: 'failed', failure: 'secret_missing' })
    expect((await here.runs(id))[0]!.error).toContain('nekode-daemon secrets set API')
  })
})

describe('what cannot be started is told by name:', () => {
  test('a program that is missing', async () => {
    const id = await here.add({ command: ['there-is-no-such-program'] })
    expect(await here.over(id)).toMatchObject({ state: 'failed', failure: 'command_missing', exit_code: null })
  })

  test('a file that is no program', async () => {
    const path = join(here.home, 'text')
    writeFileSync(path, 'words')
    const id = await here.add({ command: [path] })
    expect(await here.over(id)).toMatchObject({ state: 'failed', failure: 'not_executable' })
  })

  test('a folder that is gone', async () => {
    const id = await here.add(sh('true', { cwd: join(here.home, 'gone') }))
    expect(await here.over(id)).toMatchObject({ state: 'failed', failure: 'cwd_missing' })
  })

  test('a program beside the folder of the job is found', async () => {
    writeFileSync(join(here.home, 'run.sh'), '#!/bin/sh\necho found')
    chmodSync(join(here.home, 'run.sh'), 0o755)
    const id = await here.add({ command: ['./run.sh'], cwd: here.home })
    await here.over(id)
    expect(await here.text(id)).toBe('found\n')
  })
})

test('an exit code is a failure of its own, and what waits is warned of', async () => {
  const id = await here.add(sh('exit 7'))
  expect(await here.over(id)).toMatchObject({ state: 'failed', failure: 'exit', exit_code: 7 })
  const reply = await here.ask('JobSubmit', { command: ['no-such-program'], cwd: '/no/such/folder' })
  expect(reply.warnings).toHaveLength(2)
})

test('of an output that is too long the end is kept, with a mark for the rest', async () => {
  const id = await here.add(sh('i=0; while [ $i -lt 30000 ]; do echo "line $i"; i=$((i+1)); done; echo oh >&2'))
  await here.over(id)
  const text = await here.text(id)
  expect(text).toStartWith('[… ')
  expect(text).toContain('line 29999\n\n--- standard error ---\noh\n')
  expect(text.length).toBeLessThan(66_000)
})

test('a command that says without end takes neither the memory nor the time of the daemon, and can be ended', async () => {
  const id = await here.add({ command: ['yes'] })
  await until(async () => (await here.text(id)).startsWith('[…'))
  const other = await here.add({ command: ['echo', 'still here'] })
  await here.over(other)
  await here.ask('JobCancel', { id })
  expect(await here.over(id)).toMatchObject({ state: 'cancelled' })
})

describe('the end from outside', () => {
  test('comes to the whole group, with the time to clean up', async () => {
    const line = `trap 'echo cleaned; exit 3' TERM; echo ready; sleep 60 & wait`
    const id = await here.add(sh(line))
    await until(async () => (await here.text(id)) === 'ready\n')
    expect(await here.ask('JobCancel', { id })).toEqual({ type: 'Ok' })
    expect(await here.over(id)).toMatchObject({ state: 'cancelled', exit_code: 3 })
    expect(await here.text(id)).toBe('ready\ncleaned\n')
    expect(carrying(here.home)).toEqual([])
  })

  test('comes after the timeout, and finds what went into a session of its own', async () => {
    const line = 'setsid sh -c "echo deep; sleep 60" & echo ready; sleep 60'
    const id = await here.add(sh(line, { timeout_secs: 1 }))
    expect(await here.over(id)).toMatchObject({ state: 'failed', failure: 'timeout' })
    expect((await here.runs(id))[0]!.error).toBe('It was not done after 1s.')
    expect(carrying(here.home)).toEqual([])
  })

  test('comes to what is left of a command that has ended', async () => {
    const id = await here.add(sh('sleep 60 & setsid sleep 60 & echo done'))
    expect(await here.over(id)).toMatchObject({ state: 'completed' })
    expect(carrying(here.home)).toEqual([])
  })

  test('a signal that nobody asked for is a failure', async () => {
    const id = await here.add(sh('kill -9 $$'))
    expect(await here.over(id)).toMatchObject({ state: 'failed', exit_code: 137 })
    expect((await here.runs(id))[0]!.error).toBe('It ended with exit code 137, as by SIGKILL.')
  })
})

test('the traces of a run are gone when it is over', async () => {
  const id = await here.add(sh('true'))
  await here.over(id)
  expect(existsSync(join(here.state, 'jobs', `${(await here.runs(id))[0]!.id}.1.began`))).toBe(false)
})
