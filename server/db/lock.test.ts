import { afterEach, beforeEach, expect, test } from 'bun:test'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { lockDatabase } from './lock'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'nekode-lock-'))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

test('a database file has one server at a time, and the next one when it is given back', () => {
  const dsn = `sqlite:${join(folder, 'deep', 'n.db')}`
  const release = lockDatabase(dsn)
  expect(() => lockDatabase(dsn)).toThrow(expect.objectContaining({ code: 'storage_locked' }))
  release()
  lockDatabase(dsn)()
})

test('another process is kept out, and its end, however it comes, frees the lock', async () => {
  const dsn = `sqlite:${join(folder, 'n.db')}`
  const code = `import { lockDatabase } from '${import.meta.dir}/lock'; lockDatabase('${dsn}'); console.log('locked'); setInterval(() => {}, 1000)`
  const other = Bun.spawn([process.execPath, '-e', code], { stdout: 'pipe', cwd: join(import.meta.dir, '../..') })
  for await (const chunk of other.stdout) if (new TextDecoder().decode(chunk).includes('locked')) break
  expect(() => lockDatabase(dsn)).toThrow(expect.objectContaining({ code: 'storage_locked' }))
  other.kill('SIGKILL')
  await other.exited
  lockDatabase(dsn)()
})

test('databases of their own servers need no lock', () => {
  for (const dsn of ['postgres://h/n', 'mysql://h/n', 'sqlite::memory:']) {
    lockDatabase(dsn)
    lockDatabase(dsn)
  }
})

test('a folder that cannot be made is told', () => {
  writeFileSync(join(folder, 'file'), '')
  expect(() => lockDatabase(`sqlite:${join(folder, 'file', 'n.db')}`)).toThrow(
    expect.objectContaining({ code: 'storage_unwritable' }),
  )
})
