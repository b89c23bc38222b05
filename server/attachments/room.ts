import { NekodeError } from '@shared/errors'
import { FILES } from '@shared/limits'
import type { Quotas } from '../blobs/config'
import type { Blobs } from '../blobs/service'
import type { Tx } from '../db/database'
import type { UploadStore } from './store'

/** How much may come, and what is said when more does. */
export interface Allowance {
  bytes: number
  exceeded: () => NekodeError
}

const shown = (bytes: number): string =>
  bytes >= 1 << 30
    ? `${(bytes / (1 << 30)).toFixed(1)} GiB`
    : `${(bytes / (1 << 20)).toFixed(bytes < 10 << 20 ? 1 : 0)} MiB`

/** How much room there is: for one file, for one person or agent, and on the whole server. */
export class Room {
  readonly #arriving = new Map<string, number>()

  constructor(
    private readonly blobs: Blobs,
    private readonly uploads: UploadStore,
    readonly quotas: Quotas,
  ) {}

  /**
   * What somebody may still store. Uploads that they announced count as if they had arrived.
   * @param besides of what they announced: the upload that asks
   * @throws NekodeError full `quota_exceeded`, `storage_full` when there is nothing left
   */
  async of(ownerId: string, besides = 0): Promise<Allowance> {
    const { fileBytes, userBytes, serverBytes } = this.quotas
    const own = userBytes ? userBytes - (await this.#taken(ownerId, besides)) : Infinity
    const all = serverBytes ? serverBytes - (await this.blobs.usage('server')).bytes : Infinity
    const one = fileBytes || Infinity
    const bytes = Math.min(own, all, one)
    const exceeded = (): NekodeError => {
      if (bytes === one)
        return new NekodeError('too_large', `A file may have at most ${shown(fileBytes)}.`, {
          code: 'too_large',
          next: 'Send a smaller one, or ask whoever runs the server to raise NEKODE_MAX_FILE_SIZE.',
          data: { maxBytes: fileBytes },
        })
      if (bytes === own) return this.#usedUp(own)
      return new NekodeError('full', 'The server has no room for this file.', {
        code: 'storage_full',
        next: 'Tell whoever runs the server.',
      })
    }
    if (bytes < 0) throw exceeded()
    return { bytes, exceeded }
  }

  /**
   * Holds somebody to their quota when a file of theirs is written down: several may have arrived at once.
   * @throws NekodeError full `quota_exceeded`
   */
  async hold(tx: Tx, ownerId: string): Promise<void> {
    const { userBytes } = this.quotas
    if (userBytes && (await this.blobs.usage(ownerId, tx)).bytes > userBytes) throw this.#usedUp(0)
  }

  #usedUp(leftBytes: number): NekodeError {
    const { userBytes } = this.quotas
    return new NekodeError('full', `Your files may have ${shown(userBytes)} altogether, and this is more.`, {
      code: 'quota_exceeded',
      next: 'Delete messages whose files you do not need any more, or ask an admin for more room.',
      data: { quotaBytes: userBytes, leftBytes: Math.max(0, leftBytes) },
    })
  }

  async #taken(ownerId: string, besides: number): Promise<number> {
    const [{ bytes }, pending] = await Promise.all([this.blobs.usage(ownerId), this.uploads.pending(ownerId)])
    return bytes + pending.bytes - besides
  }

  /**
   * Lets somebody's file in, a few at a time.
   * @throws NekodeError throttled `too_many_uploads`
   */
  async during<T>(ownerId: string, work: () => Promise<T>): Promise<T> {
    const now = this.#arriving.get(ownerId) ?? 0
    if (now >= FILES.arriving)
      throw new NekodeError('throttled', `You are sending ${now} files already.`, {
        code: 'too_many_uploads',
        next: 'Wait until one of them has arrived.',
        retryAfterSeconds: 2,
      })
    this.#arriving.set(ownerId, now + 1)
    try {
      return await work()
    } finally {
      const left = (this.#arriving.get(ownerId) ?? 1) - 1
      if (left > 0) this.#arriving.set(ownerId, left)
      else this.#arriving.delete(ownerId)
    }
  }
}
