import { afterEach, beforeEach, describe, expect, setDefaultTimeout, test } from 'bun:test'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type Server, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createLogger } from '@shared/log'
import { type Found, carrying } from '../../../test/setup/processes'
import { Keychain } from './keychain'
import { Desktop, HELPER, hasSecretService } from './testing'

// A key from a passphrase, and a helper process, take seconds on a machine that does much else.
setDefaultTimeout(60_000)

let lines: string[]
const log = createLogger({ level: 'debug', write: (line) => lines.push(line) })
beforeEach(() => {
  lines = []
})
const isHelper = ({ command }: Found) => command.endsWith('keychain')
const keychainOf = (env: Record<string, string>, patienceMs = 60_000) =>
  new Keychain({ helper: HELPER, service: 'nekode', env, log, patienceMs })
const codeOf = (work: Promise<unknown>): Promise<string> =>
  work.then(
    () => 'no error',
    (error: { code: string; message: string }) => `${error.code}: ${error.message}`,
  )

describe.skipIf(!hasSecretService)('a Secret Service', () => {
  test('keeps, gives out and forgets values, which other programs of the user find there too', async () => {
    await using desktop = await Desktop.start()
    const keychain = keychainOf(desktop.env)
    expect(await keychain.problem()).toBeUndefined()
    const key = `-----BEGIN-----\n${'x'.repeat(60_000)} früh 你好\n-----END-----\n`
    await keychain.set([
      ['anthropic', 'sk-1'],
      ['agent_1/KEY', key],
    ])
    expect(await keychain.get(['agent_1/KEY', 'nothing', 'anthropic'])).toEqual([key, null, 'sk-1'])
    expect(await desktop.look('nekode', 'anthropic')).toBe('sk-1')
    await keychain.set([['anthropic', 'sk-2']])
    await keychain.delete(['agent_1/KEY', 'was never there'])
    expect(await keychain.get(['anthropic', 'agent_1/KEY'])).toEqual(['sk-2', null])
  })

  test('that takes nothing says so, and what is asked of it later fails no agent', async () => {
    await using desktop = await Desktop.start({ unlocked: false })
    const keychain = keychainOf(desktop.env)
    expect(await keychain.problem()).toBeUndefined()
    expect(await codeOf(keychain.set([['a', '1']]))).toMatch(/^SECRET-001: The keychain of this computer says: /)
    expect(await keychain.problem()).toContain('The keychain of this computer says')
    expect(await keychain.get(['a'])).toEqual([null])
  })

  test('that hangs is given up, left alone for a minute, and its helper leaves no process', async () => {
    await using desktop = await Desktop.start()
    let now = 0
    const options = { helper: HELPER, service: 'nekode', env: desktop.env, log, patienceMs: 60_000, now: () => now }
    const keychain = new Keychain(options)
    await keychain.set([['a', 'value-of-a']])
    desktop.freeze(true)
    options.patienceMs = 1500
    expect(await codeOf(keychain.get(['a']))).toMatch(/^SECRET-001: .* gave no answer within 1.5 seconds/)
    expect(carrying(desktop.home).filter(isHelper)).toEqual([])
    // Nobody waits for it now.
    expect(await codeOf(Promise.all([keychain.get(['a']), keychain.get(['a'])]))).toContain('gave no answer')
    expect(await keychain.problem()).toContain('gave no answer')
    desktop.freeze(false)
    now = 61_000
    options.patienceMs = 60_000
    expect(await keychain.get(['a'])).toEqual(['value-of-a'])
    expect(lines.join('\n')).not.toContain('value-of-a')
  })
})

describe('without a Secret Service', () => {
  let folder: string
  let server: Server | undefined
  const sockets: Socket[] = []
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'nekode-bus-'))
  })
  afterEach(() => {
    for (const socket of sockets.splice(0)) socket.destroy()
    server?.close()
    rmSync(folder, { recursive: true, force: true })
  })

  test('nothing is asked where there is no session bus', async () => {
    const keychain = new Keychain({
      helper: ['/no/such/helper'],
      service: 'x',
      env: { PATH: '' },
      log,
      platform: 'linux',
    })
    expect(await keychain.problem()).toContain('There is no session bus')
  })

  test.if(process.platform === 'linux')('a bus that is not there any more is no keychain', async () => {
    const keychain = keychainOf({ DBUS_SESSION_BUS_ADDRESS: `unix:path=${folder}/gone`, PATH: process.env.PATH ?? '' })
    expect(await keychain.problem()).toContain('The keychain of this computer says')
  })

  test.if(process.platform === 'linux')('a bus that answers nothing does not hold anybody up', async () => {
    const address = join(folder, 'silent')
    server = createServer((socket) => sockets.push(socket))
    await new Promise<void>((resolve) => server?.listen(address, resolve))
    const env = { DBUS_SESSION_BUS_ADDRESS: `unix:path=${address}`, PATH: process.env.PATH ?? '', HOME: folder }
    expect(await keychainOf(env, 1000).problem()).toContain('gave no answer within 1 seconds')
    expect(carrying(folder).filter(isHelper)).toEqual([])
  })

  test.each([
    ['ends with an error', 'process.exit(3)', 'ended with 3'],
    ['says what is no answer', 'console.log("[]")', 'ended with 0'],
    ['says what is no JSON', 'console.log("sk-secret")', 'ended with 0'],
    ['ends by a signal', 'process.kill(process.pid, "SIGSEGV")', 'ended with'],
  ])('a helper that %s is told, and nothing of what it said', async (_, program, says) => {
    const file = join(folder, 'helper.ts')
    writeFileSync(file, program)
    const env = { DBUS_SESSION_BUS_ADDRESS: 'unix:path=/x' }
    const keychain = new Keychain({ helper: [process.execPath, file], service: 'x', env, log, platform: 'linux' })
    const told = await codeOf(keychain.get(['a']))
    expect(told).toContain(says)
    expect(told).not.toContain('sk-secret')
  })
})

test('what Windows cannot keep in one credential is not given to it', () => {
  const keychain = new Keychain({ helper: [], service: 'x', env: {}, log, platform: 'win32' })
  expect(keychain.takes('x'.repeat(1280))).toBe(true)
  expect(keychain.takes('x'.repeat(1281))).toBe(false)
})
