import type { Actor, Enrollment } from '@shared/contract'
import { NekodeError } from '@shared/errors'
import { hashSecret, newId, newSecret } from '@shared/ids'
import { and, desc, eq, inArray, ne } from 'drizzle-orm'
import { type ComputerPrincipal, type UserPrincipal, actorOf } from '../access/principal'
import type { Audit } from '../audit/service'
import type { Credentials } from '../auth/credentials'
import type { Computers } from '../computers/service'
import { type ComputerRow, nameOf } from '../computers/view'
import type { Database, NewEvent, Query, Tx } from '../db/database'
import type { Row } from '../db/tables'
import type { Directory } from '../directory/directory'

export type EnrollmentRow = Row<'enrollments'>

const TTL_SECONDS = 3600
/** An agent's token lives on its computer's disk; the daemon asks for a new one when it starts. */
const AGENT_TOKEN_MS = 30 * 24 * 60 * 60_000
const LISTED = 500

export interface EnrollmentDeps {
  db: Database
  credentials: Credentials
  directory: Directory
  computers: Computers
  audit: Audit
  /** Unix milliseconds. */
  now?: () => number
}

/** What a computer gets for its code. The token is in this answer and nowhere else. */
export interface Redeemed {
  token: string
  computerId: string
  displayName: string
}

/** Lets computers in: a one-use code for a person to carry, exchanged for a token that only the computer has. */
export class Enrollments {
  readonly #now: () => number

  constructor(private readonly deps: EnrollmentDeps) {
    this.#now = deps.now ?? Date.now
    deps.computers.onRegistered((tx, computerId, actor) => this.#connected(tx, computerId, actor))
    deps.computers.onRemoved((tx, computerId, actor) => this.#end(tx, computerId, actor))
  }

  /** A new enrollment and its code, which is in this answer only. A known computer keeps its identity and name. */
  async create(
    p: UserPrincipal,
    input: { displayName?: string | undefined; computerId?: string | undefined; ttlSeconds?: number | undefined },
    address = '',
  ): Promise<{ enrollment: Enrollment; code: string }> {
    const { db, computers, audit } = this.deps
    const known = input.computerId === undefined ? undefined : await computers.get(input.computerId)
    const code = newSecret('ndi', 24)
    const now = this.#now()
    const row: EnrollmentRow = {
      id: newId('den'),
      computerId: known?.id ?? newId('cmp'),
      displayName: known?.displayName ?? input.displayName ?? '',
      codeHash: hashSecret(code),
      status: 'pending',
      createdBy: p.id,
      expiresAt: now + (input.ttlSeconds ?? TTL_SECONDS) * 1000,
      connectedAt: null,
      createdAt: now,
    }
    await db.tx(async (tx) => {
      await tx.insert(db.t.enrollments, row)
      await audit.record(tx, {
        by: p,
        action: 'enrollment.create',
        subject: row.id,
        detail: { computerId: row.computerId },
        address,
      })
      tx.emit(enrollmentEvent(toEnrollment(row, now), 'created', actorOf(p)))
    })
    return { enrollment: toEnrollment(row, now), code }
  }

  /** Newest first. */
  async list(): Promise<Enrollment[]> {
    const { q, t } = this.deps.db
    const rows = await q.select().from(t.enrollments).orderBy(desc(t.enrollments.id)).limit(LISTED)
    const now = this.#now()
    return rows.map((row) => toEnrollment(row, now))
  }

  async get(id: string): Promise<Enrollment> {
    const row = await this.#find(id)
    if (!row) throw unknownEnrollment()
    return toEnrollment(row, this.#now())
  }

  /** The code stops working; so does the token that it was exchanged for, and that computer's open streams end. */
  async revoke(p: UserPrincipal, id: string, address = ''): Promise<Enrollment> {
    const { db, credentials, audit } = this.deps
    return db.tx(async (tx) => {
      const row = await this.#find(id, tx.q)
      if (!row) throw unknownEnrollment()
      if (row.status === 'revoked') return toEnrollment(row, this.#now())
      // A token that a later enrollment gave out is not this one's: those before it were revoked by it.
      if (row.status !== 'pending') await credentials.revoke(tx, { kind: 'computer', ownerId: row.computerId })
      await audit.record(tx, { by: p, action: 'enrollment.revoke', subject: id, address })
      return this.#move(tx, row, { status: 'revoked' }, actorOf(p))
    })
  }

  /** The enrollment behind a code that can still be redeemed. Looking does not use it up. */
  async check(id: string, code: string): Promise<EnrollmentRow> {
    return this.#usable(await this.#find(id), code)
  }

  /** Exchanges the code for the computer's token. Once: of several at the same time one wins. Its earlier tokens stop working. */
  async redeem(
    id: string,
    input: { code: string; hostname?: string | undefined; os?: string | undefined; arch?: string | undefined },
    address = '',
  ): Promise<Redeemed> {
    const { db, audit, computers } = this.deps
    const { code, hostname = '', os = '', arch = '' } = input
    return db.tx(async (tx) => {
      const row = this.#usable(await this.#find(id, tx.q), code)
      const facts = { displayName: row.displayName || hostname, hostname, os, arch }
      const redeemed = await this.#token(tx, await computers.admit(tx, row.computerId, facts))
      const actor = daemonActor(redeemed)
      const earlier = and(
        eq(db.t.enrollments.computerId, row.computerId),
        ne(db.t.enrollments.id, id),
        inArray(db.t.enrollments.status, ['redeemed', 'connected']),
      )
      for (const other of await tx.q.select().from(db.t.enrollments).where(earlier))
        await this.#move(tx, other, { status: 'revoked' }, actor)
      await this.#move(tx, row, { status: 'redeemed', displayName: redeemed.displayName }, actor)
      await audit.record(tx, {
        by: actor,
        action: 'enrollment.redeem',
        subject: id,
        detail: { computerId: row.computerId },
        address,
      })
      return redeemed
    })
  }

  /** Lets in the computer that the server itself runs on, without a code. A token given out before stops working. */
  async local(facts: { hostname: string; os: string; arch: string }): Promise<Redeemed> {
    const { db, computers } = this.deps
    return db.tx(async (tx) => {
      const id = (await computers.localId(tx.q)) ?? newId('cmp')
      const computer = await computers.admit(tx, id, { displayName: facts.hostname, ...facts }, { local: true })
      return this.#token(tx, computer)
    })
  }

  /** A fresh token for an agent of the calling computer; the one before stops working. */
  async agentToken(p: ComputerPrincipal, agentId: string): Promise<{ token: string; expiresAt: number }> {
    const { db, credentials, directory } = this.deps
    const agent = directory.agent(agentId)
    if (agent?.computerId !== p.id)
      throw new NekodeError('not_found', 'This computer has no such agent.', {
        code: 'agent_unknown',
        next: 'Ask only for agents that ListAgentProfiles gives this computer.',
      })
    const expiresAt = this.#now() + AGENT_TOKEN_MS
    return db.tx(async (tx) => {
      await credentials.revoke(tx, { kind: 'agent', ownerId: agentId })
      const { token } = await credentials.issue(tx, { kind: 'agent', ownerId: agentId, name: agent.name, expiresAt })
      return { token, expiresAt }
    })
  }

  async #token(tx: Tx, computer: ComputerRow): Promise<Redeemed> {
    const { credentials } = this.deps
    const { id: computerId } = computer
    const displayName = nameOf(computer)
    await credentials.revoke(tx, { kind: 'computer', ownerId: computerId })
    const { token } = await credentials.issue(tx, { kind: 'computer', ownerId: computerId, name: displayName })
    return { token, computerId, displayName }
  }

  /** The computer's daemon is there for the first time. */
  async #connected(tx: Tx, computerId: string, actor: Actor): Promise<void> {
    const { enrollments } = this.deps.db.t
    const redeemed = and(eq(enrollments.computerId, computerId), eq(enrollments.status, 'redeemed'))
    for (const row of await tx.q.select().from(enrollments).where(redeemed))
      await this.#move(tx, row, { status: 'connected', connectedAt: this.#now() }, actor)
  }

  /** The computer was removed: none of its codes may bring it back. */
  async #end(tx: Tx, computerId: string, actor: Actor): Promise<void> {
    const { enrollments } = this.deps.db.t
    const open = and(eq(enrollments.computerId, computerId), ne(enrollments.status, 'revoked'))
    for (const row of await tx.q.select().from(enrollments).where(open))
      await this.#move(tx, row, { status: 'revoked' }, actor)
  }

  async #move(tx: Tx, row: EnrollmentRow, set: Partial<EnrollmentRow>, actor: Actor): Promise<Enrollment> {
    const { enrollments } = this.deps.db.t
    await tx.q.update(enrollments).set(set).where(eq(enrollments.id, row.id))
    const enrollment = toEnrollment({ ...row, ...set }, this.#now())
    tx.emit(enrollmentEvent(enrollment, 'state_changed', actor))
    return enrollment
  }

  #usable(row: EnrollmentRow | undefined, code: string): EnrollmentRow {
    // What became of an enrollment is told only to whom has its code.
    if (!row || row.codeHash !== hashSecret(code))
      throw new NekodeError('not_found', 'This install code is not valid.', {
        code: 'code_invalid',
        next: `Copy the whole install command again. ${AGAIN}`,
      })
    if (row.status === 'revoked')
      throw new NekodeError('gone', 'This install code was revoked.', { code: 'code_revoked', next: AGAIN })
    if (row.status !== 'pending')
      throw new NekodeError('gone', 'This install code has been used already; it works once.', {
        code: 'code_used',
        next: AGAIN,
      })
    if (row.expiresAt <= this.#now())
      throw new NekodeError('gone', 'This install code has expired.', { code: 'code_expired', next: AGAIN })
    return row
  }

  async #find(id: string, q: Query = this.deps.db.q): Promise<EnrollmentRow | undefined> {
    const { enrollments } = this.deps.db.t
    const [row] = await q.select().from(enrollments).where(eq(enrollments.id, id))
    return row
  }
}

const AGAIN = 'Ask an admin for a new one: Computers → Add computer in the console.'

const unknownEnrollment = (): NekodeError => new NekodeError('not_found', 'There is no such enrollment.')

const daemonActor = ({ computerId, displayName }: Redeemed): Actor => ({
  kind: 'daemon',
  id: computerId,
  name: computerId,
  displayName,
})

/** A row as the HTTP API shows it. `now` in Unix milliseconds decides whether it has expired. */
function toEnrollment(row: EnrollmentRow, now: number): Enrollment {
  return {
    id: row.id,
    computerId: row.computerId,
    displayName: row.displayName,
    status: row.status === 'pending' && row.expiresAt <= now ? 'expired' : row.status,
    createdAt: row.createdAt,
    expiresAt: row.expiresAt,
    connectedAt: row.connectedAt,
  }
}

const enrollmentEvent = (payload: Enrollment, operation: NewEvent['operation'], actor: Actor): NewEvent => ({
  kind: 'enrollment',
  operation,
  aggregateId: payload.id,
  audience: 'admin',
  actor,
  payload,
})
