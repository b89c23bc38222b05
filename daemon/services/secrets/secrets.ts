import { errorText, NekodeError } from '@shared/errors'
import type { Logger } from '@shared/log'
import { idText, type SecretId, type SecretRegister, type Times } from './register'
import type { Keychain } from './keychain'
import { canonical, checkValue, PROVIDERS, secretName, variableOf } from './names'
import type { Entry, Vault } from './vault'

export type Source = 'Env' | 'Keychain' | 'Vault'

/** What can be told about a secret. Never its value. */
export interface SecretInfo extends SecretId {
  source: Source
  variable: string
  /** Unix milliseconds; of one in the daemon's environment nothing is known. */
  createdAt?: number
  changedAt?: number
  usedAt?: number
}

export interface Found extends SecretId {
  value: string
  source: Source
}

export interface SecretStoreOptions {
  register: SecretRegister
  vault: Vault
  keychain: Keychain
  /** `auto`: the keychain where there is one. */
  place: 'auto' | 'keychain' | 'vault'
  /** The daemon's own: providers' keys are looked for there first. */
  env: Record<string, string | undefined>
  log: Logger
  onChange?: (id: SecretId) => void
  now?: () => number
}

export interface Listed {
  secrets: SecretInfo[]
  /** What of them could not be looked at, and why. */
  problem?: string
}

/** What was done with a value that was given. */
export interface Kept extends SecretId, Times {
  source: Source
  /** There was another one. */
  replaced: boolean
}

interface Wanted extends SecretId {
  value: string
}

/** The secrets of this computer, wherever each of them is kept. */
export class SecretStore {
  readonly #options: SecretStoreOptions
  /** Counts changes, so that an agent whose secret was rotated is started anew. */
  readonly #revisions = new Map<string, number>()

  constructor(options: SecretStoreOptions) {
    this.#options = options
  }

  /**
   * The value of a secret: the agent's own before the computer's, of providers what is in the daemon's environment before what is stored.
   * @param agentId without one only what is for the whole computer is looked at
   * @returns undefined when there is none
   * @throws NekodeError invalid `SECRET-004`, precondition or unavailable `SECRET-001`
   */
  async get(name: string, { agentId }: { agentId?: string | undefined } = {}): Promise<string | undefined> {
    const [found] = await this.find([name], agentId)
    return found?.value
  }

  /** Several at once, in the order of the names; undefined for each that there is not. @throws as `get` */
  async find(names: readonly string[], agentId = ''): Promise<(Found | undefined)[]> {
    const wanted = names.map(secretName)
    const scopes = agentId === '' ? [''] : [agentId, '']
    const ids = wanted.flatMap((name) => scopes.map((scope) => ({ name, agentId: scope })))
    const stored = await this.#stored(ids.filter((id) => this.#inEnv(id) === undefined))
    const found = wanted.map((name) =>
      scopes
        .map((scope): Found | undefined => {
          const id = { name, agentId: scope }
          const value = this.#inEnv(id)
          return value === undefined ? stored.get(idText(id)) : { ...id, value, source: 'Env' }
        })
        .find((one) => one !== undefined),
    )
    this.#used(found.filter((one) => one !== undefined))
    return found
  }

  /** Whether there is one. @throws as `get` */
  async has(name: string, agentId = ''): Promise<boolean> {
    const id = { name: secretName(name), agentId }
    if (this.#inEnv(id) !== undefined) return true
    const { secrets, problem } = await this.list()
    if (secrets.some((one) => idText(one) === idText(id))) return true
    if (problem !== undefined) throw unavailable(problem)
    return false
  }

  /** Everything that there is, by name; what cannot be looked at now is said in `problem`. */
  async list(): Promise<Listed> {
    const { register, vault } = this.#options
    const uses = register.uses()
    const secrets: SecretInfo[] = []
    const add = (id: SecretId, source: Source, times: Partial<Times> = {}) => {
      const usedAt = uses.get(idText(id))
      const { name, agentId } = id
      const { createdAt, changedAt } = times
      secrets.push({
        name,
        agentId,
        source,
        variable: variableOf(name),
        ...(createdAt === undefined ? {} : { createdAt }),
        ...(changedAt === undefined ? {} : { changedAt }),
        ...(usedAt === undefined ? {} : { usedAt }),
      })
    }
    for (const name of PROVIDERS.keys())
      if (this.#inEnv({ name, agentId: '' }) !== undefined) add({ name, agentId: '' }, 'Env')
    for (const row of register.inKeychain()) add(row, 'Keychain', row)
    let problem: string | undefined
    try {
      for (const entry of await vault.read()) add(entry, 'Vault', entry)
    } catch (error) {
      problem = errorText(error)
    }
    secrets.sort((a, b) => compare(a.name, b.name) || compare(a.agentId, b.agentId))
    return { secrets, ...(problem === undefined ? {} : { problem }) }
  }

  /**
   * Keeps a value, in the keychain where there is one, else in the vault.
   * @returns whether another one was replaced
   * @throws NekodeError `SECRET-004` (the name), `SECRET-002` (the value, or the place cannot be written), `SECRET-001`
   */
  async set(given: string, value: string, agentId = ''): Promise<Kept> {
    const name = secretName(given)
    checkValue(name, value)
    const [kept] = await this.#put([{ name, agentId, value }])
    if (!kept) throw new NekodeError('internal', `The secret ${name} was not kept.`)
    return kept
  }

  async #put(wanted: readonly Wanted[]): Promise<Kept[]> {
    const { place, keychain, register } = this.#options
    const problem = place === 'vault' ? 'It is not wanted.' : await keychain.problem()
    if (place === 'keychain' && problem !== undefined) throw unavailable(problem)
    const known = new Map(register.inKeychain().map((one) => [idText(one), one]))
    const fits = (one: Wanted) => problem === undefined && keychain.takes(one.value)
    const inKeychain = await this.#putInKeychain(wanted.filter(fits), known)
    const done = new Set(inKeychain.map(idText))
    const inVault = await this.#putInVault(
      wanted.filter((one) => !done.has(idText(one))),
      known,
    )
    const kept = [...inKeychain, ...inVault]
    for (const one of kept) this.#changed(one)
    return kept
  }

  /** @returns none when the keychain does not take them, and the vault may */
  async #putInKeychain(wanted: readonly Wanted[], known: ReadonlyMap<string, Times>): Promise<Kept[]> {
    if (wanted.length === 0) return []
    const { register, keychain, place, log } = this.#options
    try {
      await keychain.set(wanted.map((one) => [account(one), one.value]))
    } catch (error) {
      // A Secret Service whose collection is locked, or not made yet, answers and takes nothing.
      if (place === 'keychain') throw error
      log.warn('the keychain takes no secrets; they are kept in the vault', { error })
      return []
    }
    const now = this.#now()
    const times = register.exclusive(() => wanted.map((one) => register.putInKeychain(one, now)))
    const moved = await this.#dropFromVault(wanted)
    return wanted.map(({ name, agentId }, at) => {
      const id = idText({ name, agentId })
      const { createdAt, changedAt } = times[at] ?? { createdAt: now, changedAt: now }
      return { name, agentId, createdAt, changedAt, replaced: known.has(id) || moved.has(id), source: 'Keychain' }
    })
  }

  async #putInVault(wanted: readonly Wanted[], known: ReadonlyMap<string, Times>): Promise<Kept[]> {
    if (wanted.length === 0) return []
    const { vault, register, keychain, log } = this.#options
    const now = this.#now()
    const kept = await vault.change((entries) =>
      wanted.map(({ name, agentId, value }): Kept => {
        const before = known.get(idText({ name, agentId }))
        const entry = entries.find((one) => idText(one) === idText({ name, agentId }))
        const createdAt = entry?.createdAt ?? before?.createdAt ?? now
        if (entry) Object.assign(entry, { value, changedAt: now })
        else entries.push({ name, agentId, value, createdAt, changedAt: now })
        const replaced = entry !== undefined || before !== undefined
        return { name, agentId, createdAt, changedAt: now, replaced, source: 'Vault' }
      }),
    )
    // What was in the keychain before is looked up first, and must not be found there any more.
    const moved = wanted.filter((one) => known.has(idText(one)))
    for (const one of moved) register.dropFromKeychain(one)
    await keychain
      .delete(moved.map(account))
      .catch((error: unknown) => log.warn('old values of secrets are still in the keychain', { error }))
    return kept
  }

  /**
   * @returns whether it was there
   * @throws NekodeError precondition `SECRET-003` for one in the daemon's environment, and as `set`
   */
  async delete(given: string, agentId = ''): Promise<boolean> {
    const id = { name: secretName(given), agentId }
    const { register, keychain } = this.#options
    const inKeychain = register.inKeychain().some((one) => idText(one) === idText(id))
    if (inKeychain) {
      await keychain.delete([account(id)])
      register.dropFromKeychain(id)
    }
    const inVault = (await this.#dropFromVault([id])).size > 0
    if (!inKeychain && !inVault && this.#inEnv(id) !== undefined)
      throw new NekodeError('precondition', `${id.name} comes from the daemon's environment.`, {
        code: 'SECRET-003',
        next: `Take ${variableOf(id.name)} out of the environment that the daemon is started with, and start it again.`,
      })
    register.forgetUse(id)
    if (inKeychain || inVault) this.#changed(id)
    return inKeychain || inVault
  }

  /** Keeps several. Those that there are already are left as they are unless `overwrite`. @throws as `set`, then none was kept in the vault */
  async import(
    entries: readonly { name: string; value: string }[],
    { agentId = '', overwrite = false }: { agentId?: string; overwrite?: boolean } = {},
  ): Promise<{ taken: string[]; replaced: string[]; skipped: string[] }> {
    const wanted = new Map<string, string>()
    for (const { name, value } of entries) {
      checkValue(name, value)
      wanted.set(secretName(name), value)
    }
    const { secrets, problem } = await this.list()
    if (problem !== undefined) throw unavailable(problem)
    const stored = new Set(
      secrets.filter((one) => one.source !== 'Env' && one.agentId === agentId).map(({ name }) => name),
    )
    const result = { taken: Array<string>(), replaced: Array<string>(), skipped: Array<string>() }
    const put: Wanted[] = []
    for (const [name, value] of wanted) {
      const isThere = stored.has(name)
      result[!isThere ? 'taken' : overwrite ? 'replaced' : 'skipped'].push(name)
      if (!isThere || overwrite) put.push({ name, agentId, value })
    }
    await this.#put(put)
    return result
  }

  /** Encrypts the vault with a new key. @throws as `set` */
  async rotate(passphrase?: string): Promise<'key-file' | 'argon2id'> {
    return this.#options.vault.rotate(passphrase)
  }

  /** A count that grows whenever one of these is changed. */
  revision(names: readonly string[], agentId: string): string {
    const of = (name: string) =>
      (this.#revisions.get(idText({ name, agentId })) ?? 0) + (this.#revisions.get(idText({ name, agentId: '' })) ?? 0)
    return names.map((name) => of(canonical(name))).join()
  }

  #now(): number {
    return (this.#options.now ?? Date.now)()
  }

  #inEnv({ name, agentId }: SecretId): string | undefined {
    if (agentId !== '' || !PROVIDERS.has(name)) return undefined
    return this.#options.env[variableOf(name)] || undefined
  }

  async #stored(ids: readonly SecretId[]): Promise<Map<string, Found>> {
    const found = new Map<string, Found>()
    if (ids.length === 0) return found
    const { register, vault, keychain } = this.#options
    const wanted = new Set(ids.map(idText))
    const kept = register.inKeychain().filter((one) => wanted.has(idText(one)))
    const values = await keychain.get(kept.map(account))
    for (const [at, { name, agentId }] of kept.entries()) {
      const value = values[at]
      if (typeof value !== 'string')
        throw new NekodeError('precondition', `The keychain of this computer does not give out the secret ${name}.`, {
          code: 'SECRET-001',
          next: `Unlock the keychain; if it was removed there: nekode-daemon secrets set ${name}`,
        })
      found.set(idText({ name, agentId }), { name, agentId, value, source: 'Keychain' })
    }
    if (found.size === wanted.size) return found
    for (const { name, agentId, value } of await vault.read())
      if (wanted.has(idText({ name, agentId })) && !found.has(idText({ name, agentId })))
        found.set(idText({ name, agentId }), { name, agentId, value, source: 'Vault' })
    return found
  }

  /** Where a new secret is kept now. @throws as `set` */
  async place(): Promise<'Keychain' | 'Vault'> {
    const { place, keychain } = this.#options
    const problem = place === 'vault' ? '' : await keychain.problem()
    if (place === 'keychain' && problem !== undefined) throw unavailable(problem)
    return problem === undefined ? 'Keychain' : 'Vault'
  }

  /** @returns those that were there, by `idText` */
  async #dropFromVault(ids: readonly SecretId[]): Promise<Set<string>> {
    const { vault } = this.#options
    const wanted = new Set(ids.map(idText))
    const isOne = (entry: Entry) => wanted.has(idText(entry))
    if (!vault.exists || !(await vault.read()).some(isOne)) return new Set()
    return vault.change((entries) => {
      const dropped = entries.filter(isOne)
      for (const entry of dropped) entries.splice(entries.indexOf(entry), 1)
      return new Set(dropped.map(idText))
    })
  }

  #used(found: readonly Found[]): void {
    const ids = [...new Map(found.map((one) => [idText(one), one])).values()]
    if (ids.length === 0) return
    try {
      this.#options.register.used(ids, this.#now())
    } catch (error) {
      // A full disk must not keep an agent from its secret.
      this.#options.log.warn('the use of secrets could not be noted', { error })
    }
  }

  #changed(id: SecretId): void {
    this.#revisions.set(idText(id), (this.#revisions.get(idText(id)) ?? 0) + 1)
    this.#options.onChange?.(id)
  }
}

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0)

/** As the keychain names it. */
const account = ({ name, agentId }: SecretId): string => (agentId === '' ? name : `${agentId}/${name}`)

const unavailable = (message: string): NekodeError =>
  new NekodeError('precondition', message, {
    code: 'SECRET-001',
    next: 'nekode-daemon doctor says what to do about it.',
  })
