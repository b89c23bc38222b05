import type { Actor, Tunnel, TunnelPolicy, TunnelState } from '@shared/contract'
import { NekodeError } from '@shared/errors'
import { newId } from '@shared/ids'
import {
  type AgentPrincipal,
  type ComputerPrincipal,
  type Principal,
  SYSTEM,
  type UserPrincipal,
  actorOf,
  administers,
  isAdmin,
} from '../access/principal'
import type { ApprovalBook } from '../approvals/book'
import type { Core } from '../core'
import type { Query, Tx } from '../db/database'
import type { Channel } from '../directory/directory'
import type { MessageWriter } from '../messages/writer'
import { parseTarget } from '../rpc/target'
import { cut } from '../rpc/text'
import type { RunRow } from '../runs/view'
import { TUNNEL } from './limits'
import { TunnelRules, lost } from './rules'
import { OPEN, type Seen, TunnelStore } from './store'
import { type TunnelRow, tunnelView } from './view'

export interface NewTunnel {
  computerId?: string | undefined
  localPort: number
  label?: string | undefined
  target?: string | undefined
  accessPolicy?: TunnelPolicy | undefined
  ttlSeconds?: number | undefined
}

export interface TunnelDeps {
  writer: MessageWriter
  approvals: ApprovalBook
  /** The run that an agent is working on. */
  currentRun(agentId: string): Promise<RunRow | undefined>
  /** Whether a computer belongs to this server. */
  isKnown(q: Query, computerId: string): Promise<boolean>
}

/** Where a tunnel is shown. */
interface Place {
  channel: Channel | undefined
  threadId: string | null
  run: RunRow | undefined
}

/** `pending_approval` → `active` or `rejected`; both open states → `closed`. */
const FROM: Record<Exclude<TunnelState, 'pending_approval'>, TunnelState[]> = {
  active: ['pending_approval'],
  rejected: ['pending_approval'],
  closed: OPEN,
}

/** Ways to what runs on the computers: who opens them, who allows them, and when they end. */
export class TunnelService {
  readonly #store: TunnelStore
  #urlOf: (token: string) => string | null = () => null

  constructor(
    private readonly core: Core,
    private readonly deps: TunnelDeps,
  ) {
    this.#store = new TunnelStore(core.db)
  }

  /** Where previews are looked at; known when the server listens. */
  showAt(urlOf: (token: string) => string | null): void {
    this.#urlOf = urlOf
  }

  /**
   * Opens a tunnel. A person's is active at once: an admin may open one to any computer, anybody else to one with an agent in the
   * channel that it is shown in. An agent's, to its own computer, waits for a person.
   */
  async create(p: UserPrincipal | AgentPrincipal, input: NewTunnel, address = ''): Promise<Tunnel> {
    const place = await this.#place(p, input.target)
    const accessPolicy = input.accessPolicy ?? (place.channel ? 'members' : 'private')
    const computerId = p.kind === 'agent' ? this.#ownComputer(p, input.computerId) : (input.computerId ?? '')
    if (p.kind === 'user') this.#mayOpen(p, computerId, place, accessPolicy)
    return this.#insert(p, { ...input, computerId, accessPolicy }, place, address)
  }

  /** A computer asks without saying for which agent: admins decide. */
  async ask(p: ComputerPrincipal, input: NewTunnel): Promise<Tunnel> {
    const place = { channel: undefined, threadId: null, run: undefined }
    return this.#insert(p, { ...input, computerId: p.id, accessPolicy: input.accessPolicy ?? 'private' }, place, '')
  }

  async #insert(
    p: UserPrincipal | AgentPrincipal | ComputerPrincipal,
    input: NewTunnel & { computerId: string; accessPolicy: TunnelPolicy },
    { channel, threadId, run }: Place,
    address: string,
  ): Promise<Tunnel> {
    const now = Date.now()
    const ttlSeconds = input.ttlSeconds ?? TUNNEL.ttlSeconds
    const waits = p.kind !== 'user'
    const row: TunnelRow = {
      id: newId('tun'),
      token: Buffer.from(crypto.getRandomValues(new Uint8Array(16))).toString('hex'),
      computerId: input.computerId,
      agentId: p.kind === 'agent' ? p.id : null,
      runId: run?.id ?? null,
      channelId: channel?.id ?? null,
      target: channel?.target ?? null,
      threadId,
      localPort: input.localPort,
      label: cut((input.label ?? '').replaceAll(/\s+/g, ' ').trim(), 200),
      state: waits ? 'pending_approval' : 'active',
      accessPolicy: input.accessPolicy,
      creator: actorOf(p),
      creatorId: p.id,
      ttlSeconds,
      approvedBy: null,
      approvedAt: null,
      expiresAt: now + (waits ? TUNNEL.pendingMs : ttlSeconds * 1000),
      closedAt: null,
      closeReason: '',
      createdAt: now,
    }
    return this.core.db.tx(async (tx) => {
      const known = await this.#repeated(tx, row)
      if (known) return this.view(known)
      await this.#store.insert(tx, row)
      this.#emit(tx, row, 'created', row.creator)
      await this.core.audit.record(tx, {
        by: p,
        action: waits ? 'tunnel.request' : 'tunnel.open',
        subject: row.id,
        detail: facts(row),
        address,
      })
      if (waits && run) await this.deps.approvals.openTunnel(tx, run, row)
      await this.#tell(tx, row, waits ? 'requested' : 'opened', row.creator)
      return this.view(row)
    })
  }

  /** Asking twice is asking once. @throws NekodeError when there are too many, or the computer is gone */
  async #repeated(tx: Tx, row: TunnelRow): Promise<TunnelRow | undefined> {
    if (!(await this.deps.isKnown(tx.q, row.computerId)))
      throw new NekodeError('not_found', `There is no computer ${row.computerId}.`, { code: 'computer_unknown' })
    const open = await this.#store.openOf(tx, row.computerId, TUNNEL.maxOpen)
    const same = open.find(
      (one) =>
        one.creatorId === row.creatorId &&
        one.localPort === row.localPort &&
        one.channelId === row.channelId &&
        one.accessPolicy === row.accessPolicy,
    )
    if (!same && open.length >= TUNNEL.maxOpen)
      throw new NekodeError('throttled', `There are ${open.length} tunnels to this computer already.`, {
        code: 'too_many_tunnels',
        next: 'Close those that nobody needs.',
      })
    return same
  }

  async #place(p: UserPrincipal | AgentPrincipal, target: string | undefined): Promise<Place> {
    const run = p.kind === 'agent' ? await this.deps.currentRun(p.id) : undefined
    if (target !== undefined) {
      const { target: at, threadId } = parseTarget(target)
      const channel = this.core.access.channel(p, 'write', at)
      if (threadId !== undefined) await this.#mustBeRoot(threadId, channel)
      return { channel, threadId: threadId ?? null, run }
    }
    if (p.kind === 'user') return { channel: undefined, threadId: null, run }
    if (!run)
      throw new NekodeError('invalid', 'It is not known where to show the preview.', {
        code: 'target_missing',
        next: 'Name the channel or thread: target.',
      })
    const channel = this.core.access.channelById(p, 'write', run.channelId)
    return { channel, threadId: run.threadId, run }
  }

  async #mustBeRoot(messageId: string, channel: Channel): Promise<void> {
    if (!(await this.#store.isRoot(messageId, channel.id)))
      throw new NekodeError('not_found', `There is no thread ${messageId} in ${channel.target}.`)
  }

  #ownComputer(p: AgentPrincipal, named: string | undefined): string {
    const own = this.core.directory.agent(p.id)?.computerId ?? ''
    if (named !== undefined && named !== own)
      throw new NekodeError('forbidden', 'An agent shows only what runs on its own computer.', {
        code: 'foreign_computer',
      })
    return own
  }

  #mayOpen(p: UserPrincipal, computerId: string, { channel }: Place, policy: TunnelPolicy): void {
    if (policy === 'members' && !channel)
      throw new NekodeError('invalid', 'A tunnel for members belongs to a channel.', {
        code: 'target_missing',
        next: 'Name the channel: target. Or open it for yourself: accessPolicy “private”.',
      })
    if (policy === 'public' && !administers(p))
      throw new NekodeError('forbidden', 'Only an admin may open a preview to everybody on the net.', {
        code: 'public_needs_admin',
        next: 'Open it for the members of the channel, or ask an admin.',
      })
    if (isAdmin(p)) return
    const agents = this.core.directory.agents().filter((agent) => agent.computerId === computerId)
    const shares = channel && agents.some((agent) => this.core.directory.member(channel.id, 'agent', agent.id))
    if (!shares)
      throw new NekodeError('forbidden', 'You may open tunnels only to computers of agents in the channel.', {
        code: 'foreign_computer',
        next: 'Name a channel that you share with an agent on that computer, or ask an admin.',
      })
  }

  async list(
    p: UserPrincipal | AgentPrincipal | ComputerPrincipal,
    query: {
      computerId?: string | undefined
      target?: string | undefined
      state?: TunnelState | undefined
      cursor?: string | undefined
      limit?: number | undefined
    },
  ): Promise<{ items: Tunnel[]; nextCursor?: string }> {
    const limit = query.limit ?? 50
    const seen: Seen =
      p.kind === 'computer'
        ? { channelIds: [], computerId: p.id }
        : { channelIds: this.core.access.visibleChannels(p), creatorId: p.id, unplaced: isAdmin(p) }
    const rows = await this.#store.list(seen, { ...query, before: query.cursor, limit: limit + 1 })
    const items = rows.slice(0, limit)
    const last = items.at(-1)
    return { items: items.map(this.view), ...(rows.length > limit && last ? { nextCursor: last.id } : {}) }
  }

  async get(p: Principal, id: string): Promise<Tunnel> {
    return this.view(await this.row(p, id))
  }

  /** @throws NekodeError not_found for what the caller may not see either */
  async row(p: Principal, id: string): Promise<TunnelRow> {
    const row = await this.#store.get(id)
    if (!row || !TunnelRules.see(this.core, p, row)) throw new NekodeError('not_found', 'There is no such tunnel.')
    return row
  }

  async approve(p: UserPrincipal, id: string, address = ''): Promise<Tunnel> {
    const seen = await this.#decidable(p, id)
    const now = Date.now()
    const set = { approvedBy: actorOf(p), approvedAt: now, expiresAt: now + seen.ttlSeconds * 1000 }
    return this.core.db.tx((tx) => this.#move(tx, id, 'active', { by: p, set, address }))
  }

  async reject(p: UserPrincipal, id: string, reason = '', address = ''): Promise<Tunnel> {
    await this.#decidable(p, id)
    const set = { closedAt: Date.now(), closeReason: reason }
    return this.core.db.tx((tx) => this.#move(tx, id, 'rejected', { by: p, set, address }))
  }

  async close(p: Principal, id: string, reason = '', address = ''): Promise<Tunnel> {
    const row = await this.row(p, id)
    if (!TunnelRules.close(this.core, p, row))
      throw new NekodeError('forbidden', 'You may look at this tunnel, but not close it.')
    const set = { closedAt: Date.now(), closeReason: reason }
    return this.core.db.tx((tx) => this.#move(tx, id, 'closed', { by: actorOf(p), set, address }))
  }

  /** @param ttlSeconds from now; default: what it was opened for */
  async extend(p: UserPrincipal, id: string, ttlSeconds?: number, address = ''): Promise<Tunnel> {
    const seen = await this.#decidable(p, id)
    const expiresAt = Date.now() + (ttlSeconds ?? seen.ttlSeconds) * 1000
    return this.core.db.tx(async (tx) => {
      if (!(await this.#store.move(tx, id, ['active'], { expiresAt })))
        throw illegal((await this.#store.get(id, tx.q)) ?? seen, 'active')
      const row = { ...seen, ...(await this.#store.get(id, tx.q)) }
      this.#emit(tx, row, 'updated', actorOf(p))
      await this.core.audit.record(tx, {
        by: p,
        action: 'tunnel.extend',
        subject: id,
        detail: { ...facts(row), expiresAt },
        address,
      })
      return this.view(row)
    })
  }

  async #decidable(p: UserPrincipal, id: string): Promise<TunnelRow> {
    const row = await this.row(p, id)
    if (TunnelRules.decide(this.core, p, row)) return row
    throw new NekodeError(
      'forbidden',
      row.accessPolicy === 'public'
        ? 'Only an admin may decide about a preview that everybody on the net can see.'
        : 'Only who may write in its channel may decide about a tunnel.',
      { code: 'not_yours_to_decide' },
    )
  }

  async #move(
    tx: Tx,
    id: string,
    to: keyof typeof FROM,
    how: { by: Principal | Actor; set: Partial<TunnelRow>; address?: string },
  ): Promise<Tunnel> {
    const before = await this.#store.get(id, tx.q)
    if (!before) throw new NekodeError('not_found', 'There is no such tunnel.')
    const set = { ...how.set, state: to }
    if (!(await this.#store.move(tx, id, FROM[to], set))) throw illegal(before, to)
    const row = { ...before, ...set }
    const actor = 'credentialId' in how.by || how.by.kind === 'guest' ? actorOf(how.by) : how.by
    this.#emit(tx, row, 'state_changed', actor)
    await this.core.audit.record(tx, {
      by: actor,
      action: `tunnel.${to === 'active' ? 'approve' : to === 'rejected' ? 'reject' : 'close'}`,
      subject: id,
      detail: { ...facts(row), ...(row.closeReason ? { reason: row.closeReason } : {}) },
      address: how.address ?? '',
    })
    if (before.state === 'pending_approval') {
      const said = to === 'active' ? 'allowed' : to === 'rejected' ? 'denied' : 'withdrawn'
      await this.deps.approvals.settleTunnel(tx, id, said, actor)
      if (to !== 'closed') await this.#tell(tx, row, to === 'active' ? 'opened' : 'rejected', actor)
    }
    return this.view(row)
  }

  /** Closes what is over: its time, its computer, its channel, or whoever opened it is not there any more. */
  async reap(now = Date.now()): Promise<void> {
    for (const row of await this.#store.expired(now)) await this.#end(row, 'ttl_expired')
  }

  /** Closes what has no standing any more. */
  async reconcile(): Promise<void> {
    for (let after = ''; ;) {
      const rows = await this.#store.open(after, 200)
      for (const row of rows) {
        const why = (await this.deps.isKnown(this.core.db.q, row.computerId))
          ? lost(this.core, row)
          : 'computer_removed'
        if (why) await this.#end(row, why)
      }
      after = rows.at(-1)?.id ?? ''
      if (rows.length < 200) return
    }
  }

  async prune(now = Date.now()): Promise<void> {
    await this.core.db.tx((tx) => this.#store.prune(tx, now - TUNNEL.keptMs))
  }

  async #end(row: TunnelRow, closeReason: string): Promise<void> {
    try {
      const set = { closedAt: Date.now(), closeReason }
      await this.core.db.tx((tx) => this.#move(tx, row.id, 'closed', { by: SYSTEM, set }))
    } catch (error) {
      // Somebody else closed it meanwhile.
      if (!(error instanceof NekodeError && error.code === 'illegal_transition')) throw error
    }
  }

  /** For looking through it. */
  byToken(token: string): Promise<TunnelRow | undefined> {
    return this.#store.byToken(token)
  }

  view = (row: TunnelRow): Tunnel => tunnelView(row, this.#urlOf(row.token))

  #emit(tx: Tx, row: TunnelRow, operation: 'created' | 'updated' | 'state_changed', actor: Actor): void {
    tx.emit({
      kind: 'tunnel',
      operation,
      aggregateId: row.id,
      audience: row.channelId === null ? `admin:${row.creatorId}` : `channel:${row.channelId}`,
      target: row.target,
      actor,
      payload: this.view(row),
    })
  }

  /** Says in the conversation what became of a tunnel. */
  async #tell(tx: Tx, row: TunnelRow, what: 'requested' | 'opened' | 'rejected', by: Actor): Promise<void> {
    const channel = row.channelId === null ? undefined : this.core.directory.channel(row.channelId)
    if (!channel) return
    const shown = `port ${row.localPort}${row.label ? ` (${row.label})` : ''}`
    const url = this.#urlOf(row.token)
    const content = {
      requested: `@${by.name} asks to show a preview of ${shown} here. Somebody who may write here has to allow it.`,
      opened: `@${by.name} opened a preview of ${shown}${url ? `: ${url}` : '.'}`,
      rejected: `@${by.name} refused the preview of ${shown}.`,
    }[what]
    await this.deps.writer.write(tx, {
      channel,
      threadId: row.threadId,
      sender: SYSTEM,
      content,
      system: {
        type: `tunnel.${what}`,
        data: { tunnelId: row.id, by: by.name, localPort: row.localPort, label: row.label, url },
      },
    })
  }
}

/** For the audit log, which is every admin's: the name of a private channel is its members' only. */
const facts = (t: TunnelRow): Record<string, unknown> => ({
  computerId: t.computerId,
  localPort: t.localPort,
  accessPolicy: t.accessPolicy,
  channelId: t.channelId,
})

const illegal = (row: TunnelRow, to: TunnelState): NekodeError =>
  new NekodeError('conflict', `The tunnel is ${row.state.replace('_', ' ')} and cannot become ${to}.`, {
    code: 'illegal_transition',
  })
