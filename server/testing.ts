import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Role, Scope } from '@shared/contract'
import { type Call, createApiClient } from '@shared/contract/client'
import { newId } from '@shared/ids'
import { type LogLevel, createLogger } from '@shared/log'
import { type Core, type NekodeServer, createServer } from './app'
import { hashPassword } from './auth/password'
import { type Sources, loadConfig } from './config/config'
import type { Row } from './db/tables'

/** The password of every person that `as` makes. */
export const PASSWORD = 'correct horse battery'

/** Somebody with a credential. */
export interface Caller {
  /** The id of the user, agent or computer. */
  id: string
  token: string
  call: Call
  /** A raw request with the credential: for what the typed client cannot say. */
  fetch(path: string, init?: RequestInit): Promise<Response>
}

export interface TestServerOptions {
  /** Default: SQLite in the temporary data folder. */
  dsn?: string
  /** Settings by their flags, on top of those that keep tests apart. */
  flags?: Sources['flags']
  /** The environment, instead of an empty one. */
  env?: Sources['env']
  /** A folder of an earlier server, to start over on its data. It is then not removed at the end. */
  dataDir?: string
  /** Least level that is printed. Default `error`. */
  logLevel?: LogLevel
}

export interface TestServer extends NekodeServer, AsyncDisposable {
  url: string
  dataDir: string
  /** A caller without a credential. */
  guest: Omit<Caller, 'id' | 'token'>
  /** A person of this role, always the same one. The first is the owner; who is asked for first makes them too. */
  as(role: Role, name?: string): Promise<Caller>
  /** An API token of the owner. */
  apiToken(...scopes: Scope[]): Promise<Caller>
  /** An enrolled computer. */
  computer(fields?: Partial<Row<'computers'>>): Promise<Caller>
  /** An agent on a computer, in `#general`. */
  agent(fields?: Partial<Row<'agents'>>): Promise<Caller>
  /** The token of an endpoint that writes in `#general`. */
  endpoint(): Promise<Caller>
  /** How many events the log has. */
  events(): Promise<number>
}

/** A whole server on a free port with data of its own. Answers that do not match their schema fail. */
export async function startTestServer(options: TestServerOptions = {}): Promise<TestServer> {
  const dataDir = options.dataDir ?? mkdtempSync(join(tmpdir(), 'nekode-test-'))
  const config = loadConfig({
    flags: {
      addr: '127.0.0.1:0',
      'data-dir': dataDir,
      'local-daemon': false,
      durability: 'normal',
      ...options.flags,
    },
    // An address with a password may not be a flag.
    env: { NEKODE_DB_DSN: options.dsn, ...options.env },
  })
  const log = createLogger({ level: options.logLevel ?? 'error' })
  const server = await createServer(config, log, { checkResponses: true, graceMs: 1000 })
  try {
    await server.start()
  } catch (error) {
    await server.stop()
    throw error
  }
  const url = `${config.tls ? 'https' : 'http'}://127.0.0.1:${server.port}`
  const stop = async (): Promise<void> => {
    await server.stop()
    if (options.dataDir === undefined) rmSync(dataDir, { recursive: true, force: true })
  }
  const people = new People(server, url)
  return Object.create(server, {
    ...values({
      url,
      dataDir,
      stop,
      guest: client(url),
      as: (role: Role, name?: string) => people.person(role, name ?? role),
      apiToken: (...scopes: Scope[]) => people.apiToken(scopes),
      computer: (fields?: Partial<Row<'computers'>>) => people.computer(fields),
      agent: (fields?: Partial<Row<'agents'>>) => people.agent(fields),
      endpoint: () => people.endpoint(),
      events: () => server.core.db.head(),
    }),
    [Symbol.asyncDispose]: { value: stop },
  })
}

const values = (object: Record<string, unknown>): PropertyDescriptorMap =>
  Object.fromEntries(Object.entries(object).map(([name, value]) => [name, { value, enumerable: true }]))

function client(url: string, token?: string): Omit<Caller, 'id' | 'token'> {
  const headers: Record<string, string> = token === undefined ? {} : { authorization: `Bearer ${token}` }
  return {
    call: createApiClient({ baseUrl: url, headers: () => headers }),
    fetch: (path, init = {}) => {
      const own = new Headers(init.headers)
      for (const [name, value] of Object.entries(headers)) if (!own.has(name)) own.set(name, value)
      return fetch(url + path, { ...init, headers: own })
    },
  }
}

let passwordHash: Promise<string> | undefined

class People {
  readonly #made = new Map<string, Promise<Caller>>()
  readonly #core: Core

  constructor(
    private readonly server: NekodeServer,
    private readonly url: string,
  ) {
    this.#core = server.core
  }

  person(role: Role, name: string): Promise<Caller> {
    const known = this.#made.get(name)
    if (known) return known
    const made = this.#makePerson(role, name)
    this.#made.set(name, made)
    return made
  }

  async #makePerson(role: Role, name: string): Promise<Caller> {
    if (role !== 'owner') await this.person('owner', 'owner')
    const { users } = this.server.services
    passwordHash ??= hashPassword(PASSWORD)
    const known = this.#core.directory.byHandle(name)
    const hash = await passwordHash
    const id =
      known?.id ??
      (await this.#core.db.tx((tx) => users.insert(tx, { username: name, passwordHash: hash, role }, null))).id
    return this.#caller('session', id)
  }

  async apiToken(scopes: Scope[]): Promise<Caller> {
    return this.#caller('api', (await this.person('owner', 'owner')).id, scopes)
  }

  async computer(fields: Partial<Row<'computers'>> = {}): Promise<Caller> {
    const now = Date.now()
    const row: Row<'computers'> = {
      id: newId('cmp'),
      daemonId: 'daemon-test',
      displayName: 'Test computer',
      hostname: 'test',
      os: 'linux',
      arch: 'x64',
      version: '1.0.0',
      local: false,
      runtimes: [],
      inventoryVersion: '',
      resources: null,
      leaseId: null,
      lastSeenAt: null,
      announced: 'offline',
      ackedSequence: 0,
      removedAt: null,
      createdAt: now,
      updatedAt: now,
      ...fields,
    }
    await this.#core.db.tx((tx) => tx.insert(this.#core.db.t.computers, row))
    return this.#caller('computer', row.id)
  }

  async agent(fields: Partial<Row<'agents'>> = {}): Promise<Caller> {
    const owner = await this.person('owner', 'owner')
    const name = fields.name ?? `agent-${newId('agent').slice(-8)}`
    const now = Date.now()
    const row: Row<'agents'> = {
      id: newId('agent'),
      name,
      displayName: name,
      description: '',
      computerId: fields.computerId ?? (await this.computer()).id,
      runtimeKind: 'demo',
      model: '',
      workspace: '',
      instructions: '',
      approvals: { default: 'ask', rules: {} },
      limits: { turnsPerHour: null, costPerDayUsd: null },
      confinement: null,
      command: [],
      env: [],
      enabled: true,
      status: { presence: 'sleeping', activity: '', health: 'ok', detail: '', runId: null, updatedAt: now },
      createdBy: owner.id,
      deletedAt: null,
      createdAt: now,
      updatedAt: now,
      ...fields,
    }
    const { db, directory } = this.#core
    const general = directory.channelAt('#general')
    if (!general) throw new Error('there is no #general')
    await db.tx(async (tx) => {
      await tx.insert(db.t.agents, row)
      await tx.insert(db.t.members, {
        channelId: general.id,
        kind: 'agent',
        memberId: row.id,
        role: 'member',
        deliveryMode: 'mentions',
        digestMinutes: null,
        digestAt: null,
        digestedId: null,
        lastReadMessageId: null,
        notify: null,
        joinedAt: now,
      })
    })
    await directory.load()
    return this.#caller('agent', row.id)
  }

  async endpoint(): Promise<Caller> {
    const owner = await this.person('owner', 'owner')
    const { call } = owner
    const body = { provider: 'webhook', displayName: 'Hook', target: '#general', inboundEnabled: true }
    const { id } = await call('POST /api/interaction-endpoints', { body: { ...body, authMode: 'bearer' } })
    const { token } = await call('POST /api/interaction-endpoints/{id}/token', { params: { id } })
    return { id, token, ...client(this.url, token) }
  }

  async #caller(kind: Row<'credentials'>['kind'], id: string, scopes: Scope[] = []): Promise<Caller> {
    const { db, credentials } = this.#core
    const { token } = await db.tx((tx) =>
      credentials.issue(tx, { kind, ownerId: id, name: 'test', scopes, csrf: kind === 'session' ? 'csrf_test' : '' }),
    )
    return { id, token, ...client(this.url, token) }
  }
}
