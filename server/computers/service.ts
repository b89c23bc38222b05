import type { Actor, Computer, ComputerResources, RuntimeInfo } from '@shared/contract'
import { NekodeError } from '@shared/errors'
import { newId } from '@shared/ids'
import { and, asc, eq, isNull, lt, ne, or } from 'drizzle-orm'
import { type ComputerPrincipal, SYSTEM, type UserPrincipal, actorOf } from '../access/principal'
import type { Audit } from '../audit/service'
import type { Credentials } from '../auth/credentials'
import { type Database, type LogEvent, type NewEvent, type Query, type Tx } from '../db/database'
import { Commands } from './commands'
import { HEARTBEAT_SECONDS, OFFLINE_MS, STALE_MS, statusOf } from './status'
import { clip } from './text'
import { type ComputerRow, type Facts, bounded, computerEvent, nameOf, shown, toComputer } from './view'

export interface Inventory {
  runtimes: RuntimeInfo[]
  /** Chosen by the daemon; equal versions mean equal inventories. */
  version: string
}

/** A computer's right to be that computer. Times in Unix milliseconds. */
export interface Lease {
  id: string
  expiresAt: number
  heartbeatAfterSeconds: number
}

export interface Heartbeat {
  leaseId: string
  facts?: Partial<Facts>
  /** How busy the computer is, when its daemon measures that. */
  resources?: ComputerResources | undefined
  /** Only when it is complete. */
  inventory?: Inventory
}

export interface ComputersDeps {
  db: Database
  credentials: Credentials
  audit: Audit
  /** Unix milliseconds. */
  now?: () => number
}

/** Runs in the transaction that registers or removes a computer. */
export type Hook = (tx: Tx, computerId: string, actor: Actor) => Promise<void>

/** The computers that run agents: who they are, whether they are there, and what is on them. */
export class Computers {
  readonly commands: Commands
  readonly #present = new Set<string>()
  readonly #registered: Hook[] = []
  readonly #removed: Hook[] = []

  private readonly db: Database
  private readonly credentials: Credentials
  private readonly now: () => number

  constructor(private readonly deps: ComputersDeps) {
    this.db = deps.db
    this.credentials = deps.credentials
    this.now = deps.now ?? Date.now
    this.commands = new Commands(this.db, this.now)
    this.db.onCommit((events) => this.follow(events))
  }

  /** Adds what another feature does when a daemon registers. */
  onRegistered(hook: Hook): void {
    this.#registered.push(hook)
  }

  /** Adds what another feature does when a computer is removed. */
  onRemoved(hook: Hook): void {
    this.#removed.push(hook)
  }

  async list(): Promise<Computer[]> {
    const { q, t } = this.db
    const rows = await q.select().from(t.computers).where(isNull(t.computers.removedAt)).orderBy(asc(t.computers.id))
    const now = this.now()
    return rows.map((row) => toComputer(row, now))
  }

  async get(id: string): Promise<Computer> {
    return toComputer(await this.#row(this.db.q, id), this.now())
  }

  /** Whether the computer's daemon has been heard of lately, stale included. From memory, as of the last announced change. */
  isOnline = (id: string): boolean => this.#present.has(id)

  /** Whether the computer belongs to this server: it was not removed. As `q` has it. */
  isKnown = async (q: Query, id: string): Promise<boolean> => {
    const { computers } = this.db.t
    const [row] = await q
      .select({ id: computers.id })
      .from(computers)
      .where(and(eq(computers.id, id), isNull(computers.removedAt)))
    return row !== undefined
  }

  /** Reads who is there, and announces who went away while the server was down. */
  async load(): Promise<void> {
    const { q, t } = this.db
    for (const row of await q.select().from(t.computers)) this.#follow(row)
    await this.sweep()
  }

  #follow(row: ComputerRow): void {
    if (row.removedAt === null && row.announced !== 'offline') this.#present.add(row.id)
    else this.#present.delete(row.id)
  }

  /** Takes in what a commit changed, of this process or of another replica. */
  async follow(events: LogEvent[]): Promise<void> {
    const { q, t } = this.db
    for (const id of new Set(events.filter((e) => e.kind === 'computer').map((e) => e.aggregateId)))
      for (const row of await q.select().from(t.computers).where(eq(t.computers.id, id))) this.#follow(row)
  }

  async rename(p: UserPrincipal, id: string, displayName: string, address = ''): Promise<Computer> {
    const computer = await this.db.tx(async (tx) => {
      const row = await this.#row(tx.q, id)
      await this.deps.audit.record(tx, {
        by: p,
        action: 'computer.rename',
        subject: id,
        detail: { displayName },
        address,
      })
      return this.#save(tx, row, { displayName: clip(displayName, 80) }, actorOf(p))
    })
    this.credentials.changed(id)
    return toComputer(computer, this.now())
  }

  /** Its tokens and those of its agents stop working and their open streams end; what ran there is up to the hooks. */
  async remove(p: UserPrincipal, id: string, address = ''): Promise<void> {
    const actor = actorOf(p)
    const { agents, computers } = this.db.t
    await this.db.tx(async (tx) => {
      const row = await this.#row(tx.q, id)
      const removed = {
        ...row,
        removedAt: this.now(),
        leaseId: null,
        announced: 'offline' as const,
        updatedAt: this.now(),
      }
      await tx.q.update(computers).set(removed).where(eq(computers.id, id))
      await this.credentials.revoke(tx, { kind: 'computer', ownerId: id })
      for (const agent of await tx.q.select({ id: agents.id }).from(agents).where(eq(agents.computerId, id)))
        await this.credentials.revoke(tx, { kind: 'agent', ownerId: agent.id })
      await this.deps.audit.record(tx, {
        by: p,
        action: 'computer.remove',
        subject: id,
        detail: { displayName: nameOf(row) },
        address,
      })
      await this.commands.failAll(tx, id, 'The computer was removed.')
      for (const hook of this.#removed) await hook(tx, id, actor)
      tx.emit(computerEvent(removed, 'deleted', actor, this.now()))
    })
  }

  /**
   * The computer of that name, made when there is none. It is not there before its daemon comes with a code of an enrollment.
   * @throws NekodeError conflict `name_ambiguous` when several have the name
   */
  async provide(p: UserPrincipal, name: string, address = ''): Promise<{ computer: Computer; isNew: boolean }> {
    const { computers } = this.db.t
    const displayName = clip(name, 80)
    return this.db.tx(async (tx) => {
      const named = and(eq(computers.displayName, displayName), isNull(computers.removedAt))
      const [known, another] = await tx.q.select().from(computers).where(named).limit(2)
      if (another)
        throw new NekodeError('conflict', `There are several computers of the name “${displayName}”.`, {
          code: 'name_ambiguous',
          next: 'Rename one of them, or choose another name.',
        })
      if (known) return { computer: toComputer(known, this.now()), isNew: false }
      const row = await this.admit(tx, newId('cmp'), { displayName })
      await this.deps.audit.record(tx, {
        by: p,
        action: 'computer.provision',
        subject: row.id,
        detail: { displayName },
        address,
      })
      return { computer: toComputer(row, this.now()), isNew: true }
    })
  }

  /** Makes a computer known, or finds the known one; it keeps its name. For enrollment. */
  async admit(tx: Tx, id: string, facts: Partial<Facts>, { local = false } = {}): Promise<ComputerRow> {
    const { computers } = this.db.t
    const [known] = await tx.q.select().from(computers).where(eq(computers.id, id))
    if (known) {
      if (known.removedAt !== null) throw unknownComputer()
      const { displayName: _, ...rest } = bounded(facts)
      return this.#save(tx, known, { ...rest, local: local || known.local }, SYSTEM)
    }
    const now = this.now()
    const row: ComputerRow = {
      id,
      daemonId: '',
      displayName: '',
      hostname: '',
      os: '',
      arch: '',
      version: '',
      ...bounded(facts),
      local,
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
    }
    await tx.insert(computers, row)
    tx.emit(computerEvent(row, 'created', SYSTEM, now))
    return row
  }

  /** The id of the computer that the server itself runs on, once it is known. */
  async localId(q: Query = this.db.q): Promise<string | undefined> {
    const { computers } = this.db.t
    const local = and(eq(computers.local, true), isNull(computers.removedAt))
    const [row] = await q.select({ id: computers.id }).from(computers).where(local).orderBy(asc(computers.id)).limit(1)
    return row?.id
  }

  /** A daemon is there, with all that it found. A new lease each time. */
  async register(
    p: ComputerPrincipal,
    facts: Facts,
    inventory: Inventory,
    resources: ComputerResources | null = null,
  ): Promise<Lease> {
    return this.db.tx(async (tx) => {
      const row = await this.#own(tx.q, p)
      const leaseId = newId('lease')
      await this.#seen(tx, row, { ...this.#changes(row, facts, inventory), resources, leaseId }, p)
      for (const hook of this.#registered) await hook(tx, p.id, actorOf(p))
      return this.#lease(leaseId)
    })
  }

  /** A sign of life. An unknown lease gets a new one. `also` is what else belongs into the same transaction. */
  async heartbeat(p: ComputerPrincipal, beat: Heartbeat, also?: (tx: Tx) => Promise<void>): Promise<Lease> {
    return this.db.tx(async (tx) => {
      const row = await this.#own(tx.q, p)
      const leaseId = beat.leaseId !== '' && beat.leaseId === row.leaseId ? beat.leaseId : newId('lease')
      const measured = beat.resources ? { resources: beat.resources } : {}
      await this.#seen(tx, row, { ...this.#changes(row, beat.facts ?? {}, beat.inventory), ...measured, leaseId }, p)
      await also?.(tx)
      return this.#lease(leaseId)
    })
  }

  /** What is on the computer now. Says nothing about its being there: that is what heartbeats are for. */
  async syncInventory(p: ComputerPrincipal, facts: Partial<Facts>, inventory: Inventory): Promise<{ version: string }> {
    return this.db.tx(async (tx) => {
      const row = await this.#own(tx.q, p)
      const changed = await this.#save(tx, row, this.#changes(row, facts, inventory), actorOf(p))
      return { version: changed.inventoryVersion }
    })
  }

  /** The daemon has journaled the events for its computer up to `sequence`. */
  async acknowledge(p: ComputerPrincipal, sequence: number): Promise<void> {
    const { computers } = this.db.t
    await this.db.tx(async (tx) => {
      const later = and(eq(computers.id, p.id), lt(computers.ackedSequence, sequence))
      await tx.q.update(computers).set({ ackedSequence: sequence }).where(later)
    })
  }

  /** Where a subscription without a cursor starts. */
  async acknowledged(p: ComputerPrincipal): Promise<number> {
    return (await this.#own(this.db.q, p)).ackedSequence
  }

  /** Asks the daemon to look for coding agents again. */
  async refresh(p: UserPrincipal, id: string): Promise<void> {
    await this.#order(p, id, { type: 'refresh_inventory' }, '', () => undefined)
  }

  /** Asks the daemon to install a coding agent. Asking again while that is under way gives the same operation. */
  async installRuntime(p: UserPrincipal, id: string, kind: string, address = ''): Promise<string> {
    return this.#order(p, id, { type: 'install_runtime', kind }, address, (computer) => {
      const runtime = computer.runtimes.find((one) => one.kind === kind)
      if (!runtime)
        throw new NekodeError('not_found', `${nameOf(computer)} has reported no runtime “${kind}”.`, {
          code: 'runtime_unknown',
          next: 'Use one of the kinds that the computer’s page shows, or refresh it.',
        })
      if (!runtime.canInstall)
        throw new NekodeError('precondition', `Nekode cannot install ${runtime.displayName} on ${nameOf(computer)}.`, {
          code: 'runtime_not_installable',
          next: runtime.nextStep || runtime.installCommand || `Install ${runtime.displayName} by hand, then refresh.`,
        })
    })
  }

  async #order(
    p: UserPrincipal,
    id: string,
    command: { type: 'refresh_inventory' } | { type: 'install_runtime'; kind: string },
    address: string,
    check: (computer: ComputerRow) => void,
  ): Promise<string> {
    return this.db.tx(async (tx) => {
      const row = await this.#row(tx.q, id)
      check(row)
      if (statusOf(row.lastSeenAt, this.now()) === 'offline')
        throw new NekodeError('precondition', `${nameOf(row)} is offline.`, {
          code: 'computer_offline',
          next: 'Start nekode-daemon on it, then try again.',
        })
      const pending = await this.commands.pending(tx, id, command)
      if (pending) return pending.id
      if (command.type === 'install_runtime')
        await this.deps.audit.record(tx, {
          by: p,
          action: 'runtime.install',
          subject: id,
          detail: { kind: command.kind },
          address,
        })
      return (await this.commands.enqueue(tx, { computerId: id, command, requestedBy: actorOf(p) })).id
    })
  }

  /** Announces every computer that went quiet or away since the last look, once, whichever replica looks first. */
  async sweep(): Promise<void> {
    const { q, t } = this.db
    const now = this.now()
    const quiet = or(isNull(t.computers.lastSeenAt), lt(t.computers.lastSeenAt, now - STALE_MS + 1))
    const rows = await q
      .select()
      .from(t.computers)
      .where(and(isNull(t.computers.removedAt), ne(t.computers.announced, 'offline'), quiet))
    for (const { id } of rows) await this.db.tx((tx) => this.#announceQuiet(tx, id, now))
    await this.commands.sweep()
  }

  async #announceQuiet(tx: Tx, id: string, now: number): Promise<void> {
    const { computers } = this.db.t
    const [row] = await tx.q
      .select()
      .from(computers)
      .where(and(eq(computers.id, id), isNull(computers.removedAt)))
    const status = row && statusOf(row.lastSeenAt, now)
    if (!row || !status || status === row.announced) return
    await tx.q.update(computers).set({ announced: status, updatedAt: now }).where(eq(computers.id, id))
    tx.emit(computerEvent({ ...row, announced: status, updatedAt: now }, 'state_changed', SYSTEM, now))
  }

  /** Sweeps until the returned function is called. */
  watch(log: { error(message: string, fields: Record<string, unknown>): void }, everyMs = 5000): () => void {
    let busy = false
    const timer = setInterval(() => {
      if (busy) return
      busy = true
      this.sweep()
        .catch((error: unknown) => log.error('looking for computers that went away failed', { error }))
        .finally(() => {
          busy = false
        })
    }, everyMs)
    timer.unref()
    return () => clearInterval(timer)
  }

  async #row(q: Query, id: string): Promise<ComputerRow> {
    const { computers } = this.db.t
    const [row] = await q
      .select()
      .from(computers)
      .where(and(eq(computers.id, id), isNull(computers.removedAt)))
    if (!row) throw unknownComputer()
    return row
  }

  /** The caller's own computer. It can be gone although its token was just good. */
  async #own(q: Query, p: ComputerPrincipal): Promise<ComputerRow> {
    const { computers } = this.db.t
    const [row] = await q
      .select()
      .from(computers)
      .where(and(eq(computers.id, p.id), isNull(computers.removedAt)))
    if (!row)
      throw new NekodeError('unauthenticated', 'This computer was removed from the server.', {
        code: 'token_invalid',
        next: 'Add the computer again in the console and run the new install command on it.',
      })
    return row
  }

  #changes(row: ComputerRow, facts: Partial<Facts>, inventory: Inventory | undefined): Partial<ComputerRow> {
    const { displayName, ...rest } = bounded(facts)
    // People name computers; what a daemon's configuration says only fills a gap.
    const named = row.displayName === '' && displayName ? { displayName } : {}
    const found = inventory ? { runtimes: inventory.runtimes, inventoryVersion: clip(inventory.version, 255) } : {}
    return { ...rest, ...named, ...found }
  }

  async #seen(tx: Tx, row: ComputerRow, changes: Partial<ComputerRow>, p: ComputerPrincipal): Promise<void> {
    await this.#save(tx, row, { ...changes, lastSeenAt: this.now(), announced: 'online' }, actorOf(p))
  }

  /** Writes what changed, and tells people when they can see a difference. */
  async #save(tx: Tx, row: ComputerRow, changes: Partial<ComputerRow>, actor: Actor): Promise<ComputerRow> {
    const now = this.now()
    const visible = shown(row) !== shown({ ...row, ...changes })
    const next = { ...row, ...changes, updatedAt: visible ? now : row.updatedAt }
    const set = visible ? { ...changes, updatedAt: now } : changes
    if (Object.keys(set).length)
      await tx.q.update(this.db.t.computers).set(set).where(eq(this.db.t.computers.id, row.id))
    const operation: NewEvent['operation'] = row.announced === next.announced ? 'updated' : 'state_changed'
    if (visible) tx.emit(computerEvent(next, operation, actor, now))
    return next
  }

  #lease = (id: string): Lease => ({
    id,
    expiresAt: this.now() + OFFLINE_MS,
    heartbeatAfterSeconds: HEARTBEAT_SECONDS,
  })
}

const unknownComputer = (): NekodeError =>
  new NekodeError('not_found', 'There is no such computer.', {
    code: 'computer_unknown',
    next: 'It may have been removed. GET /api/computers lists those that are there.',
  })
