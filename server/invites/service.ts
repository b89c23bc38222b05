import type { Invite, Role, TicketInfo } from '@shared/contract'
import { NekodeError } from '@shared/errors'
import { hashSecret, newId, newSecret } from '@shared/ids'
import { LOGIN_FAILURES } from '@shared/limits'
import type { UserPrincipal } from '../access/principal'
import { hashPassword } from '../auth/password'
import type { AuthService, From, Login } from '../auth/service'
import { Throttle } from '../auth/throttle'
import type { ChannelService } from '../channels/service'
import type { Core } from '../core'
import type { Tx } from '../db/database'
import { onDuplicate } from '../db/errors'
import type { Channel } from '../directory/directory'
import { networkOf } from '../http/network'
import { checkRank } from '../users/rules'
import { type UserService, nameTaken } from '../users/service'
import { type Ticket, TicketStore } from './store'

const HOUR_MS = 3_600_000
const INVITE_HOURS = 7 * 24
const RESET_HOURS = 24
/** How long what has expired is still in the list. */
const KEPT_MS = 90 * 24 * HOUR_MS

interface Made {
  code: string
  ticket: Ticket
}

/** Codes that work once: for joining, and for choosing a new password. Whoever makes one passes it on; only its hash is kept. */
export class InviteService {
  readonly #store: TicketStore
  readonly #wrong = new Throttle(LOGIN_FAILURES.ofAddress)

  constructor(
    private readonly core: Core,
    private readonly services: { users: UserService; auth: AuthService; channels: ChannelService },
  ) {
    this.#store = new TicketStore(core.db)
  }

  /** Newest first, the used and the expired ones of late too. */
  async list(page: { limit?: number | undefined; cursor?: string | undefined }): Promise<{
    items: Invite[]
    nextCursor?: string
  }> {
    const limit = page.limit ?? 50
    const rows = await this.#store.invites(page.cursor, limit + 1)
    const items = rows.slice(0, limit).map((row) => this.#view(row))
    const last = items.at(-1)
    return rows.length > limit && last ? { items, nextCursor: last.id } : { items }
  }

  /** Throws `owner_only`, and what `admitting` throws for a channel that the caller may bring nobody into. */
  async create(
    p: UserPrincipal,
    input: {
      role?: Role | undefined
      channels?: string[] | undefined
      note?: string | undefined
      expiresInHours?: number | undefined
    },
    address: string,
  ): Promise<Invite & { code: string }> {
    const { role = 'member', note = '', expiresInHours = INVITE_HOURS } = input
    checkRank(p.role, role)
    const { channels } = this.services
    const ids = [...new Set((input.channels ?? []).map((target) => channels.admitting(p, target).id))]
    const { code, ticket } = await this.core.db.tx(async (tx) => {
      const made = await this.#make(tx, p, { kind: 'invite', role, channels: ids, note }, expiresInHours)
      const { id } = made.ticket
      await this.core.audit.record(tx, {
        by: p,
        action: 'invite.create',
        subject: id,
        detail: { role, channels: ids, note },
        address,
      })
      return made
    })
    return { ...this.#view(ticket), code }
  }

  async revoke(p: UserPrincipal, id: string, address: string): Promise<void> {
    await this.core.db.tx(async (tx) => {
      const revoked = await this.#store.revoke(tx, id)
      if (!revoked)
        throw new NekodeError('not_found', 'There is no such invite, or somebody has used it.', {
          next: 'Whoever joined with it can be removed in the list of people.',
        })
      const { role, note } = revoked
      await this.core.audit.record(tx, { by: p, action: 'invite.revoke', subject: id, detail: { role, note }, address })
    })
  }

  /** A code for choosing a new password; one that was made earlier stops working. Throws `owner_only`. */
  async createReset(p: UserPrincipal, userId: string, address: string): Promise<Made> {
    return this.core.db.tx(async (tx) => {
      const user = await this.services.users.authorise(tx, p, userId)
      if (user.disabledAt !== null)
        throw new NekodeError('precondition', 'This person was removed.', { next: 'Let them in again first.' })
      await this.#store.dropResets(tx, userId)
      const made = await this.#make(tx, p, { kind: 'reset', role: null, channels: [], note: '', userId }, RESET_HOURS)
      await this.core.audit.record(tx, { by: p, action: 'password.reset_link', subject: userId, address })
      return made
    })
  }

  async #make(
    tx: Tx,
    p: UserPrincipal,
    what: Pick<Ticket, 'kind' | 'role' | 'channels' | 'note'> & { userId?: string },
    hours: number,
  ): Promise<Made> {
    const code = newSecret(what.kind === 'invite' ? 'nki' : 'nkr')
    const now = Date.now()
    const ticket: Ticket = {
      id: newId('tkt'),
      userId: null,
      ...what,
      codeHash: hashSecret(code),
      createdBy: p.id,
      createdAt: now,
      expiresAt: now + hours * HOUR_MS,
      usedAt: null,
      usedBy: null,
    }
    await this.#store.insert(tx, ticket)
    return { code, ticket }
  }

  /** The channels of an invite that its maker may still bring somebody into; by id, because another one may have got a name since. */
  #channels({ channels, createdBy }: Ticket): Channel[] {
    const { directory } = this.core
    return channels.flatMap((id) => {
      const channel = directory.channel(id)
      if (!channel || channel.archivedAt !== null) return []
      const admits = channel.visibility === 'public' || directory.member(id, 'human', createdBy)?.role === 'admin'
      return admits ? [channel] : []
    })
  }

  #view(t: Ticket): Invite {
    return {
      id: t.id,
      role: t.role ?? 'member',
      channels: t.channels.flatMap((id) => this.core.directory.channel(id)?.target ?? []),
      note: t.note,
      createdBy: t.createdBy,
      createdAt: t.createdAt,
      expiresAt: t.expiresAt,
      usedAt: t.usedAt,
      usedBy: t.usedBy,
    }
  }

  /** What a code is good for. Throws `code_invalid`, `throttled`. */
  async describe(code: string, address: string): Promise<TicketInfo> {
    const key = networkOf(address)
    this.#wrong.attempt(key)
    const ticket = await this.#good(code)
    this.#wrong.takeBack(key)
    const { directory } = this.core
    return {
      kind: ticket.kind,
      role: ticket.role,
      from: directory.user(ticket.createdBy)?.displayName ?? '',
      username: (ticket.userId && directory.user(ticket.userId)?.username) || '',
      expiresAt: ticket.expiresAt,
    }
  }

  async #good(code: string, kind?: Ticket['kind'], tx?: Tx): Promise<Ticket> {
    const ticket = await this.#store.open(hashSecret(code), Date.now(), tx)
    if (!ticket || (kind !== undefined && ticket.kind !== kind)) throw codeInvalid()
    return ticket
  }

  /** Makes the person that an invite is for, and logs them in. Of two who use a code at once one wins. */
  async join(
    input: { code: string; username: string; password: string; displayName?: string | undefined },
    from: From,
  ): Promise<Login> {
    await this.describe(input.code, from.address)
    const { username, displayName } = input
    const passwordHash = await hashPassword(input.password, from.address)
    const joining = this.core.db.tx(async (tx) => {
      const ticket = await this.#good(input.code, 'invite', tx)
      const { users } = this.services
      const role = ticket.role ?? 'member'
      // An invite is worth what its maker is now.
      if (!(await users.mayGrant(tx, ticket.createdBy, role))) throw codeInvalid()
      const user = await users.insert(tx, { username, displayName, passwordHash, role }, null)
      await this.#store.use(tx, ticket.id, user.id, Date.now())
      const by = { kind: 'human' as const, id: user.id, name: user.username, displayName: user.displayName }
      for (const channel of this.#channels(ticket)) await this.services.channels.admitPerson(tx, by, channel, user)
      await this.core.audit.record(tx, {
        by,
        action: 'user.join',
        subject: user.id,
        detail: { username, role, invite: ticket.id, invitedBy: ticket.createdBy },
        address: from.address,
      })
      return this.services.auth.open(tx, user, from)
    })
    return onDuplicate(joining, () => {
      throw nameTaken(username)
    })
  }

  /** Sets a new password and ends all sessions. The next login asks for the second factor as always. */
  async reset(input: { code: string; password: string }, address: string): Promise<void> {
    await this.describe(input.code, address)
    const passwordHash = await hashPassword(input.password, address)
    await this.core.db.tx(async (tx) => {
      const { userId, id } = await this.#good(input.code, 'reset', tx)
      const user = userId === null ? undefined : await this.services.users.active(tx, userId)
      if (!user) throw codeInvalid()
      await this.#store.use(tx, id, user.id, Date.now())
      await this.services.users.setPassword(tx, user.id, passwordHash)
      await this.core.credentials.revoke(tx, { kind: 'session', ownerId: user.id })
      await this.core.audit.record(tx, {
        by: { kind: 'human', id: user.id, name: user.username, displayName: user.displayName },
        action: 'password.reset',
        subject: user.id,
        address,
      })
    })
  }

  async sweep(now = Date.now()): Promise<void> {
    await this.core.db.tx((tx) => this.#store.sweep(tx, now - KEPT_MS))
  }
}

const codeInvalid = (): NekodeError =>
  new NekodeError('gone', 'This link does not work any more: it was used, has expired, or was revoked.', {
    code: 'code_invalid',
    next: 'Ask whoever sent it to you for a new one.',
  })
