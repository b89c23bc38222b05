import { afterEach, beforeEach, expect, test } from 'bun:test'
import {
  appendFileSync,
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { canMount, smallDisk } from '../../test/disk'
import { LogFile } from './logfile'

let dir: string
let path: string
const open: LogFile[] = []
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'nekode-log-'))
  path = join(dir, 'sub/nekode.log')
})
afterEach(() => {
  for (const file of open.splice(0)) file.close()
  rmSync(dir, { recursive: true })
})

function logFile(options: Partial<ConstructorParameters<typeof LogFile>[0]> = {}): LogFile {
  const file = new LogFile({ path, ...options })
  open.push(file)
  return file
}
const read = (end = '') => readFileSync(path + end, 'utf8')

test('is for this user alone, also where it was there before with another mode', () => {
  mkdirSync(join(dir, 'sub'))
  writeFileSync(path, 'before\n')
  chmodSync(path, 0o644)
  logFile().write('after')
  expect(read()).toBe('before\nafter\n')
  expect(statSync(path).mode & 0o777).toBe(0o600)
})

test('becomes .1 when it is full, and the oldest is gone; no line is cut or lost on the way', () => {
  const file = logFile({ maxBytes: 100, keep: 3 })
  const lines = Array.from({ length: 60 }, (_, i) => `line ${i} äöü`)
  for (const line of lines) file.write(line)
  expect(existsSync(`${path}.4`)).toBe(false)
  const kept = ['.3', '.2', '.1', ''].flatMap((end) => read(end).trimEnd().split('\n'))
  expect(kept).toEqual(lines.slice(-kept.length))
  for (const end of ['', '.1', '.2', '.3']) {
    expect(statSync(path + end).size).toBeLessThanOrEqual(100)
    expect(statSync(path + end).mode & 0o777).toBe(0o600)
  }
})

test('goes on where an earlier process left it, and counts what that wrote', () => {
  logFile({ maxBytes: 20 }).write('x'.repeat(15))
  logFile({ maxBytes: 20 }).write('y'.repeat(10))
  expect([read('.1'), read()]).toEqual([`${'x'.repeat(15)}\n`, `${'y'.repeat(10)}\n`])
})

test('a line that is longer than a file may be is written whole', () => {
  const file = logFile({ maxBytes: 20 })
  file.write('x'.repeat(50))
  file.write('y')
  expect([read('.1'), read()]).toEqual([`${'x'.repeat(50)}\n`, 'y\n'])
})

test('a device is left as it is, also one on which nothing can be written', () => {
  const { mode } = statSync('/dev/full')
  const file = logFile({ path: '/dev/full', maxBytes: 10 })
  for (let i = 0; i < 5; i++) file.write('nobody reads this')
  expect(statSync('/dev/full').mode).toBe(mode)
  expect(existsSync('/dev/full.1')).toBe(false)
})

test.skipIf(!canMount())('on a full disk lines are left out, and when there is room again it says how many', () => {
  using small = smallDisk('2m')!
  const file = logFile({ path: join(small.path, 'nekode.log'), now: () => new Date(0) })
  file.write('before')
  writeFileSync(join(small.path, 'ballast'), Buffer.alloc(1_900_000))
  expect(() => appendFileSync(join(small.path, 'ballast'), Buffer.alloc(1_000_000))).toThrow()
  for (let i = 0; i < 2000; i++) file.write('x'.repeat(100))
  rmSync(join(small.path, 'ballast'))
  file.write('after')
  const lines = readFileSync(join(small.path, 'nekode.log'), 'utf8').trimEnd().split('\n')
  expect(lines[0]).toBe('before')
  expect(lines.at(-1)).toBe('after')
  const missing = Number(/^1970-01-01T00:00:00.000Z \((\d+) lines are missing here\)$/.exec(lines.at(-2) ?? '')?.[1])
  expect(missing).toBeGreaterThan(0)
})

test('where it cannot be made, that is said with what to do', () => {
  writeFileSync(join(dir, 'sub'), 'no folder')
  expect(() => logFile()).toThrow(`The log ${path} cannot be written`)
})
