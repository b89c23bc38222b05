import { readFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { join, sep } from 'node:path'
import { errorText, NekodeError } from '@shared/errors'
import { nekodeHome } from '@shared/home'
import type { Logger } from '@shared/log'
import type { Paths } from '../../config/paths'
import type { LocalEvents } from '../../local/events'
import { type Handlers, serve, type Served } from '../../local/operation'
import { RuntimeFailure } from '../../runtimes/failure'
import { MIN_HIDDEN } from '../../supervisor/redactor'
import type { Service } from '../service'
import type { SECRETS } from './contract'
import { Keychain } from './keychain'
import { PROVIDERS, secretName, variableOf } from './names'
import { referencesOf, resolveReferences, revisionOf } from './references'
import { SecretRegister } from './register'
import { type SecretInfo, SecretStore } from './secrets'
import { Vault } from './vault'

export interface SecretServiceOptions {
  paths: Paths
  log: Logger
  events: LocalEvents
  /** The daemon's own. What opens the vault is taken out of it. */
  env: Record<string, string | undefined>
  place: 'auto' | 'keychain' | 'vault'
  /** Command line of the helper for the keychain. */
  helper: readonly string[]
  /** An agent of this computer by its id or name; undefined when there is none. */
  agent(idOrName: string): { id: string; name: string } | undefined
}

interface Of {
  env: Readonly<Record<string, string>>
  agentId: string
}

/** The secrets of this computer, for its owner and for the environments of its agents. */
export class SecretService implements Service {
  readonly name = 'secrets'
  readonly #options: SecretServiceOptions
  #register: SecretRegister | undefined
  #store: SecretStore | undefined
  #problem: unknown

  constructor(options: SecretServiceOptions) {
    this.#options = options
  }

  async serve(): Promise<Map<string, Served>> {
    return serve((await import('./contract')).SECRETS, this.#handlers())
  }

  start(): void {
    const { paths, log, env, place, helper, events } = this.#options
    try {
      const passphrase = takePassphrase(env)
      const register = SecretRegister.open(paths.state, log)
      this.#register = register
      this.#store = new SecretStore({
        register,
        vault: new Vault({
          folder: join(paths.state, 'secrets'),
          log,
          passphrase,
          exclusive: (work) => register.exclusive(work),
        }),
        keychain: new Keychain({ helper, service: serviceName(paths), env, log }),
        place,
        env,
        log,
        onChange: ({ name, agentId }) =>
          events.publish({ type: 'SecretChanged', provider: name, ...(agentId === '' ? {} : { agent_id: agentId }) }),
      })
    } catch (error) {
      this.#problem = error
      throw error
    }
  }

  stop(): void {
    this.#register?.close()
  }

  /** @throws NekodeError precondition `SECRET-001` while the service could not be started */
  get store(): SecretStore {
    if (this.#store) return this.#store
    if (this.#problem instanceof NekodeError) throw this.#problem
    throw new NekodeError('precondition', `The secrets are not there: ${errorText(this.#problem ?? 'not started')}.`, {
      code: 'SECRET-001',
      next: 'The log of the daemon says why.',
    })
  }

  /** The environment of an agent's child with its secrets, each of which `hide` is told of first. @throws RuntimeFailure `secret_unavailable` */
  async environment({ env, agentId }: Of, hide: (value: string) => void): Promise<Record<string, string>> {
    if (referencesOf(env).length === 0) return { ...env }
    try {
      return await resolveReferences(this.store, { env, agentId, hide })
    } catch (error) {
      throw error instanceof NekodeError && !(error instanceof RuntimeFailure)
        ? new RuntimeFailure('secret_unavailable', error.message, { cause: error })
        : error
    }
  }

  /** Changes when a secret that the environment refers to was changed. */
  revision({ env, agentId }: Of): string {
    return this.#store ? revisionOf(this.#store, env, agentId) : ''
  }

  #scope(given: string | undefined): string {
    if (given === undefined) return ''
    // A whole id is taken as it is: without the server the daemon does not know its agents yet.
    const id = this.#options.agent(given)?.id ?? (/^agent_[0-9a-f]{32}$/.test(given) ? given : undefined)
    if (id === undefined)
      throw new NekodeError('not_found', `There is no agent “${given}” on this computer.`, {
        code: 'agent_unknown',
        next: 'Give its name or id as the console shows it. The daemon knows its agents once it has reached the server.',
      })
    return id
  }

  #handlers(): Handlers<typeof SECRETS> {
    return {
      GetSecret: async ({ provider, agent_id }) => {
        const value = await this.store.get(provider, { agentId: this.#scope(agent_id) })
        return { type: 'Secret', value: value ?? null }
      },
      HasSecret: async ({ provider, agent_id }) => ({
        type: 'SecretExists',
        exists: await this.store.has(provider, this.#scope(agent_id)),
      }),
      ListSecrets: () => this.#list(),
      SetSecret: async ({ provider, key, agent_id }) => {
        const kept = await this.store.set(provider, key, this.#scope(agent_id))
        const { name, source, replaced, createdAt, changedAt } = kept
        return {
          type: 'SecretStored',
          provider: name,
          source,
          replaced,
          created_at: createdAt,
          changed_at: changedAt,
          hidden: key.length >= MIN_HIDDEN,
        }
      },
      DeleteSecret: async ({ provider, agent_id }) => ({
        type: 'SecretDeleted',
        existed: await this.store.delete(provider, this.#scope(agent_id)),
      }),
      ImportSecrets: async ({ entries, overwrite, agent_id }) => ({
        type: 'SecretsImported',
        ...(await this.store.import(entries, { overwrite, agentId: this.#scope(agent_id) })),
      }),
      GetSecretEnvironment: ({ names, agent_id }) => this.#environment(names, this.#scope(agent_id)),
      RotateVaultKey: async ({ passphrase }) => ({
        type: 'VaultKeyRotated',
        protection: await this.store.rotate(passphrase),
      }),
      ListProviderStatus: () => this.#providers(),
    }
  }

  async #list() {
    const { secrets, problem } = await this.store.list()
    const there = new Set(secrets.filter(({ agentId }) => agentId === '').map(({ name }) => name))
    const absent = [...PROVIDERS.keys()].filter((name) => !there.has(name))
    const place = await this.#placeSoon()
    return {
      type: 'SecretList' as const,
      providers: [
        ...secrets.map((one) => wire(one, this.#options.agent(one.agentId)?.name)),
        ...absent.map((name) => ({ provider: name, source: 'NotFound' as const, env_var: variableOf(name) })),
      ],
      ...(place === undefined ? {} : { place }),
      ...(problem === undefined ? {} : { problem }),
    }
  }

  /** Where a new secret is kept, unless a keychain that hangs would hold up the list. */
  async #placeSoon(): Promise<'Keychain' | 'Vault' | undefined> {
    const { promise: late, resolve } = Promise.withResolvers<undefined>()
    const timer = setTimeout(() => resolve(undefined), PLACE_MS)
    const place = this.store.place().catch(() => undefined)
    const known = await Promise.race([place, late])
    clearTimeout(timer)
    return known
  }

  async #environment(names: readonly string[] | undefined, agentId: string) {
    const wanted = names ?? [
      ...new Set(
        (await this.#listed()).filter((one) => one.agentId === '' || one.agentId === agentId).map(({ name }) => name),
      ),
    ]
    const found = await this.store.find(wanted, agentId)
    const variables = Object.fromEntries(found.flatMap((one) => (one ? [[variableOf(one.name), one.value]] : [])))
    const missing = wanted.filter((_, at) => found[at] === undefined).map(secretName)
    return { type: 'SecretEnvironment' as const, variables, missing }
  }

  /** @throws NekodeError when there may be more than can be looked at */
  async #listed(): Promise<SecretInfo[]> {
    const { secrets, problem } = await this.store.list()
    if (problem === undefined) return secrets
    throw new NekodeError('precondition', problem, { code: 'SECRET-001' })
  }

  async #providers() {
    const { secrets, problem } = await this.store.list()
    return {
      type: 'ProviderStatusList' as const,
      providers: [...PROVIDERS].map(([id, name]) => {
        const found = secrets.find((one) => one.name === id && one.agentId === '')
        const source = found?.source ?? ('NotFound' as const)
        return { id, name, has_key: found !== undefined, source, category: 'llm', env_var: variableOf(id) }
      }),
      ...(problem === undefined ? {} : { problem }),
    }
  }
}

const wire = (
  { name, source, variable, agentId, createdAt, changedAt, usedAt }: SecretInfo,
  agentName: string | undefined,
) => ({
  provider: name,
  source,
  env_var: variable,
  ...(agentId === '' ? {} : { agent_id: agentId }),
  ...(agentName === undefined ? {} : { agent_name: agentName }),
  ...(createdAt === undefined ? {} : { created_at: createdAt }),
  ...(changedAt === undefined ? {} : { changed_at: changedAt }),
  ...(usedAt === undefined ? {} : { last_used_at: usedAt }),
})

/** What asks for a list may itself wait for a few seconds only. */
const PLACE_MS = 1500

const PASSPHRASE = 'NEKODE_VAULT_PASSPHRASE'
const PASSPHRASE_FILE = 'NEKODE_VAULT_PASSPHRASE_FILE'

/** Reads what opens the vault, and takes it out of the environment, of which other programs are given a part. */
function takePassphrase(env: Record<string, string | undefined>): string | undefined {
  const { [PASSPHRASE]: given, [PASSPHRASE_FILE]: path } = env
  delete env[PASSPHRASE]
  if (given) return given
  if (!path) return undefined
  try {
    return readFileSync(path, 'utf8').replace(/\r?\n$/, '') || undefined
  } catch (cause) {
    throw new NekodeError('precondition', `The file of ${PASSPHRASE_FILE} cannot be read: ${errorText(cause)}.`, {
      code: 'SECRET-001',
      next: `Correct ${PASSPHRASE_FILE} and start the daemon again.`,
      cause,
    })
  }
}

/** The keychain is the user's, whatever home a daemon has: each home has a name of its own there. */
function serviceName({ home }: Paths): string {
  const usual = nekodeHome({})
  if (home === usual) return 'nekode'
  const user = homedir() + sep
  return `nekode ${home.startsWith(user) ? `~/${home.slice(user.length)}` : home}`
}
