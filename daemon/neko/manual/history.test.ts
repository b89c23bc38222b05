import { afterEach, beforeEach, expect, test } from 'bun:test'
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createLogger } from '@shared/log'
import { History } from './history'

let home: string
let path: string
const logged: string[] = []
const log = createLogger({ write: (line) => logged.push(line) })

beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'nekode-history-'))
  path = join(home, 'neko', 'history')
  logged.length = 0
})
afterEach(() => rmSync(home, { recursive: true, force: true }))

test('keeps lines for the next time, the newest first, for their owner alone', () => {
  const history = new History({ path, keepsText: false, log })
  expect(history.load()).toEqual([])
  history.add('tap 1 2', undefined)
  history.add('key Enter', 'tap 1 2')
  history.add('key Enter', 'key Enter')
  expect(new History({ path, keepsText: false, log }).load()).toEqual(['key Enter', 'tap 1 2'])
  expect(statSync(path).mode & 0o777).toBe(0o600)
  expect(statSync(join(home, 'neko')).mode & 0o777).toBe(0o700)
})

test('does not keep what is typed, unless it is asked to', () => {
  const lines = ['text hunter2', 'input 1 2 hunter2', 'paste hunter2', 'hunter2', ' tap 3 4', '', 'who']
  const add = (keepsText: boolean) => {
    for (const line of lines) new History({ path, keepsText, log }).add(line, undefined)
    return readFileSync(path, 'utf8').split('\n').filter(Boolean)
  }
  expect(add(false)).toEqual(['who'])
  expect(add(true)).toEqual(['who', 'text hunter2', 'input 1 2 hunter2', 'paste hunter2', 'hunter2', 'who'])
})

test('keeps the last thousand', () => {
  new History({ path, keepsText: false, log }).add('who', undefined)
  writeFileSync(path, Array.from({ length: 1200 }, (_, at) => `move ${at} 0\n`).join(''))
  const lines = new History({ path, keepsText: false, log }).load()
  expect([lines.length, lines[0], lines.at(-1)]).toEqual([1000, 'move 1199 0', 'move 200 0'])
  expect(readFileSync(path, 'utf8').split('\n')).toHaveLength(1001)
})

test('says once that it cannot be kept, and does without', () => {
  writeFileSync(join(home, 'neko'), 'a file where the folder belongs')
  const history = new History({ path, keepsText: false, log })
  history.add('who', undefined)
  history.add('where', undefined)
  expect(history.load()).toEqual([])
  expect(logged).toHaveLength(1)
  expect(existsSync(path)).toBe(false)
})
