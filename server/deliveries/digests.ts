import { SYSTEM } from '../access/principal'
import type { Core } from '../core'
import type { Database, Query, Tx } from '../db/database'
import type { Member } from '../directory/directory'
import type { MessageRow } from '../messages/view'
import { and, asc, eq, gt, inArray, lte, ne } from 'drizzle-orm'
import type { DeliveryRouter } from './router'

/** Digests that are looked at in one go. */
const BATCH = 50
/** Messages that one digest looks at; what is more comes with the next one. */
const MOST = 500

/**
 * Tells agents in the mode `periodic` what was written since they were last told. Nothing is said to them when only agents wrote, so
 * that they do not keep each other going, nor while they have not answered the digest before.
 */
export class Digests {
  readonly #store: DigestStore

  constructor(
    private readonly core: Core,
    private readonly router: DeliveryRouter,
  ) {
    this.#store = new DigestStore(core.db)
  }

  /** Gives out the digests that are due. Returns how many. */
  async giveDue(now = Date.now()): Promise<number> {
    let given = 0
    for (const seen of await this.#store.due(now, BATCH))
      if (await this.core.db.tx((tx) => this.#give(tx, seen, now))) given++
    return given
  }

  async #give(tx: Tx, seen: Member, now: number): Promise<boolean> {
    const member = await this.#store.member(tx, seen)
    // Changed since, or another server was faster.
    if (!member || member.digestAt !== seen.digestAt || member.digestMinutes === null) return false
    const later = { digestAt: now + member.digestMinutes * 60_000 }
    const channel = this.core.directory.channel(member.channelId)
    // Turned off it is told everything at once when it is on again, instead of failing each time.
    const isOn = this.core.directory.agent(member.memberId)?.enabled ?? false
    if (!isOn || !channel || channel.archivedAt !== null || (await this.#store.isOpen(tx, member))) {
      await this.#store.update(tx, member, later)
      return false
    }
    const since = member.digestedId ?? ''
    const { told, last } = await this.#store.untold(tx, member, since)
    await this.#store.update(tx, member, { ...later, digestedId: last ?? member.digestedId })
    const message = told.at(-1)
    if (!message || !told.some((m) => m.senderKind === 'human')) return false
    const routing = { channel, message, sender: SYSTEM, hops: 0 }
    return (await this.router.digest(tx, routing, member.memberId, since)) !== undefined
  }
}

class DigestStore {
  constructor(private readonly db: Database) {}

  async due(now: number, limit: number): Promise<Member[]> {
    const { members: t } = this.db.t
    return this.db.q.select().from(t).where(lte(t.digestAt, now)).orderBy(asc(t.digestAt)).limit(limit)
  }

  async member(tx: Tx, member: Member): Promise<Member | undefined> {
    const [row] = await tx.q.select().from(this.db.t.members).where(this.#is(member))
    return row
  }

  async update(tx: Tx, member: Member, set: Partial<Pick<Member, 'digestAt' | 'digestedId'>>): Promise<void> {
    await tx.q.update(this.db.t.members).set(set).where(this.#is(member))
  }

  #is({ channelId, kind, memberId }: Member) {
    const { members: t } = this.db.t
    return and(eq(t.channelId, channelId), eq(t.kind, kind), eq(t.memberId, memberId))
  }

  /** Whether the digest before is still to be answered. */
  async isOpen(tx: Tx, { channelId, memberId }: Member): Promise<boolean> {
    const { deliveries: t } = this.db.t
    const open = and(eq(t.agentId, memberId), inArray(t.state, ['pending', 'claimed']))
    const rows = await tx.q
      .select({ id: t.id })
      .from(t)
      .where(and(open, eq(t.channelId, channelId), eq(t.cause, 'periodic')))
      .limit(1)
    return rows.length > 0
  }

  /** What others wrote since a message and the agent was not asked about by itself, oldest first; and the last that was looked at. */
  async untold(tx: Tx, member: Member, since: string): Promise<{ told: MessageRow[]; last: string | undefined }> {
    const { messages: t, deliveries } = this.db.t
    const rows = await tx.q
      .select()
      .from(t)
      .where(and(eq(t.channelId, member.channelId), gt(t.id, since), ne(t.senderId, member.memberId)))
      .orderBy(asc(t.id))
      .limit(MOST)
    const said = rows.filter((m) => m.senderKind !== 'system' && m.deletedAt === null)
    const asked = said.length ? await this.#asked(tx.q, deliveries, member.memberId, said) : new Set<string>()
    return { told: said.filter((m) => !asked.has(m.id)), last: rows.at(-1)?.id }
  }

  async #asked(
    q: Query,
    t: Database['t']['deliveries'],
    agentId: string,
    said: readonly MessageRow[],
  ): Promise<Set<string>> {
    const ids = said.map((m) => m.id)
    const rows = await q
      .select({ id: t.messageId })
      .from(t)
      .where(and(inArray(t.messageId, ids), eq(t.agentId, agentId)))
    return new Set(rows.map(({ id }) => id))
  }
}
