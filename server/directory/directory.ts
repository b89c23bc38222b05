import { and, eq, isNull } from 'drizzle-orm'
import type { Database, LogEvent } from '../db/database'
import type { Row } from '../db/tables'

export type Channel = Row<'channels'>
export type Member = Row<'members'>
export type User = Row<'users'>
export type Agent = Row<'agents'>

type MemberKind = Member['kind']
const memberKey = (kind: MemberKind, id: string): string => `${kind}:${id}`

const FOLLOWED = new Set(['user', 'agent', 'channel', 'member', 'notify'])
const RETRY_MS = 1000

/**
 * Who and what there is, in memory: people, agents, channels and memberships are few, and every message and every event asks for
 * them. A projection of the tables that follows the event log; it can always be loaded again.
 */
export class Directory {
  readonly #users = new Map<string, User>()
  readonly #agents = new Map<string, Agent>()
  readonly #channels = new Map<string, Channel>()
  readonly #byTarget = new Map<string, Channel>()
  readonly #members = new Map<string, Map<string, Member>>()
  readonly #memberships = new Map<string, Set<string>>()
  readonly #handles = new Map<string, { kind: MemberKind; id: string }>()
  /** What has happened and is not in here yet. */
  readonly #behind: LogEvent[] = []
  #following: Promise<void> = Promise.resolve()

  constructor(private readonly db: Database) {
    db.onCommit((events) => this.follow(events))
  }

  async load(): Promise<void> {
    const { q, t } = this.db
    for (const user of await q.select().from(t.users)) this.#putUser(user)
    for (const agent of await q.select().from(t.agents).where(isNull(t.agents.deletedAt))) this.#putAgent(agent)
    for (const channel of await q.select().from(t.channels)) this.#putChannel(channel)
    for (const member of await q.select().from(t.members)) this.#putMember(member)
  }

  user = (id: string): User | undefined => this.#users.get(id)
  agent = (id: string): Agent | undefined => this.#agents.get(id)
  channel = (id: string): Channel | undefined => this.#channels.get(id)
  /** `#general`, `general` or `dm:…`. */
  channelAt = (target: string): Channel | undefined => this.#byTarget.get(target) ?? this.#byTarget.get(`#${target}`)
  users = (): User[] => [...this.#users.values()]
  agents = (): Agent[] => [...this.#agents.values()]
  channels = (): Channel[] => [...this.#channels.values()]
  members = (channelId: string): Member[] => [...(this.#members.get(channelId)?.values() ?? [])]
  memberCount = (channelId: string): number => this.#members.get(channelId)?.size ?? 0
  member = (channelId: string, kind: MemberKind, id: string): Member | undefined =>
    this.#members.get(channelId)?.get(memberKey(kind, id))
  /** Ids of the channels that someone is a member of. */
  memberships = (kind: MemberKind, id: string): ReadonlySet<string> =>
    this.#memberships.get(memberKey(kind, id)) ?? new Set()
  /** People and agents share one space of handles, so `@name` is one someone. */
  byHandle = (name: string): { kind: MemberKind; id: string } | undefined => this.#handles.get(name.toLowerCase())

  /**
   * Takes in what a commit changed, of this process or of another replica. What cannot be read now is read with the next commit, or a
   * moment later: who was taken out of a channel must not stay in it because the database was away just then.
   */
  follow(events: LogEvent[]): Promise<void> {
    for (const e of events) if (FOLLOWED.has(e.kind)) this.#behind.push(e)
    const work = this.#following.then(() => this.#catchUp())
    this.#following = work.catch(() => undefined)
    return work
  }

  async #catchUp(): Promise<void> {
    try {
      for (let e = this.#behind[0]; e; e = this.#behind[0]) {
        await this.#take(e)
        this.#behind.shift()
      }
    } catch (error) {
      // The commit that asks has been told; whoever asks next is told again.
      setTimeout(() => void this.follow([]).catch(() => undefined), RETRY_MS).unref()
      throw error
    }
  }

  async #take(e: LogEvent): Promise<void> {
    if (e.kind === 'user') await this.#loadUser(e.aggregateId)
    else if (e.kind === 'agent') await this.#loadAgent(e.aggregateId)
    else if (e.kind === 'channel') await this.#loadChannel(e.aggregateId)
    else await this.#loadMembers(e.aggregateId)
  }

  async #loadUser(id: string): Promise<void> {
    const { q, t } = this.db
    const [user] = await q.select().from(t.users).where(eq(t.users.id, id))
    if (user) this.#putUser(user)
  }

  async #loadAgent(id: string): Promise<void> {
    const { q, t } = this.db
    const [agent] = await q
      .select()
      .from(t.agents)
      .where(and(eq(t.agents.id, id), isNull(t.agents.deletedAt)))
    if (agent) return this.#putAgent(agent)
    const gone = this.#agents.get(id)
    if (gone) this.#handles.delete(gone.name)
    this.#agents.delete(id)
  }

  async #loadChannel(id: string): Promise<void> {
    const { q, t } = this.db
    const [channel] = await q.select().from(t.channels).where(eq(t.channels.id, id))
    if (channel) this.#putChannel(channel)
  }

  async #loadMembers(channelId: string): Promise<void> {
    const { q, t } = this.db
    const rows = await q.select().from(t.members).where(eq(t.members.channelId, channelId))
    for (const key of this.#members.get(channelId)?.keys() ?? []) this.#memberships.get(key)?.delete(channelId)
    this.#members.set(channelId, new Map())
    for (const row of rows) this.#putMember(row)
  }

  #putUser(user: User): void {
    this.#users.set(user.id, user)
    this.#handles.set(user.username, { kind: 'human', id: user.id })
  }

  #putAgent(agent: Agent): void {
    this.#agents.set(agent.id, agent)
    this.#handles.set(agent.name, { kind: 'agent', id: agent.id })
  }

  #putChannel(channel: Channel): void {
    const before = this.#channels.get(channel.id)
    if (before && before.target !== channel.target) this.#byTarget.delete(before.target)
    this.#channels.set(channel.id, channel)
    this.#byTarget.set(channel.target, channel)
  }

  #putMember(member: Member): void {
    const key = memberKey(member.kind, member.memberId)
    const inChannel = this.#members.get(member.channelId) ?? new Map<string, Member>()
    this.#members.set(member.channelId, inChannel.set(key, member))
    const joined = this.#memberships.get(key) ?? new Set<string>()
    this.#memberships.set(key, joined.add(member.channelId))
  }
}
