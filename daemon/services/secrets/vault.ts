import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { errorText, NekodeError } from '@shared/errors'
import type { Logger } from '@shared/log'
import { z } from 'zod'
import { writePrivate } from '../../config/file'
import {
  deriveKey,
  digest,
  Kdf,
  KEY_BYTES,
  keyCheck,
  keyId,
  newPassphraseKdf,
  randomBytes,
  sameText,
  seal,
  unseal,
} from './crypt'
import { MAX_VALUE } from './names'

const FORMAT = 'nekode-vault'
const VERSION = 1
const MAX_ENTRIES = 2000
/** Of the file: it is read whole at each use. */
const MAX_BYTES = 8 * 1024 * 1024

const Entry = z.strictObject({
  name: z.string(),
  /** Empty: every agent of this computer. */
  agentId: z.string(),
  value: z.string().max(MAX_VALUE),
  /** Unix milliseconds. */
  createdAt: z.number(),
  changedAt: z.number(),
})
export type Entry = z.infer<typeof Entry>
const Entries = z.array(Entry)

const Header = z.strictObject({
  format: z.literal(FORMAT),
  version: z.literal(VERSION),
  cipher: z.literal('aes-256-gcm'),
  kdf: Kdf,
  check: z.string(),
})
type Header = z.infer<typeof Header>
const File = z.strictObject({ header: Header, data: z.base64(), sum: z.string() })
/** Of any version, for saying that it is a newer one. */
const AnyFile = z.looseObject({ header: z.looseObject({ format: z.literal(FORMAT), version: z.number() }) })

export interface VaultOptions {
  /** Made when it is needed, 0700. */
  folder: string
  log: Logger
  /** Without one a new vault gets a key file. */
  passphrase: string | undefined
  /** Runs `work` while no other process is in one of these. */
  exclusive<T>(work: () => T): T
  now?: () => number
}

interface Opened {
  header: Header
  entries: Entry[]
}

/**
 * Secrets in one encrypted file that is written whole or not at all. Its header says where its key comes from: a key file that only this
 * user can read, made at first use, or a passphrase. Nothing of it is kept in memory but the key.
 */
export class Vault {
  readonly path: string
  readonly #options: VaultOptions
  /** Keys by what they were made from. */
  readonly #keys = new Map<string, Buffer>()
  #passphrase: string | undefined

  constructor(options: VaultOptions) {
    this.#options = options
    this.#passphrase = options.passphrase || undefined
    this.path = join(options.folder, 'vault.json')
  }

  /** Where the key comes from; undefined while there is no vault. @throws NekodeError as `read` */
  protection(): Kdf['name'] | undefined {
    return this.#read()?.header.kdf.name
  }

  /**
   * All entries; none while there is no vault.
   * @throws NekodeError precondition `SECRET-001`: damaged (it is set aside then), another key, written by a newer daemon
   */
  async read(): Promise<Entry[]> {
    await this.#prepare()
    return this.#open()?.entries ?? []
  }

  /**
   * Changes the entries, in one step that another process sees whole or not at all.
   * @throws NekodeError as `read`, and precondition `SECRET-002` when it cannot be written or is full
   */
  async change<T>(work: (entries: Entry[]) => T): Promise<T> {
    await this.#prepare()
    return this.#exclusive(() => {
      const opened = this.#open()
      const entries = opened?.entries ?? []
      const result = work(entries)
      if (entries.length > MAX_ENTRIES) throw full(`The vault holds ${MAX_ENTRIES} secrets at most.`)
      this.#write(opened?.header.kdf ?? this.#newKdf(), entries)
      return result
    })
  }

  /**
   * Encrypts everything with a new key: from `passphrase`, else from the one that this daemon was started with, else a new key file. The
   * old key file is removed.
   * @throws NekodeError as `change`
   */
  async rotate(passphrase = this.#passphrase): Promise<Kdf['name']> {
    await this.#prepare()
    const kdf = passphrase ? newPassphraseKdf() : undefined
    const key = kdf && passphrase ? await deriveKey(passphrase, kdf) : undefined
    if (kdf && key) this.#keys.set(JSON.stringify(kdf), key)
    return this.#exclusive(() => {
      const entries = this.#open()?.entries ?? []
      const next = kdf ?? this.#newKeyFile()
      this.#write(next, entries)
      this.#passphrase = passphrase
      this.#forgetKeyFiles(next)
      return next.name
    })
  }

  /** Derives the key of a vault with a passphrase: that takes a while, and is not done while others are kept out. */
  async #prepare(): Promise<void> {
    const kdf = this.#read()?.header.kdf ?? this.#plannedKdf()
    if (kdf?.name !== 'argon2id' || this.#keys.has(JSON.stringify(kdf))) return
    if (this.#passphrase === undefined)
      throw unavailable(
        `The vault ${this.path} is protected by a passphrase, and this daemon was started without one.`,
        {
          next: 'Start the daemon with NEKODE_VAULT_PASSPHRASE, or with NEKODE_VAULT_PASSPHRASE_FILE.',
        },
      )
    this.#keys.set(JSON.stringify(kdf), await deriveKey(this.#passphrase, kdf))
  }

  #planned: Kdf | undefined

  /** Of a vault that is about to be made with a passphrase. */
  #plannedKdf(): Kdf | undefined {
    if (this.#passphrase === undefined) return undefined
    this.#planned ??= newPassphraseKdf()
    return this.#planned
  }

  #newKdf(): Kdf {
    return this.#plannedKdf() ?? this.#newKeyFile()
  }

  #newKeyFile(): Kdf {
    const key = randomBytes(KEY_BYTES)
    const kdf: Kdf = { name: 'key-file', id: keyId(key) }
    this.#makeFolder()
    writePrivate(this.#keyPath(kdf.id), `${key.toString('base64')}\n`)
    return kdf
  }

  #keyPath(id: string): string {
    return join(this.#options.folder, `${id}.key`)
  }

  /** The parsed file; undefined when there is none. What cannot be a vault is set aside. */
  #read(): z.infer<typeof File> | undefined {
    const text = readText(this.path)
    if (text === undefined) return undefined
    const value = parseJson(text)
    const any = AnyFile.safeParse(value).data
    if (any && any.header.version > VERSION)
      throw unavailable(`The vault ${this.path} was written by a newer nekode-daemon.`, {
        next: 'Upgrade this daemon, or give it a home of its own with NEKODE_HOME.',
      })
    const file = File.safeParse(value).data
    if (!file || file.sum !== sumOf(file.header, file.data)) throw this.#setAside(text)
    return file
  }

  #open(): Opened | undefined {
    const file = this.#read()
    if (!file) return undefined
    const { header, data } = file
    const key = this.#keyOf(header.kdf)
    if (!sameText(header.check, keyCheck(key)))
      throw header.kdf.name === 'argon2id'
        ? unavailable(`The passphrase is not the one of the vault ${this.path}.`, {
            next: 'Start the daemon with the passphrase that the vault was made with. Nothing was changed.',
          })
        : unavailable(`The key file ${this.#keyPath(header.kdf.id)} is not the one of the vault.`, {
            next: RESTORE_KEY,
          })
    const text = unseal(key, JSON.stringify(header), Buffer.from(data, 'base64'))
    const entries = text === undefined ? undefined : Entries.safeParse(parseJson(text)).data
    if (!entries) throw this.#setAside(readText(this.path))
    return { header, entries }
  }

  #keyOf(kdf: Kdf): Buffer {
    if (kdf.name === 'key-file') return this.#readKeyFile(kdf.id)
    const key = this.#keys.get(JSON.stringify(kdf))
    if (key) return key
    throw unavailable('The vault was given another passphrase a moment ago.', { next: 'Try again.' })
  }

  #readKeyFile(id: string): Buffer {
    const path = this.#keyPath(id)
    const text = readText(path)
    if (text === undefined) throw unavailable(`The key file ${path} of the vault is missing.`, { next: RESTORE_KEY })
    if (process.platform !== 'win32' && (statSync(path).mode & 0o077) !== 0) {
      this.#options.log.warn('the key file of the vault could be read by others; it is closed to them now', { path })
      chmodSync(path, 0o600)
    }
    const key = Buffer.from(text.trim(), 'base64')
    if (key.length !== KEY_BYTES)
      throw unavailable(`The key file ${path} of the vault is damaged.`, { next: RESTORE_KEY })
    return key
  }

  #write(kdf: Kdf, entries: Entry[]): void {
    const key = this.#keyOf(kdf)
    const header: Header = { format: FORMAT, version: VERSION, cipher: 'aes-256-gcm', kdf, check: keyCheck(key) }
    const data = seal(key, JSON.stringify(header), JSON.stringify(entries)).toString('base64')
    const text = `${JSON.stringify({ header, data, sum: sumOf(header, data) })}\n`
    if (text.length > MAX_BYTES) throw full(`The vault holds ${MAX_BYTES / 1024 / 1024} MiB at most.`)
    this.#makeFolder()
    writePrivate(this.path, text)
  }

  #makeFolder(): void {
    mkdirSync(this.#options.folder, { recursive: true, mode: 0o700 })
  }

  #exclusive<T>(work: () => T): T {
    try {
      return this.#options.exclusive(work)
    } catch (cause) {
      if (cause instanceof NekodeError) throw cause
      throw new NekodeError('precondition', `The vault ${this.path} cannot be written: ${errorText(cause)}.`, {
        code: 'SECRET-002',
        next: 'Nothing was changed. Check that the folder can be written and that the disk is not full.',
        cause,
      })
    }
  }

  /** Moves what is no vault any more out of the way, with all that is in it. */
  #setAside(damaged: string | undefined): NekodeError {
    if (readText(this.path) !== damaged)
      return unavailable(`The vault ${this.path} was changed while it was read.`, { next: 'Try again.' })
    const now = (this.#options.now ?? Date.now)()
    const aside = `${this.path}.damaged-${now}`
    try {
      renameSync(this.path, aside)
    } catch (cause) {
      return unavailable(`The vault ${this.path} is damaged, and cannot be set aside: ${errorText(cause)}.`, {
        next: 'Check that the folder can be written.',
        cause,
      })
    }
    this.#options.log.error('the vault of the secrets was damaged and is set aside; a new one is begun', {
      path: this.path,
      aside,
    })
    return unavailable(`The vault of the secrets was damaged and is set aside as ${aside}.`, {
      next: 'Put a copy of it back in its place, or set the secrets again: a new vault is begun.',
    })
  }

  /** Removes the key files of earlier keys. What was set aside keeps its own. */
  #forgetKeyFiles(current: Kdf): void {
    const { folder } = this.#options
    const names = readdirSync(folder)
    const needed = new Set<string>(current.name === 'key-file' ? [current.id] : [])
    for (const name of names.filter((one) => one.startsWith('vault.json.damaged-'))) {
      const id = /"id":"([0-9a-f]{16})"/.exec(readText(join(folder, name)) ?? '')?.[1]
      if (id) needed.add(id)
    }
    for (const name of names) {
      const id = /^([0-9a-f]{16})\.key$/.exec(name)?.[1]
      if (id && !needed.has(id)) rmSync(join(folder, name), { force: true })
    }
  }

  /** There is a vault. */
  get exists(): boolean {
    return existsSync(this.path)
  }
}

const RESTORE_KEY =
  'Put the file back from a copy. Without it nobody can read the vault: move the vault away and set the secrets again.'

const sumOf = (header: Header, data: string): string => digest(`${JSON.stringify(header)}\n${data}`)

const Missing = z.looseObject({ code: z.enum(['ENOENT', 'ENOTDIR']) })

function readText(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8')
  } catch (cause) {
    if (Missing.safeParse(cause).success) return undefined
    throw unavailable(`${path} cannot be read: ${errorText(cause)}.`, { next: 'Check who may read it.', cause })
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    // Not what was written: the schema says so.
    return undefined
  }
}

const unavailable = (message: string, more: { next: string; cause?: unknown }): NekodeError =>
  new NekodeError('precondition', message, { code: 'SECRET-001', ...more })

const full = (message: string): NekodeError =>
  new NekodeError('full', message, { code: 'SECRET-002', next: 'Delete secrets that nobody uses.' })
