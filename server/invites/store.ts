import { and, desc, eq, gt, isNull, lt } from 'drizzle-orm'
import type { Database, Tx } from '../db/database'
import type { Row } from '../db/tables'

export type Ticket = Row<'tickets'>

export class TicketStore {
  constructor(private readonly db: Database) {}

  insert(tx: Tx, ticket: Ticket): Promise<void> {
    return tx.insert(this.db.t.tickets, ticket)
  }

  /** Invites before an id, newest first: ids sort by creation. */
  async invites(before: string | undefined, limit: number): Promise<Ticket[]> {
    const { tickets } = this.db.t
    const earlier = before === undefined ? undefined : lt(tickets.id, before)
    return this.db.q
      .select()
      .from(tickets)
      .where(and(eq(tickets.kind, 'invite'), earlier))
      .orderBy(desc(tickets.id))
      .limit(limit)
  }

  /** One that can still be used. */
  async open(hash: string, now: number, from: Pick<Tx, 'q'> = this.db): Promise<Ticket | undefined> {
    const { tickets } = this.db.t
    const good = and(eq(tickets.codeHash, hash), isNull(tickets.usedAt), gt(tickets.expiresAt, now))
    return (await from.q.select().from(tickets).where(good))[0]
  }

  async use(tx: Tx, id: string, usedBy: string, usedAt: number): Promise<void> {
    const { tickets } = this.db.t
    await tx.q.update(tickets).set({ usedAt, usedBy }).where(eq(tickets.id, id))
  }

  /** @returns the invite that was removed; undefined when there is none that is unused */
  async revoke(tx: Tx, id: string): Promise<Ticket | undefined> {
    const { tickets } = this.db.t
    const [known] = await tx.q
      .select()
      .from(tickets)
      .where(and(eq(tickets.id, id), eq(tickets.kind, 'invite'), isNull(tickets.usedAt)))
    if (known) await tx.q.delete(tickets).where(eq(tickets.id, id))
    return known
  }

  /** Codes for somebody's password that were made earlier. */
  async dropResets(tx: Tx, userId: string): Promise<void> {
    const { tickets } = this.db.t
    await tx.q.delete(tickets).where(and(eq(tickets.userId, userId), isNull(tickets.usedAt)))
  }

  async sweep(tx: Tx, expiredBefore: number): Promise<void> {
    const { tickets } = this.db.t
    await tx.q.delete(tickets).where(lt(tickets.expiresAt, expiredBefore))
  }
}
