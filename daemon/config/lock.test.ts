import { afterEach, beforeEach, expect, test } from 'bun:test'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { acquireLock, findHolder } from './lock'
import { makeFolders, pathsOf } from './paths'

let home: string
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'nekode-lock-'))
  makeFolders(pathsOf(home))
})
const others: Bun.Subprocess[] = []
afterEach(async () => {
  for (const other of others.splice(0)) {
    other.kill('SIGKILL')
    await other.exited
  }
  rmSync(home, { recursive: true })
})

/** Another process that holds the lock until it is killed. */
async function holdElsewhere() {
  const code = `
    import { acquireLock } from ${JSON.stringify(join(import.meta.dir, 'lock.ts'))}
    import { pathsOf } from ${JSON.stringify(join(import.meta.dir, 'paths.ts'))}
    acquireLock(pathsOf(${JSON.stringify(home)}), '9.9.9')
    console.log('held')
    setInterval(() => {}, 1000)`
  const other = Bun.spawn([process.execPath, '-e', code], { stdout: 'pipe' })
  others.push(other)
  await other.stdout.getReader().read()
  return other
}

test('a second daemon is told who holds the lock and since when', async () => {
  const other = await holdElsewhere()
  const paths = pathsOf(home)
  expect(findHolder(paths)).toMatchObject({ pid: other.pid, version: '9.9.9' })
  const since = new Date(findHolder(paths)!.since).toISOString()
  expect(() => acquireLock(paths, '1.0.0')).toThrow(
    `Another nekode-daemon (process ${other.pid}, since ${since}) already runs in ${home}.`,
  )
})

test('the lock of a killed daemon is free at once, though its note is still there', async () => {
  const other = await holdElsewhere()
  other.kill('SIGKILL')
  await other.exited
  const paths = pathsOf(home)
  expect(findHolder(paths)).toBeUndefined()
  const lock = acquireLock(paths, '1.0.0')
  expect(findHolder(paths)?.pid).toBe(process.pid)
  lock.release()
  expect(findHolder(paths)).toBeUndefined()
})

test('two homes have two locks', async () => {
  const other = await holdElsewhere()
  const paths = pathsOf(join(home, 'second'))
  makeFolders(paths)
  acquireLock(paths, '1.0.0').release()
  expect(findHolder(pathsOf(home))?.pid).toBe(other.pid)
})
