import { NekodeError } from '@shared/errors'
import { FILES } from '@shared/limits'
import type { Core } from '../core'
import type { Tx } from '../db/database'
import type { Arrived } from './intake'
import { BlobRows } from './rows'
import type { BlobStore, ByteRange } from './place'
import { verified } from './verify'

export interface BlobOptions {
  /** How long contents stay that nothing is made of. Default: an hour. */
  graceMs?: number
  now?: () => number
}

/** Removals that did not end within this time were broken off: the server that began them is gone. */
const ABANDONED_MS = 10 * 60_000
const WAIT_MS = 200
const WAITS = 50
const BATCH = 100

/**
 * Contents by their hash, counted by how many things are made of them. The row comes before the bytes and goes after them, so no bytes
 * are ever without a row, and nothing that is needed is removed: what a row says is decided in transactions, one at a time.
 */
export class Blobs {
  readonly #rows: BlobRows
  readonly #graceMs: number
  readonly #now: () => number

  constructor(
    private readonly core: Pick<Core, 'db' | 'log'>,
    private readonly store: BlobStore,
    { graceMs = FILES.graceMs, now = Date.now }: BlobOptions = {},
  ) {
    this.#rows = new BlobRows(core.db)
    this.#graceMs = graceMs
    this.#now = now
  }

  get place(): string {
    return this.store.place
  }

  /**
   * Keeps a file that arrived. Nothing is made of it yet: that has to happen within the grace time, with `reference`.
   * @throws NekodeError `storage_full`, `storage_unavailable`
   */
  async keep({ hash, path, sizeBytes }: Arrived): Promise<void> {
    for (let waits = WAITS; !(await this.#claim(hash, sizeBytes)); waits--) {
      if (waits <= 0)
        throw new NekodeError('unavailable', 'The same content is being removed just now.', {
          code: 'storage_unavailable',
          next: 'Try again in a minute.',
        })
      await Bun.sleep(WAIT_MS)
    }
    await this.store.put(hash, path, sizeBytes)
  }

  /** Whether the content may be written now; not while an older one of the same hash is removed. */
  #claim(hash: string, sizeBytes: number): Promise<boolean> {
    return this.core.db.tx(async (tx) => {
      const row = await this.#rows.get(tx.q, hash)
      if (row && row.doomedAt !== null) return false
      if (row) await this.#rows.update(tx, hash, { touchedAt: this.#now() })
      else {
        await this.#rows.insert(tx, { hash, sizeBytes, refs: 0, touchedAt: this.#now(), doomedAt: null })
        await this.#rows.count(tx, 'server', sizeBytes, 1)
      }
      return true
    })
  }

  /** Something is made of a content that was kept. */
  async reference(tx: Tx, hash: string): Promise<void> {
    const row = await this.#rows.get(tx.q, hash)
    if (!row || row.doomedAt !== null)
      throw new NekodeError('unavailable', 'The file took too long to arrive.', {
        code: 'storage_unavailable',
        next: 'Send it again.',
      })
    await this.#rows.update(tx, hash, { refs: row.refs + 1, touchedAt: this.#now() })
  }

  /** Something that was made of it is gone. */
  async release(tx: Tx, hash: string): Promise<void> {
    const row = await this.#rows.get(tx.q, hash)
    if (row) await this.#rows.update(tx, hash, { refs: Math.max(0, row.refs - 1), touchedAt: this.#now() })
  }

  /** Counts bytes as somebody's. */
  async charge(tx: Tx, ownerId: string, bytes: number, files: number): Promise<void> {
    await this.#rows.count(tx, ownerId, bytes, files)
  }

  /** What somebody has; `server` for everything that is stored. */
  usage(ownerId: string, tx?: Tx): Promise<{ bytes: number; files: number }> {
    return this.#rows.usage(ownerId, tx?.q)
  }

  /**
   * The bytes of a content.
   * @param verify fail at the end when they are not the ones that were stored
   * @throws NekodeError `blob_missing`, `storage_unavailable`; the stream fails with `blob_corrupt`
   */
  async read(
    hash: string,
    sizeBytes: number,
    { range, verify = false }: { range?: ByteRange; verify?: boolean } = {},
  ): Promise<Blob | ReadableStream<Uint8Array>> {
    const body = await this.store.read(hash, sizeBytes, range)
    return verify && !range ? verified(body, hash) : body
  }

  /** Removes contents that nothing has been made of for the grace time. Returns how many. */
  async collect(): Promise<number> {
    let count = 0
    for (;;) {
      const doomed = await this.core.db.tx((tx) => this.#doom(tx))
      for (const hash of doomed) {
        await this.store.remove(hash)
        await this.core.db.tx((tx) => this.#forget(tx, hash))
        count++
      }
      if (doomed.length < BATCH) return count
    }
  }

  async #doom(tx: Tx): Promise<string[]> {
    const now = this.#now()
    const rows = await this.#rows.unused(tx.q, now - this.#graceMs, BATCH)
    const ours = rows.filter((row) => row.doomedAt === null || row.doomedAt < now - ABANDONED_MS)
    for (const { hash } of ours) await this.#rows.update(tx, hash, { doomedAt: now })
    return ours.map(({ hash }) => hash)
  }

  async #forget(tx: Tx, hash: string): Promise<void> {
    const row = await this.#rows.get(tx.q, hash)
    if (!row || row.doomedAt === null) return
    await this.#rows.remove(tx, hash)
    await this.#rows.count(tx, 'server', -row.sizeBytes, -1)
  }
}
