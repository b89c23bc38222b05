import { afterEach, beforeEach, expect, test } from 'bun:test'
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { carrying, sweep } from './processes'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'sweep-'))
  mkdirSync(join(folder, 'inside'))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

interface Sleeper {
  args?: string[]
  env?: Record<string, string>
  cwd?: string
}

/** A process in a session of its own, as agents are. */
const sleeper = ({ args = [], env = {}, cwd = '/' }: Sleeper): Bun.Subprocess =>
  Bun.spawn(['sh', '-c', 'while :; do sleep 1; done', 'sleeper', ...args], {
    cwd,
    env: { PATH: process.env.PATH ?? '', ...env },
    stdio: ['ignore', 'ignore', 'ignore'],
    detached: true,
  })

/** The kernel lets a parent go on a moment before the new program's command line and environment can be read. */
async function started(child: Bun.Subprocess): Promise<void> {
  while (!carrying('').some(({ pid }) => pid === child.pid)) await Bun.sleep(1)
  await Bun.sleep(5)
}

const clues: [string, (folder: string) => Sleeper][] = [
  ['its environment', (path) => ({ env: { HOME: join(path, 'home') } })],
  ['its command line', (path) => ({ args: [join(path, 'config.json')] })],
  ['its working folder', (path) => ({ cwd: join(path, 'inside') })],
]

test.each(clues)('a process with the folder in %s is found, killed and named', async (_, clue) => {
  const child = sleeper(clue(folder))
  await started(child)
  const pids = (): number[] => carrying(folder).map(({ pid }) => pid)
  expect(pids()).toContain(child.pid)
  const left = await sweep(folder, 0)
  expect(left.find(({ pid }) => pid === child.pid)?.command).toContain('sleeper')
  await child.exited
  expect(child.signalCode).toBe('SIGKILL')
  expect(pids()).toEqual([])
})

test('a process of another folder is left alone', async () => {
  const child = sleeper({ env: { HOME: `${folder.slice(0, -1)}_` } })
  await started(child)
  expect(await sweep(folder, 0)).toEqual([])
  expect(child.exitCode).toBeNull()
  child.kill('SIGKILL')
  await child.exited
})

test('a process that ends by itself in time is not counted', async () => {
  const child = Bun.spawn(['sleep', '0.5'], { env: { PATH: process.env.PATH ?? '', FOLDER: folder } })
  await started(child)
  expect(carrying(folder).map(({ pid }) => pid)).toEqual([child.pid])
  expect(await sweep(folder, 10_000)).toEqual([])
  expect(child.exitCode === null ? await child.exited : child.exitCode).toBe(0)
})
