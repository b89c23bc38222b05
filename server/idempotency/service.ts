import { NekodeError } from '@shared/errors'
import { and, eq, lt, sql } from 'drizzle-orm'
import type { Database, Query, Tx } from '../db/database'
import type { Row } from '../db/tables'
import { canonicalJson } from './canonical'

/** How long a key is remembered. */
export const KEY_TTL_MS = 24 * 60 * 60 * 1000

export interface Call {
  /** Who calls: one caller's keys mean nothing to another. Its credential's owner, such as `user:usr_…`. */
  principal: string
  /** What is called: `POST /api/messages`, `SendMessage`. */
  method: string
  /** The caller's own, 1 to 128 characters. */
  key: string
  /** What is asked for, without the key. The same key with another request is an error. */
  request: unknown
}

/**
 * Performs work in a transaction, or gives the answer of an earlier call with the same key. Services take one where a repetition would
 * do harm, and say with `keep` which answers count: a refusal is asked for again.
 */
export type Once = <T>(tx: Tx, perform: () => Promise<T>, keep?: (answer: T) => boolean) => Promise<T>
/** For a caller without a key. */
export const always: Once = (_tx, perform) => perform()

/** A call's own `Once`: with the caller's key, or without one. */
export const onceWith = (
  idempotency: Idempotency,
  { kind, id }: { kind: string; id: string },
  method: string,
  key: string | undefined,
  request: unknown,
): Once =>
  key === undefined
    ? always
    : (tx, perform, keep) => idempotency.once(tx, { principal: `${kind}:${id}`, method, key, request }, perform, keep)

type Stored = Pick<Row<'idempotency'>, 'requestHash' | 'response'>
type Find = (call: Call) => Promise<Stored | undefined>

/** Makes a repeated request safe: the answer is stored in the transaction that did the work, and given again. */
export class Idempotency {
  readonly #prepared = new WeakMap<Query, Find>()

  constructor(private readonly db: Database) {}

  /**
   * Performs a call once. A repetition gets the stored answer and changes nothing; when `perform` throws nothing is stored,
   * because its transaction rolls back.
   * @param perform does its work in `tx`; its answer can be written as JSON
   * @param keep whether the answer is stored; a refusal that changed nothing need not be. Default: always
   * @throws NekodeError conflict `idempotency_conflict` when the key was used for another request
   */
  async once<T>(tx: Tx, call: Call, perform: () => Promise<T>, keep: (answer: T) => boolean = () => true): Promise<T> {
    const requestHash = new Bun.CryptoHasher('sha256').update(canonicalJson(call.request)).digest('base64url')
    const known = await this.#find(tx.q)(call)
    if (known) return answer<T>(known, requestHash)
    const { principal, method, key } = call
    const value = await perform()
    if (!keep(value)) return value
    const response = JSON.stringify(value ?? null)
    // One transaction runs at a time, so nobody else took the key since it was looked for.
    await tx.insert(this.db.t.idempotency, { principal, method, key, requestHash, response, createdAt: Date.now() })
    return value
  }

  /** Forgets keys older than a day. */
  async sweep(now = Date.now()): Promise<void> {
    const { idempotency } = this.db.t
    await this.db.tx((tx) =>
      Promise.resolve(tx.q.delete(idempotency).where(lt(idempotency.createdAt, now - KEY_TTL_MS))),
    )
  }

  #is(call: Call) {
    const { idempotency: t } = this.db.t
    return and(eq(t.principal, call.principal), eq(t.method, call.method), eq(t.key, call.key))
  }

  /** SQLite keeps one connection for all transactions, so its statement is prepared once. */
  #find(q: Query): Find {
    const { idempotency: t } = this.db.t
    const columns = { requestHash: t.requestHash, response: t.response }
    if (this.db.dialect !== 'sqlite') return async (call) => (await q.select(columns).from(t).where(this.#is(call)))[0]
    const known = this.#prepared.get(q)
    if (known) return known
    const where = and(
      eq(t.principal, sql.placeholder('principal')),
      eq(t.method, sql.placeholder('method')),
      eq(t.key, sql.placeholder('key')),
    )
    const statement = q.select(columns).from(t).where(where).prepare()
    const find: Find = async (call) =>
      (await statement.all({ principal: call.principal, method: call.method, key: call.key }))[0]
    this.#prepared.set(q, find)
    return find
  }
}

function answer<T>(stored: Stored, requestHash: string): T {
  if (stored.requestHash !== requestHash)
    throw new NekodeError('conflict', 'This idempotency key was used for another request.', {
      code: 'idempotency_conflict',
      next: 'Use a new key for a new request.',
    })
  return JSON.parse(stored.response)
}
