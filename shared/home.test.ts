import { afterEach, beforeEach, expect, test } from 'bun:test'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { daemonHome, LOCAL_DAEMON } from './home'

let home: string
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'nekode-home-'))
})
afterEach(() => rmSync(home, { recursive: true }))

const enroll = (folder: string) => {
  mkdirSync(folder, { recursive: true })
  writeFileSync(join(folder, 'daemon.json'), '{}')
}
const found = () => daemonHome({ NEKODE_HOME: home })

test('the daemon of a machine is its own, else the one of the server that keeps its data here', () => {
  expect(found()).toBe(home)
  enroll(join(home, LOCAL_DAEMON))
  expect(found()).toBe(join(home, LOCAL_DAEMON))
  enroll(home)
  expect(found()).toBe(home)
})
