import { afterEach, beforeEach, describe, expect, setDefaultTimeout, test } from 'bun:test'
import {
  chmodSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createLogger } from '@shared/log'
import { canMount, smallDisk } from '../../../test/disk'
import { SecretRegister } from './register'
import { type Entry, Vault } from './vault'

// A key from a passphrase, and a helper process, take seconds on a machine that does much else.
setDefaultTimeout(60_000)

let home: string
let lines: string[]
const registers: SecretRegister[] = []
const log = createLogger({ level: 'debug', write: (line) => lines.push(line) })
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'nekode-vault-'))
  lines = []
})
afterEach(() => {
  for (const register of registers.splice(0)) register.close()
  rmSync(home, { recursive: true, force: true })
})

function vaultIn(folder: string, passphrase?: string): Vault {
  const register = SecretRegister.open(home, log)
  registers.push(register)
  return new Vault({ folder, log, passphrase, exclusive: (work) => register.exclusive(work) })
}
const open = (passphrase?: string): Vault => vaultIn(join(home, 'secrets'), passphrase)

const entry = (name: string, value: string): Entry => ({ name, agentId: '', value, createdAt: 1, changedAt: 2 })
const add = (vault: Vault, ...entries: Entry[]) => vault.change((all) => void all.push(...entries))
const names = async (vault: Vault) => (await vault.read()).map(({ name }) => name)
const keyFiles = () => readdirSync(join(home, 'secrets')).filter((name) => name.endsWith('.key'))
const asides = () => readdirSync(join(home, 'secrets')).filter((name) => name.includes('damaged'))
const code = (work: Promise<unknown>): Promise<string> =>
  work.then(
    () => 'no error',
    (error: { code: string; message: string }) => `${error.code}: ${error.message}`,
  )

describe.each([
  ['a key file', undefined],
  ['a passphrase', 'correct horse battery'],
])('a vault with %s', (_, passphrase) => {
  test('gives back what was put into it, to another process too, and keeps nothing readable on the disk', async () => {
    const value = 'sk-very-secret-0123456789 früh 你好\n"two"'
    await add(open(passphrase), entry('openai', value), entry('b', 'x'.repeat(60_000)))
    expect(await open(passphrase).read()).toEqual([entry('openai', value), entry('b', 'x'.repeat(60_000))])
    const text = readFileSync(join(home, 'secrets', 'vault.json'), 'utf8')
    for (const part of ['very-secret', 'openai', 'correct horse', btoa('openai')]) expect(text).not.toContain(part)
  })

  test('belongs to this user alone', async () => {
    await add(open(passphrase), entry('a', '1'))
    expect(statSync(join(home, 'secrets')).mode & 0o777).toBe(0o700)
    for (const name of readdirSync(join(home, 'secrets')))
      expect([name, statSync(join(home, 'secrets', name)).mode & 0o777]).toEqual([name, 0o600])
    expect(keyFiles()).toHaveLength(passphrase === undefined ? 1 : 0)
  })

  test('says in its header what it is', async () => {
    await add(open(passphrase), entry('a', '1'))
    const { header } = JSON.parse(readFileSync(join(home, 'secrets', 'vault.json'), 'utf8'))
    expect(header).toMatchObject({ format: 'nekode-vault', version: 1, cipher: 'aes-256-gcm' })
    expect(header.kdf).toMatchObject(
      passphrase === undefined ? { name: 'key-file' } : { name: 'argon2id', memoryKib: 65_536, passes: 3 },
    )
    expect(open(passphrase).protection()).toBe(header.kdf.name)
  })

  test('writes the same secrets differently each time', async () => {
    const vault = open(passphrase)
    await add(vault, entry('a', '1'))
    const before = readFileSync(vault.path, 'utf8')
    await vault.change(() => undefined)
    expect(readFileSync(vault.path, 'utf8')).not.toBe(before)
  })

  test('gets a new key, and the old one opens nothing any more', async () => {
    const vault = open(passphrase)
    await add(vault, entry('a', '1'))
    const old = readFileSync(vault.path, 'utf8')
    const oldKeys = keyFiles()
    await vault.rotate()
    expect(JSON.parse(readFileSync(vault.path, 'utf8')).header.kdf).not.toEqual(JSON.parse(old).header.kdf)
    expect(await names(open(passphrase))).toEqual(['a'])
    for (const name of oldKeys) expect(existsSync(join(home, 'secrets', name))).toBe(false)
    expect(keyFiles()).toHaveLength(oldKeys.length)
  })
})

test('nothing is written by looking', async () => {
  expect(await open().read()).toEqual([])
  expect(open().protection()).toBeUndefined()
  expect(existsSync(join(home, 'secrets'))).toBe(false)
})

describe('another key', () => {
  test('a wrong passphrase is told as what it is, and changes nothing', async () => {
    await add(open('correct horse'), entry('a', '1'))
    const before = readFileSync(open().path, 'utf8')
    const ways = [
      (vault: Vault) => vault.read(),
      (vault: Vault) => add(vault, entry('b', '2')),
      (vault: Vault) => vault.rotate('new one'),
    ]
    for (const work of ways)
      expect(await code(work(open('wrong')))).toMatch(/^SECRET-001: The passphrase is not the one of the vault/)
    expect(readFileSync(open().path, 'utf8')).toBe(before)
    expect(await names(open('correct horse'))).toEqual(['a'])
  })

  test('without a passphrase it is asked for one', async () => {
    await add(open('correct horse'), entry('a', '1'))
    expect(await code(open().read())).toMatch(/^SECRET-001: The vault .* is protected by a passphrase/)
  })

  test('the same letters in another spelling are the same passphrase', async () => {
    await add(open('Ünicode'.normalize('NFC')), entry('a', '1'))
    expect(await names(open('Ünicode'.normalize('NFD')))).toEqual(['a'])
  })

  test.each<[string, (path: string) => void, RegExp]>([
    ['is gone', (path) => rmSync(path), /key file .* is missing/],
    ['is another one', (path) => writeFileSync(path, btoa('x'.repeat(32))), /is not the one of the vault/],
    ['is cut off', (path) => truncateSync(path, 10), /is damaged/],
    ['is empty', (path) => writeFileSync(path, ''), /is damaged/],
  ])('a key file that %s is told as what it is, and the vault stays', async (_, spoil, says) => {
    const vault = open()
    await add(vault, entry('a', '1'))
    const before = readFileSync(vault.path, 'utf8')
    spoil(join(home, 'secrets', keyFiles()[0] ?? ''))
    expect(await code(vault.read())).toMatch(says)
    expect(await code(add(vault, entry('b', '2')))).toMatch(says)
    expect(readFileSync(vault.path, 'utf8')).toBe(before)
  })

  test('a key file that others can read is closed to them, with a warning', async () => {
    const vault = open()
    await add(vault, entry('a', '1'))
    const path = join(home, 'secrets', keyFiles()[0] ?? '')
    chmodSync(path, 0o644)
    expect(await names(vault)).toEqual(['a'])
    expect(statSync(path).mode & 0o777).toBe(0o600)
    expect(lines.join()).toContain('could be read by others')
  })

  test('a vault with a key file gets the passphrase of the daemon by rotation, and another one', async () => {
    await add(open(), entry('a', '1'))
    const vault = open('first passphrase')
    expect(await names(vault)).toEqual(['a'])
    expect(await vault.rotate()).toBe('argon2id')
    expect(keyFiles()).toEqual([])
    expect(await names(open('first passphrase'))).toEqual(['a'])
    expect(await vault.rotate('second passphrase')).toBe('argon2id')
    // The one that rotated goes on with it.
    await add(vault, entry('b', '2'))
    expect(await names(open('second passphrase'))).toEqual(['a', 'b'])
    expect(await code(open('first passphrase').read())).toContain('The passphrase is not the one')
  })
})

describe('a damaged vault', () => {
  test('cut off at any length it is set aside, and never overwritten', async () => {
    const vault = open()
    await add(vault, entry('a', 'a value'))
    const whole = readFileSync(vault.path)
    for (const length of [0, 1, 10, 100, Math.floor(whole.length / 2), whole.length - 60, whole.length - 3]) {
      writeFileSync(vault.path, whole.subarray(0, length))
      expect(await code(vault.read())).toMatch(/^SECRET-001: The vault of the secrets was damaged and is set aside as/)
      const [aside = ''] = asides()
      expect(readFileSync(join(home, 'secrets', aside))).toEqual(whole.subarray(0, length))
      expect(await vault.read()).toEqual([])
      rmSync(join(home, 'secrets', aside))
    }
    expect(lines.join()).toContain('damaged and is set aside')
  })

  test('a single changed bit anywhere in it is seen, and no wrong secret comes out', async () => {
    const vault = open()
    await add(vault, entry('a', 'a value'))
    const whole = readFileSync(vault.path)
    const outcomes = new Set<string>()
    // Without the newline at its end.
    for (let at = 0; at < whole.length - 1; at++) {
      const changed = Buffer.from(whole)
      changed[at] = (changed[at] ?? 0) ^ (1 << (at % 8))
      writeFileSync(vault.path, changed)
      const outcome = await vault.read().then(
        (entries) => JSON.stringify(entries),
        (error: { code: string; message: string }) => error.message.replace(/ as .*|the vault \S+/, ''),
      )
      outcomes.add(outcome)
      // What is not set aside is still there as it was found.
      expect(existsSync(vault.path) ? readFileSync(vault.path) : changed).toEqual(changed)
      for (const name of asides()) rmSync(join(home, 'secrets', name))
    }
    for (const outcome of outcomes) expect(outcome).toMatch(/damaged and is set aside|newer nekode-daemon/)
  })

  test('exchanged parts of two vaults are seen', async () => {
    const vault = open()
    await add(vault, entry('a', 'old value'))
    const old = JSON.parse(readFileSync(vault.path, 'utf8'))
    await vault.rotate()
    const now = JSON.parse(readFileSync(vault.path, 'utf8'))
    const sum = new Bun.CryptoHasher('sha256').update(`${JSON.stringify(now.header)}\n${old.data}`).digest('hex')
    writeFileSync(vault.path, JSON.stringify({ header: now.header, data: old.data, sum }))
    expect(await code(vault.read())).toContain('damaged and is set aside')
  })

  test.each([
    ['more memory than there is', { memoryKib: 2 ** 40 }],
    ['a passphrase that is derived for hours', { passes: 2 ** 31 }],
  ])('a header that asks for %s is not believed', async (_, change) => {
    const vault = open('correct horse')
    await add(vault, entry('a', '1'))
    const file = JSON.parse(readFileSync(vault.path, 'utf8'))
    Object.assign(file.header.kdf, change)
    file.sum = new Bun.CryptoHasher('sha256').update(`${JSON.stringify(file.header)}\n${file.data}`).digest('hex')
    writeFileSync(vault.path, JSON.stringify(file))
    expect(await code(vault.read())).toContain('damaged and is set aside')
  })

  test('of a newer daemon it is left alone', async () => {
    const vault = open()
    await add(vault, entry('a', '1'))
    const text = readFileSync(vault.path, 'utf8').replace('"version":1', '"version":2')
    writeFileSync(vault.path, text)
    expect(await code(vault.read())).toContain('newer nekode-daemon')
    expect(await code(add(vault, entry('b', '2')))).toContain('newer nekode-daemon')
    expect(readFileSync(vault.path, 'utf8')).toBe(text)
  })

  test('set aside, it keeps its key through a rotation of the next one', async () => {
    const vault = open()
    await add(vault, entry('a', '1'))
    const [first] = keyFiles()
    writeFileSync(vault.path, readFileSync(vault.path, 'utf8').replace(/"sum":"./, '"sum":"z'))
    expect(await code(vault.read())).toContain('set aside')
    await add(vault, entry('b', '2'))
    await vault.rotate()
    expect(keyFiles()).toContain(first ?? 'there was none')
    expect(keyFiles()).toHaveLength(2)
  })
})

test('two processes that write at the same time lose nothing', async () => {
  const [one, other] = [open(), open()]
  await add(one, entry('start', '0'))
  const adding = [one, other].flatMap((vault, who) =>
    Array.from({ length: 20 }, (_, i) => add(vault, entry(`n${who}-${i}`, 'v'))),
  )
  await Promise.all(adding)
  expect((await names(open())).length).toBe(41)
  expect(keyFiles()).toHaveLength(1)
})

/** Runs `work` with the `vault` of this home in a process of its own; it has `say` to print a line. */
function elsewhere(work: string): Bun.Subprocess<'ignore', 'pipe', 'inherit'> {
  const file = join(home, `${crypto.randomUUID()}.ts`)
  writeFileSync(
    file,
    `
    import { SecretRegister } from '${join(import.meta.dir, 'register.ts')}'
    import { Vault } from '${join(import.meta.dir, 'vault.ts')}'
    const log = { debug() {}, info() {}, warn() {}, error() {}, child: () => log }
    const register = SecretRegister.open('${home}', log)
    const exclusive = (work) => register.exclusive(work)
    const vault = new Vault({ folder: '${join(home, 'secrets')}', log, passphrase: undefined, exclusive })
    const say = (line) => process.stdout.write(line + '\\n')
    ${work}
    `,
  )
  const root = join(import.meta.dir, '../../..')
  return Bun.spawn([process.execPath, '--tsconfig-override', join(root, 'tsconfig.json'), file], {
    cwd: root,
    stdout: 'pipe',
    stderr: 'inherit',
  })
}

test('other processes that write for real lose nothing either', async () => {
  await add(open(), entry('start', '0'))
  const writers = ['a', 'b', 'c'].map((who) =>
    elsewhere(`
      for (let i = 0; i < 25; i++)
        await vault.change((all) => void all.push({ name: '${who}' + i, agentId: '', value: 'v', createdAt: 1, changedAt: 1 }))
    `),
  )
  expect(await Promise.all(writers.map((one) => one.exited))).toEqual([0, 0, 0])
  expect(await names(open())).toHaveLength(76)
})

test('a process that is killed while it rotates and writes leaves the vault as it was before or after', async () => {
  await add(open(), entry('start', '0'))
  let most = 0
  for (let round = 0; round < 15; round++) {
    const writer = elsewhere(`
      for (let i = 0; ; i++) {
        await vault.change((all) => void (all.find(({ name }) => name === 'start').value = String(${most} + i)))
        say(String(${most} + i))
        await vault.rotate()
      }
    `)
    const reader = writer.stdout.getReader()
    let told = ''
    // A different number each time, so that the kill comes at different moments.
    for (let pieces = 0; pieces <= round % 4; pieces++) {
      const { value } = await reader.read()
      told += new TextDecoder().decode(value)
    }
    writer.kill('SIGKILL')
    await writer.exited
    for (;;) {
      const { value, done } = await reader.read()
      if (done) break
      told += new TextDecoder().decode(value)
    }
    const last = Number(told.trim().split('\n').at(-1))
    const [kept] = await open().read()
    // What was told to be done is done; the next may be, too.
    expect([last, last + 1]).toContain(Number(kept?.value))
    most = Number(kept?.value)
  }
  expect(asides()).toEqual([])
  await open().rotate()
  expect(keyFiles()).toHaveLength(1)
})

describe('a vault that cannot be written', () => {
  test('on a read-only disk says so, and is still read', async () => {
    using disk = canMount() ? smallDisk('2m') : undefined
    const folder = disk?.path ?? join(home, 'secrets')
    const vault = vaultIn(folder)
    await add(vault, entry('a', '1'))
    const before = readFileSync(vault.path)
    const lock = (isOn: boolean) =>
      disk
        ? Bun.spawnSync(['mount', '-o', `remount,${isOn ? 'ro' : 'rw'}`, disk.path])
        : chmodSync(folder, isOn ? 0o500 : 0o700)
    lock(true)
    expect(await code(add(vault, entry('b', '2')))).toMatch(/^SECRET-002: The vault .* cannot be written/)
    expect(await code(vault.rotate())).toMatch(/^SECRET-002: The vault .* cannot be written/)
    expect(await names(vault)).toEqual(['a'])
    lock(false)
    expect(readFileSync(vault.path)).toEqual(before)
    expect(readdirSync(folder).filter((name) => name.endsWith('.tmp'))).toEqual([])
    await add(vault, entry('b', '2'))
    expect(await names(vault)).toEqual(['a', 'b'])
  })

  test('for lack of room keeps what it had', async () => {
    const vault = open()
    await add(vault, entry('a', '1'))
    const many = Array.from({ length: 130 }, (_, i) => entry(`n${i}`, 'x'.repeat(64 * 1024)))
    expect(await code(add(vault, ...many))).toMatch(/^SECRET-002: The vault holds 8 MiB at most/)
    const more = Array.from({ length: 2001 }, (_, i) => entry(`n${i}`, 'x'))
    expect(await code(add(vault, ...more))).toMatch(/^SECRET-002: The vault holds 2000 secrets at most/)
    expect(await names(vault)).toEqual(['a'])
  })

  test.skipIf(!canMount())('on a full disk keeps what it had', async () => {
    using disk = smallDisk('2m')
    const folder = disk?.path ?? ''
    const vault = vaultIn(folder)
    await add(vault, entry('a', '1'))
    writeFileSync(join(folder, 'filler'), Buffer.alloc(1024 * 1024))
    const many = Array.from({ length: 20 }, (_, i) => entry(`n${i}`, 'x'.repeat(64 * 1024)))
    expect(await code(add(vault, ...many))).toMatch(/^SECRET-002: The vault .* cannot be written/)
    expect(await names(vault)).toEqual(['a'])
    expect(readdirSync(folder).filter((name) => name.endsWith('.tmp'))).toEqual([])
  })
})
