import type { MessageInitShape } from '@bufbuild/protobuf'
import { Code, ConnectError } from '@connectrpc/connect'
import { errorText, NekodeError } from '@shared/errors'
import type { AgentStatusSnapshot } from '@shared/gen/nekode/daemon/v1/agents_pb'
import type { EventCursor } from '@shared/gen/nekode/daemon/v1/common_pb'
import { type MeasuredResources, RESOURCES_CAPABILITY } from '@shared/contract/machines'
import { type ComputerInventorySchema, ComputerStatus } from '@shared/gen/nekode/daemon/v1/computers_pb'
import type { ServerEvent } from '@shared/gen/nekode/daemon/v1/events_pb'
import type { Run } from '@shared/gen/nekode/daemon/v1/runs_pb'
import type { Logger } from '@shared/log'
import { Backoff, pause } from './backoff'
import { type Connection, type ControlClient, dial, isSaidByServer, judge } from './client'
import { EventStream } from './events'
import type { Journal } from './journal'
import type { Link } from './link'

/** The version of the daemon protocol that this daemon speaks. */
const PROTOCOL_VERSION = 1
const RUNS_A_PAGE = 200
const FIRST_HEARTBEAT_MS = 30_000
/** A refused token does not get better by asking often. */
const REFUSED = { firstMs: 30_000, maxMs: 10 * 60_000 }
const LOST = { firstMs: 500, maxMs: 30_000 }

export interface Inventory {
  inventory: MessageInitShape<typeof ComputerInventorySchema>
  /** Changes exactly when the inventory does. */
  version: string
}

/** Who this daemon is. */
export interface ComputerFacts {
  daemonId: string
  computerId: string
  displayName: string
  hostname: string
  /** As Go names them: `linux`, `darwin`, `windows`; `amd64`, `arm64`. */
  os: string
  arch: string
  version: string
}

export interface SessionOptions {
  serverUrl: string
  token: string
  caFile?: string
  info: ComputerFacts
  /** How busy and how full the computer is, asked before each sign of life. */
  resources?: () => Promise<MeasuredResources>
  /** Longest time between heartbeats; the server may ask for less. */
  heartbeatMs?: number
  pollMs: number
  journal: Journal
  link: Link
  log: Logger
  inventory(): Promise<Inventory>
  statuses(): AgentStatusSnapshot[]
  /** Takes an event into the journal, as part of the transaction that moves the cursor. Events may come twice. */
  admit(event: ServerEvent): void
  /** Acts on an event that is in the journal. */
  handle(event: ServerEvent): void
  /** The computer's runs that are not over, oldest first. */
  assigned(runs: Run[]): void
  /** The journal belongs to another server: what it says about runs means nothing here. */
  forget(): void
  /** The server itself does not take this computer for its own any more. Told once, until it does again. */
  disowned(): void
}

/** How the daemon stands with its server, for people. */
export type SessionState = 'connecting' | 'online' | 'offline' | 'refused' | 'stopped'

/** The one session with the server: kept up, and set up again whenever it breaks, until it is stopped. */
export class Session {
  readonly #options: SessionOptions
  readonly #backoff = new Backoff(LOST)
  readonly #refusals = new Backoff(REFUSED)
  #state: SessionState = 'stopped'
  #inventoryVersion = ''
  #leaseId = ''
  #isDisowned = false
  /** Ends the present connection. */
  #cut: AbortController | null = null
  /** Ends the pause before the next poll. */
  #wakePoll: AbortController | null = null

  constructor(options: SessionOptions) {
    this.#options = options
    options.link.onRefused = () => this.#cut?.abort(new ConnectError('the token was refused', Code.Unauthenticated))
  }

  get state(): SessionState {
    return this.#state
  }

  /** Keeps the session up until the signal is aborted; never rejects. */
  async run(signal: AbortSignal): Promise<void> {
    this.#setState('connecting')
    while (!signal.aborted) {
      try {
        await this.#once(signal)
      } catch (error) {
        if (signal.aborted) break
        await pause(this.#afterFailure(error), signal)
      }
    }
    this.#setState('stopped')
  }

  /** Registers, sends one heartbeat and leaves. @throws what failed */
  async check(): Promise<void> {
    const connection = await this.#dial()
    try {
      await this.#register(connection.client)
      await this.#heartbeat(connection.client)
    } finally {
      connection.close()
    }
  }

  /** Asks for assigned runs now instead of at the next turn. */
  poll(): void {
    this.#wakePoll?.abort()
  }

  /** Tells the server what is on this computer, when that has changed. */
  async syncInventory(): Promise<void> {
    const { link, inventory, info } = this.#options
    const client = link.client
    if (!client) return
    const found = await inventory()
    if (found.version === this.#inventoryVersion) return
    await client.syncComputerInventory({
      info,
      inventory: found.inventory,
      inventoryVersion: found.version,
      ...requestKey(),
    })
    this.#inventoryVersion = found.version
  }

  #dial(): Promise<Connection> {
    const { serverUrl, token, caFile } = this.#options
    return dial({ serverUrl, token, ...(caFile ? { caFile } : {}) })
  }

  async #once(signal: AbortSignal): Promise<void> {
    const { link } = this.#options
    const cut = new AbortController()
    const stop = () => cut.abort(signal.reason)
    signal.addEventListener('abort', stop)
    this.#cut = cut
    const connection = await this.#dial()
    try {
      await this.#register(connection.client)
      link.up(connection)
      this.#isDisowned = false
      this.#setState('online', { mode: connection.mode })
      await this.#keepUp(connection.client, cut)
    } finally {
      signal.removeEventListener('abort', stop)
      this.#cut = null
      link.down()
      cut.abort()
      connection.close()
    }
  }

  /** Heartbeats, events and polls side by side until one of them fails. */
  async #keepUp(client: ControlClient, cut: AbortController): Promise<void> {
    const stream = new EventStream({
      ...this.#options,
      client,
      onFrame: () => {
        this.#backoff.reset()
        this.#refusals.reset()
      },
      onOpen: () => this.poll(),
    })
    const loops = [this.#heartbeats(client, cut.signal), this.#polls(client, cut.signal), stream.run(cut.signal)]
    const failed = Promise.withResolvers<never>()
    cut.signal.addEventListener('abort', () => failed.reject(cut.signal.reason))
    try {
      await Promise.race([...loops, failed.promise])
    } finally {
      cut.abort()
      await Promise.allSettled(loops)
    }
  }

  async #register(client: ControlClient): Promise<void> {
    const { info, journal, forget, log } = this.#options
    const server = await serverInfo(client)
    const known = journal.get('server_id')
    if (known !== undefined && known !== server.serverId) {
      log.warn('the journal belongs to another server and is started over', { known, server: server.serverId })
      journal.tx(() => {
        forget()
        journal.set('cursor', '0')
      })
    }
    journal.set('server_id', server.serverId)
    const { inventory, version } = await this.#options.inventory()
    const answer = await client.registerComputer({ info: await this.#info(), inventory, ...requestKey() })
    if (!answer.accepted)
      throw new NekodeError('forbidden', `The server does not accept ${info.computerId}.`, { code: 'not_accepted' })
    this.#leaseId = answer.lease?.leaseId ?? ''
    this.#inventoryVersion = version
    log.info('registered with the server', { server: server.serverId, version: server.version })
  }

  async #heartbeats(client: ControlClient, signal: AbortSignal): Promise<void> {
    const { heartbeatMs } = this.#options
    let advised = FIRST_HEARTBEAT_MS
    for (;;) {
      await pause(Math.min(advised, heartbeatMs ?? advised), signal)
      if (signal.aborted) return
      advised = await this.#heartbeat(client, signal)
    }
  }

  /** @returns milliseconds until the next one is due */
  async #heartbeat(client: ControlClient, signal?: AbortSignal): Promise<number> {
    const answer = await client.heartbeatComputer(
      {
        info: await this.#info(),
        leaseId: this.#leaseId,
        agentStatuses: this.#options.statuses(),
        inventoryVersion: this.#inventoryVersion,
        ...requestKey(),
      },
      signal ? { signal } : {},
    )
    this.#leaseId = answer.lease?.leaseId ?? this.#leaseId
    const seconds = answer.nextHeartbeatAfterSeconds
    return seconds > 0 ? seconds * 1000 : FIRST_HEARTBEAT_MS
  }

  async #polls(client: ControlClient, signal: AbortSignal): Promise<void> {
    const { info, pollMs, assigned } = this.#options
    while (!signal.aborted) {
      const wake = new AbortController()
      this.#wakePoll = wake
      assigned(await assignedRuns(client, info.computerId, signal))
      await pause(pollMs, AbortSignal.any([signal, wake.signal]))
    }
  }

  async #info() {
    const resources = await this.#options.resources?.()
    const now = BigInt(Math.floor(Date.now() / 1000))
    return {
      ...this.#options.info,
      status: ComputerStatus.ONLINE,
      lastSeenUnix: now,
      leaseId: this.#leaseId,
      capabilities: [
        { name: 'heartbeat', enabled: true },
        { name: 'agent_status', enabled: true },
        ...(resources ? [{ name: RESOURCES_CAPABILITY, enabled: true, description: JSON.stringify(resources) }] : []),
      ],
    }
  }

  /** @returns milliseconds to wait */
  #afterFailure(error: unknown): number {
    const { log, serverUrl, disowned } = this.#options
    const failure = judge(error)
    const message = ConnectError.from(error).rawMessage || errorText(error)
    if (failure === 'retry') {
      const wait = this.#backoff.next()
      this.#setState('offline', { reason: message, retryMs: Math.round(wait) })
      return wait
    }
    // Revoked, of another computer, or a server that this daemon cannot talk to: only a person can change that.
    const wait = this.#refusals.next()
    const next =
      failure === 'refused'
        ? 'Enroll this computer again: in the console, Computers, Add computer.'
        : 'Check the address of the server, and that daemon and server are of versions that belong together.'
    if (this.#state !== 'refused')
      log.error('the server refuses this computer; nothing is done until that changes', {
        serverUrl,
        message,
        next,
        retryMs: Math.round(wait),
      })
    this.#setState('refused', { reason: message })
    if (failure === 'refused' && isSaidByServer(error) && !this.#isDisowned) {
      this.#isDisowned = true
      disowned()
    }
    return wait
  }

  #setState(state: SessionState, fields: { mode?: string; reason?: string; retryMs?: number } = {}): void {
    const { log, journal, serverUrl } = this.#options
    if (state === this.#state) return
    // “connecting” after each pause is no news.
    if (state === 'online') log.info('connected', { serverUrl, ...fields })
    if (state === 'offline' && this.#state !== 'offline')
      log.warn('the server cannot be reached', { serverUrl, ...fields })
    this.#state = state
    if (journal.isClosed) return
    journal.set('connection', JSON.stringify({ state, since: Date.now(), ...fields }))
  }
}

async function assignedRuns(client: ControlClient, computerId: string, signal: AbortSignal): Promise<Run[]> {
  const all: Run[] = []
  let cursor: EventCursor | undefined
  do {
    const page = await client.fetchAssignedRuns(
      { computerId, limit: RUNS_A_PAGE, requestId: crypto.randomUUID(), ...(cursor ? { cursor } : {}) },
      { signal },
    )
    all.push(...page.runs)
    // A server that pages by something else than it was given would go on for ever.
    cursor = page.runs.length > 0 ? page.nextCursor : undefined
  } while (cursor)
  return all
}

const requestKey = () => {
  const key = crypto.randomUUID()
  return { requestId: key, idempotencyKey: key }
}

/** Who the server is. Servers before protocol 1 do not tell; then every cursor of theirs is taken as one server's. */
async function serverInfo(client: ControlClient): Promise<{ serverId: string; version: string }> {
  try {
    const { serverId, version, minProtocolVersion, maxProtocolVersion } = await client.getServerInfo({})
    if (minProtocolVersion > PROTOCOL_VERSION || (maxProtocolVersion > 0 && maxProtocolVersion < PROTOCOL_VERSION))
      throw new ConnectError(
        `The server speaks protocol ${minProtocolVersion} to ${maxProtocolVersion}, this daemon ${PROTOCOL_VERSION}.`,
        Code.FailedPrecondition,
      )
    return { serverId, version }
  } catch (error) {
    if (ConnectError.from(error).code === Code.Unimplemented) return { serverId: '', version: '' }
    throw error
  }
}
