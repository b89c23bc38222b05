import type { Actor, Channel as ChannelView, ChannelMember, Language, NotifyLevel } from '@shared/contract'
import { NekodeError } from '@shared/errors'
import { newId } from '@shared/ids'
import { SYSTEM, type UserPrincipal, type Principal, actorOf } from '../access/principal'
import type { Core } from '../core'
import type { Tx } from '../db/database'
import { onDuplicate } from '../db/errors'
import type { Agent, Channel, Member, User } from '../directory/directory'
import {
  type Changes,
  GENERAL,
  type Kind,
  type Membership,
  deliveryOf,
  factsOf,
  gone,
  keepAnAdmin,
  memberView,
  newMember,
  notAMember,
  taken,
} from './rules'
import { ChannelStore } from './store'
import { ChannelTelling, type Note } from './telling'
import { ChannelViews, channelEvent } from './views'

type AgentLeft = (tx: Tx, agentId: string, channel: Channel, by: Actor) => Promise<void>
type Archived = (tx: Tx, channel: Channel, by: Actor) => Promise<void>
type Read = (tx: Tx, userId: string, channelId: string, messageId: string) => Promise<void>

/** `dm:` and the sorted ids of who is in it: the same two always meet in the same place. */
const dmTarget = (...ids: string[]): string => `dm:${ids.toSorted().join('+')}`

export class ChannelService {
  readonly #store: ChannelStore
  readonly #views: ChannelViews
  readonly #telling: ChannelTelling
  #onAgentLeft: AgentLeft = async () => {}
  #onArchived: Archived = async () => {}
  #onRead: Read = async () => {}

  constructor(private readonly core: Core) {
    this.#store = new ChannelStore(core.db)
    this.#views = new ChannelViews(core, this.#store)
    this.#telling = new ChannelTelling(core, this.#store, this.#views)
  }

  /** What else happens, in the same transaction, when an agent is taken out of a channel: its work there ends. */
  whenAgentLeaves(then: AgentLeft): void {
    this.#onAgentLeft = then
  }

  /** What else happens, in the same transaction, when a channel is archived: nobody could stop what goes on in it any more. */
  whenArchived(then: Archived): void {
    this.#onArchived = then
  }

  /** Says in a channel, in the same transaction, who came and went and what became of the channel. */
  noteWith(note: Note): void {
    this.#telling.note = note
  }

  /** What else is read, in the same transaction, when somebody has read a channel up to a message. */
  whenRead(then: Read): void {
    this.#onRead = then
  }

  async list(p: Principal): Promise<ChannelView[]> {
    const { access, directory } = this.core
    const visible = directory.channels().filter((c) => c.archivedAt === null && access.can(p, 'read', c))
    return this.#views.all(p, visible)
  }

  async get(p: Principal, target: string): Promise<ChannelView> {
    return this.#views.one(p, this.core.access.channel(p, 'read', target))
  }

  async create(
    p: UserPrincipal,
    input: {
      name: string
      topic?: string | undefined
      visibility?: 'public' | 'private' | undefined
      language?: Language | undefined
    },
  ): Promise<ChannelView> {
    const target = `#${input.name}`
    if (this.core.directory.channelAt(target)) throw taken(target)
    const creation = this.core.db.tx(async (tx) => {
      const made = await this.#insert(tx, {
        target,
        name: input.name,
        topic: input.topic ?? '',
        visibility: input.visibility ?? 'public',
        kind: 'channel',
        language: input.language ?? 'en',
        createdBy: p.id,
      })
      await this.#addMember(tx, p, made, 'human', p.id, { role: 'admin' }, 'quietly')
      return made
    })
    const channel = await onDuplicate(creation, () => {
      throw taken(target)
    })
    return this.#views.one(p, channel)
  }

  async update(p: UserPrincipal, target: string, set: Changes): Promise<ChannelView> {
    const channel = this.core.access.channel(p, 'manage', target)
    if (channel.target === GENERAL && set.visibility === 'private')
      throw new NekodeError('precondition', `${GENERAL} stays public: everybody is in it.`, { code: 'general_public' })
    await this.core.db.tx(async (tx) => {
      const now = await this.#current(tx, channel)
      const changes = {
        name: set.name ?? now.name,
        topic: set.topic ?? now.topic,
        visibility: set.visibility ?? now.visibility,
        language: set.language ?? now.language,
      }
      await this.#store.update(tx, channel.id, changes)
      const changed = { ...now, ...changes, updatedAt: Date.now() }
      this.#telling.channel(tx, p, changed, 'updated')
      for (const fact of factsOf(p, now, changed)) await this.#telling.note(tx, changed, fact)
      if (now.visibility !== changes.visibility)
        await this.#telling.record(tx, p, 'channel.visibility', channel, { visibility: changes.visibility })
      if (now.visibility === 'public' && changes.visibility === 'private') await this.#telling.gone(tx, p, changed)
    })
    return this.get(p, target)
  }

  async archive(p: UserPrincipal, target: string): Promise<void> {
    const channel = this.core.access.channel(p, 'manage', target)
    if (channel.target === GENERAL)
      throw new NekodeError('precondition', `${GENERAL} cannot be archived: everybody is in it.`, {
        code: 'general_public',
      })
    const archivedAt = Date.now()
    await this.core.db.tx(async (tx) => {
      const now = await this.#current(tx, channel)
      await this.#onArchived(tx, now, actorOf(p))
      await this.#telling.note(tx, now, { type: 'channel.archived', data: { by: p.name } })
      // The name is free again; the archived one keeps its messages under its id.
      const renamed = `${now.target}~${now.id.slice(-8)}`
      await this.#store.update(tx, now.id, { archivedAt, target: renamed })
      await this.#telling.record(tx, p, 'channel.archive', now)
      // Under the name that everybody knows it by: it is what they have to take away.
      this.#telling.channel(tx, p, { ...now, archivedAt, updatedAt: archivedAt }, 'deleted')
    })
  }

  async join(p: UserPrincipal, target: string): Promise<ChannelView> {
    const channel = this.core.access.channel(p, 'join', target)
    if (!this.core.access.membership(p, channel.id))
      await this.core.db.tx((tx) => this.#addMember(tx, p, channel, 'human', p.id, {}))
    return this.#views.one(p, channel)
  }

  members(p: Principal, target: string): ChannelMember[] {
    const channel = this.core.access.channel(p, 'read', target)
    return this.#views.members(channel)
  }

  async addMember(
    p: UserPrincipal,
    target: string,
    input: { kind: Kind; memberId: string } & Membership,
  ): Promise<ChannelMember> {
    const channel = this.admitting(p, target)
    // Anybody may bring somebody into a public channel; only its admins give out roles.
    if (input.role && input.role !== 'member') this.core.access.channel(p, 'manage', target)
    if (p.role === 'viewer')
      throw new NekodeError('forbidden', 'You may read here, but not change anything.', { code: 'viewer' })
    const known = this.core.directory.member(channel.id, input.kind, input.memberId)
    if (!known) await this.core.db.tx((tx) => this.#addMember(tx, p, channel, input.kind, input.memberId, input))
    return this.#views.member(channel, input.kind, input.memberId)
  }

  /** The channel at `target`, when the caller may bring somebody in: into a public one, or one that they are an admin of. */
  admitting(p: UserPrincipal, target: string): Channel {
    const channel = this.core.access.channel(p, 'read', target)
    // A direct conversation has no admin: nobody may let a third one listen.
    if (channel.visibility === 'private') return this.core.access.channel(p, 'manage', target)
    return channel
  }

  async updateMember(
    p: UserPrincipal,
    target: string,
    kind: Kind,
    memberId: string,
    set: Membership,
  ): Promise<ChannelMember> {
    const channel = this.core.access.channel(p, 'manage', target)
    this.#views.member(channel, kind, memberId)
    await this.core.db.tx(async (tx) => {
      const { member, others } = await this.#currentMember(tx, channel, kind, memberId)
      const changes = { role: set.role ?? member.role, ...deliveryOf(set, member) }
      if (member.role === 'admin' && changes.role !== 'admin') keepAnAdmin(channel, others)
      await this.#store.updateMember(tx, member, changes)
      if (changes.role !== member.role)
        await this.#telling.record(tx, p, 'channel.role', channel, { memberId, from: member.role, to: changes.role })
      this.#telling.member(tx, p, channel, { ...member, ...changes }, 'updated')
    })
    return this.#views.member(channel, kind, memberId)
  }

  /** Removes a member; people may remove themselves. */
  async removeMember(p: UserPrincipal, target: string, kind: Kind, memberId: string): Promise<void> {
    const self = kind === 'human' && memberId === p.id
    const channel = this.core.access.channel(p, self ? 'read' : 'manage', target)
    if (channel.kind === 'dm')
      throw new NekodeError('precondition', 'Nobody can leave a direct conversation.', { code: 'dm_members' })
    await this.core.db.tx(async (tx) => {
      const { member, others } = await this.#currentMember(tx, channel, kind, memberId)
      if (member.role === 'admin') keepAnAdmin(channel, others)
      await this.#store.deleteMember(tx, member)
      if (!self) await this.#telling.record(tx, p, 'channel.expel', channel, { memberId })
      this.#telling.member(tx, p, channel, member, 'deleted')
      await this.#telling.cameOrWent(tx, p, channel, member, this.#views.someone(kind, memberId).name, false)
      if (kind === 'agent') await this.#onAgentLeft(tx, memberId, channel, actorOf(p))
    })
  }

  /** The direct conversation of the caller with somebody, made at first use. */
  async openDm(p: UserPrincipal, kind: Kind, memberId: string): Promise<ChannelView> {
    const other = this.#views.someone(kind, memberId)
    const target = dmTarget(p.id, memberId)
    const known = this.core.directory.channelAt(target)
    if (known) return this.#views.one(p, known)
    this.#stillHere(kind, memberId)
    const opening = this.core.db.tx(async (tx) => {
      const channel = await this.#insert(tx, {
        target,
        name: other.name,
        topic: '',
        visibility: 'private',
        kind: 'dm',
        createdBy: p.id,
      })
      await this.#addMember(tx, p, channel, 'human', p.id, {})
      if (memberId !== p.id) await this.#addMember(tx, p, channel, kind, memberId, { deliveryMode: 'all' })
      return channel
    })
    // Both sides may open it at the same moment; one of them made it.
    const channel = await onDuplicate(opening, async () => this.core.access.channel(p, 'read', target))
    return this.#views.one(p, channel)
  }

  async markRead(p: UserPrincipal, target: string, messageId: string): Promise<ChannelView> {
    const channel = this.core.access.channel(p, 'read', target)
    const member = this.core.access.membership(p, channel.id)
    if (member) {
      const last = (await this.#store.lastRead([channel.id], p.id)).get(channel.id)
      // Marks only move forward, whichever device is late.
      if (!last || last < messageId) {
        await this.core.db.tx(async (tx) => {
          await this.#store.updateMember(tx, member, { lastReadMessageId: messageId })
          await this.#onRead(tx, p.id, channel.id, messageId)
        })
        await this.#tellCounts(channel, p.id, messageId, actorOf(p))
      }
    }
    return this.#views.one(p, channel)
  }

  /** Everything from a message on counts as unread again for the caller, on all of their devices. */
  async markUnread(p: UserPrincipal, target: string, messageId: string): Promise<ChannelView> {
    const channel = this.core.access.channel(p, 'read', target)
    const [found, previous = null] = await this.#store.withPrevious(channel.id, messageId)
    if (!found) throw new NekodeError('not_found', `There is no such message in ${channel.target}.`)
    const member = this.core.access.membership(p, channel.id)
    if (member) {
      await this.core.db.tx((tx) => this.#store.updateMember(tx, member, { lastReadMessageId: previous }))
      await this.#tellCounts(channel, p.id, previous ?? '', actorOf(p))
    }
    return this.#views.one(p, channel)
  }

  /** Chooses what the caller is told of. @throws NekodeError precondition `not_member` */
  async setNotify(p: UserPrincipal, target: string, level: NotifyLevel): Promise<ChannelView> {
    const channel = this.core.access.channel(p, 'read', target)
    const member = this.core.access.membership(p, channel.id)
    if (!member)
      throw new NekodeError('precondition', `You are not in ${channel.target}, and are told of nothing there.`, {
        code: 'not_member',
        next: 'Join it first.',
      })
    await this.core.db.tx(async (tx) => {
      await this.#store.updateMember(tx, member, { notify: level })
      tx.emit({
        kind: 'notify',
        operation: 'updated',
        aggregateId: channel.id,
        audience: `user:${p.id}`,
        target: channel.target,
        actor: actorOf(p),
        payload: { level },
      })
    })
    return this.#views.one(p, channel)
  }

  /** What is unread changed for some people of a channel by something else than a new message. */
  async tellCounts(channel: Channel, userIds: readonly string[]): Promise<void> {
    for (const id of new Set(userIds)) {
      if (!this.core.directory.member(channel.id, 'human', id)) continue
      const last = (await this.#store.lastRead([channel.id], id)).get(channel.id)
      await this.#tellCounts(channel, id, last ?? '', SYSTEM)
    }
  }

  async #tellCounts(channel: Channel, userId: string, lastReadMessageId: string, actor: Actor): Promise<void> {
    const counts = (await this.#store.unread([channel.id], userId)).get(channel.id)
    await this.core.db.tx(async (tx) =>
      tx.emit({
        kind: 'read',
        operation: 'updated',
        aggregateId: channel.id,
        audience: `user:${userId}`,
        target: channel.target,
        actor,
        payload: { lastReadMessageId, unreadCount: counts?.unread ?? 0, mentionCount: counts?.mentions ?? 0 },
      }),
    )
  }

  /** `#general`, made with the first user; everybody who comes later is put into it. */
  async ensureGeneral(
    tx: Tx,
    user: Pick<User, 'id' | 'username' | 'displayName'>,
    role: Member['role'],
  ): Promise<void> {
    const p = { kind: 'human' as const, id: user.id, name: user.username, displayName: user.displayName }
    const known = this.core.directory.channelAt(GENERAL)
    const channel =
      known ??
      (await this.#insert(tx, {
        target: GENERAL,
        name: 'general',
        topic: 'Everybody is here.',
        visibility: 'public',
        kind: 'channel',
        createdBy: user.id,
      }))
    const member = newMember(channel.id, 'human', user.id, { role })
    if (!(await this.#store.insertMember(tx, member))) return
    tx.emit({
      kind: 'member',
      operation: 'created',
      aggregateId: channel.id,
      audience: `channel:${channel.id}`,
      target: channel.target,
      actor: p,
      payload: { ...memberView(member, { name: user.username, displayName: user.displayName }), removed: false },
    })
  }

  /** Puts a person into a channel as part of another change, such as an invite. Does nothing when they are there. */
  async admitPerson(
    tx: Tx,
    by: Actor,
    channel: Channel,
    user: Pick<User, 'id' | 'username' | 'displayName' | 'role'>,
  ): Promise<void> {
    const member = newMember(channel.id, 'human', user.id, { role: user.role === 'viewer' ? 'viewer' : 'member' })
    if (!(await this.#store.insertMember(tx, member))) return
    tx.emit({
      kind: 'member',
      operation: 'created',
      aggregateId: channel.id,
      audience: `channel:${channel.id}`,
      target: channel.target,
      actor: by,
      payload: { ...memberView(member, { name: user.username, displayName: user.displayName }), removed: false },
    })
    await this.#telling.cameOrWent(tx, by, channel, member, user.username, true)
  }

  /**
   * Brings somebody's membership of `#general` in line with their new role on the server; nobody who was made an admin there loses that.
   * @param by null: the person
   */
  async matchRole(
    tx: Tx,
    by: Principal | null,
    user: Pick<User, 'id' | 'username' | 'displayName'>,
    role: Member['role'],
  ): Promise<void> {
    const channel = this.core.directory.channelAt(GENERAL)
    const known = channel && (await this.#store.members(tx, channel.id)).find((m) => m.memberId === user.id)
    if (!channel || !known || known.role === role || (known.role === 'admin' && role === 'member')) return
    await this.#store.updateMember(tx, known, { role })
    tx.emit({
      kind: 'member',
      operation: 'updated',
      aggregateId: channel.id,
      audience: `channel:${channel.id}`,
      target: channel.target,
      actor: by ? actorOf(by) : { kind: 'human', id: user.id, name: user.username, displayName: user.displayName },
      payload: {
        ...memberView({ ...known, role }, { name: user.username, displayName: user.displayName }),
        removed: false,
      },
    })
  }

  /** Puts an agent into a channel as part of another change. Does nothing when it is there. */
  async admitAgent(
    tx: Tx,
    by: Principal,
    channel: Channel,
    agent: Pick<Agent, 'id' | 'name' | 'displayName'>,
  ): Promise<void> {
    const member = newMember(channel.id, 'agent', agent.id, {})
    if (!(await this.#store.insertMember(tx, member))) return
    this.#telling.memberAs(tx, by, channel, member, agent, 'created')
    await this.#telling.cameOrWent(tx, actorOf(by), channel, member, agent.name, true)
  }

  async #insert(
    tx: Tx,
    input: Pick<Channel, 'target' | 'name' | 'topic' | 'visibility' | 'kind' | 'createdBy'> & { language?: Language },
  ): Promise<Channel> {
    const now = Date.now()
    const id = newId('chn')
    const channel: Channel = { id, language: 'en', ...input, archivedAt: null, createdAt: now, updatedAt: now }
    await this.#store.insert(tx, channel)
    const user = this.core.directory.user(input.createdBy)
    const actor = user
      ? { kind: 'human' as const, id: user.id, name: user.username, displayName: user.displayName }
      : SYSTEM
    tx.emit({
      kind: 'channel',
      operation: 'created',
      aggregateId: channel.id,
      audience: `channel:${channel.id}`,
      target: channel.target,
      actor,
      payload: channelEvent(channel, 1),
    })
    return channel
  }

  async #addMember(
    tx: Tx,
    by: Principal,
    channel: Channel,
    kind: Kind,
    memberId: string,
    options: Membership,
    how: 'quietly' | 'aloud' = 'aloud',
  ): Promise<void> {
    const who = this.#views.someone(kind, memberId)
    this.#stillHere(kind, memberId)
    const member = newMember(channel.id, kind, memberId, options)
    if (!(await this.#store.insertMember(tx, member))) return
    this.#telling.memberAs(tx, by, channel, member, who, 'created')
    if (how === 'aloud') await this.#telling.cameOrWent(tx, actorOf(by), channel, member, who.name, true)
  }

  /** Somebody who was removed is put into nothing new; what they were in stays as it was. */
  #stillHere(kind: Kind, id: string): void {
    if (kind === 'human' && this.core.directory.user(id)?.disabledAt !== null)
      throw new NekodeError('precondition', 'This person was removed from the server.', { code: 'person_removed' })
  }

  /** A channel as the transaction has it. Somebody else may have archived it since it was looked up. */
  async #current(tx: Tx, channel: Channel): Promise<Channel> {
    const now = await this.#store.get(tx, channel.id)
    if (!now || now.archivedAt !== channel.archivedAt) throw gone(channel)
    return now
  }

  /** A member as the transaction has them, and everybody else in the channel. */
  async #currentMember(
    tx: Tx,
    channel: Channel,
    kind: Kind,
    memberId: string,
  ): Promise<{ member: Member; others: Member[] }> {
    const all = await this.#store.members(tx, channel.id)
    const member = all.find((m) => m.kind === kind && m.memberId === memberId)
    if (!member) throw notAMember(channel, kind)
    return { member, others: all.filter((m) => m !== member) }
  }
}
