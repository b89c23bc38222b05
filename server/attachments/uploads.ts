import type { Attachment, NewUpload, Upload } from '@shared/contract'
import { NekodeError } from '@shared/errors'
import { newId } from '@shared/ids'
import { FILES } from '@shared/limits'
import type { AgentPrincipal, UserPrincipal } from '../access/principal'
import type { Intake } from '../blobs/intake'
import type { Core } from '../core'
import type { Link } from './links'
import type { Room } from './room'
import { type AttachmentService, senderOf } from './service'
import type { UploadStore } from './store'
import { type UploadRow, attachmentView } from './view'

type Sender = UserPrincipal | AgentPrincipal

export interface UploadDeps {
  intake: Intake
  room: Room
  store: UploadStore
  attachments: AttachmentService
  now?: () => number
}

const BATCH = 100

/** Files that arrive in parts, over as many connections as it takes. */
export class UploadService {
  readonly #busy = new Set<string>()
  readonly #now: () => number

  constructor(
    private readonly core: Pick<Core, 'db' | 'access' | 'directory'>,
    private readonly deps: UploadDeps,
  ) {
    this.#now = deps.now ?? Date.now
  }

  /**
   * Announces a file. The room for it is set aside.
   * @throws NekodeError `too_large`, `quota_exceeded`, `storage_full`, throttled `too_many_uploads`
   */
  async begin(p: Sender, input: Omit<NewUpload, 'sizeBytes'> & { sizeBytes: number | null }): Promise<Upload> {
    const { attachments, room, store } = this.deps
    const channel = attachments.place(p, input.target)
    const { bytes, exceeded } = await room.of(p.id)
    if ((input.sizeBytes ?? 0) > bytes) throw exceeded()
    const now = this.#now()
    const row: UploadRow = {
      id: newId('upl'),
      owner: senderOf(p),
      ownerId: p.id,
      channelId: channel.id,
      target: channel.target,
      filename: input.filename,
      mimeType: input.mimeType ?? '',
      sizeBytes: input.sizeBytes,
      sha256: input.sha256 ?? null,
      artifact: false,
      title: '',
      ttlSeconds: null,
      attachmentId: null,
      expiresAt: now + FILES.uploadMs,
      createdAt: now,
    }
    await this.core.db.tx(async (tx) => {
      if ((await store.pending(p.id, tx.q)).files >= FILES.waiting)
        throw new NekodeError('throttled', `You have ${FILES.waiting} unfinished uploads.`, {
          code: 'too_many_uploads',
          next: 'Finish some of them, or give them up with DELETE /api/uploads/{id}.',
          retryAfterSeconds: 60,
        })
      await store.insert(tx, row)
    })
    return this.#view(row)
  }

  async get(p: Sender, id: string): Promise<Upload> {
    return this.#view(await this.#own(p, id))
  }

  /**
   * Takes a part. The last one makes the attachment.
   * @throws NekodeError conflict `offset_mismatch`, `upload_busy`; too_large for more than was announced
   */
  async append(p: Sender, id: string, offset: number, body: AsyncIterable<Uint8Array>): Promise<Upload> {
    const row = await this.#own(p, id)
    if (row.channelId !== null) this.core.access.channelById(p, 'write', row.channelId)
    return this.#alone(id, async () => {
      const { intake, room, store } = this.deps
      const total = row.sizeBytes
      const at = row.attachmentId === null ? await intake.received(id) : (total ?? 0)
      if (offset !== at)
        throw new NekodeError('conflict', `The next part begins at ${at}.`, {
          code: 'offset_mismatch',
          next: 'Ask where it begins with HEAD, and go on from there.',
          data: { offset: at },
        })
      if (row.attachmentId !== null) return this.#view(row)
      if (total === null) throw onlyWhole()
      const now = await room.during(p.id, () => intake.append(id, at, body, total, () => tooMuch(total)))
      if (now < total) {
        await this.core.db.tx((tx) => store.update(tx, id, { expiresAt: this.#now() + FILES.uploadMs }))
        return this.#view(row)
      }
      await this.#finish(row)
      return this.#view(await this.#own(p, id))
    })
  }

  /** An address where somebody without a login can put all of it. */
  link(id: string): Link {
    return this.deps.attachments.links.upload(id)
  }

  /**
   * All bytes of an upload by a signed address. Sending them again gives the same attachment.
   * @throws NekodeError `link_invalid`, `link_expired`, and what `append` throws
   */
  async signed(
    id: string,
    { expires, signature }: { expires: number; signature: string },
    body: AsyncIterable<Uint8Array>,
  ): Promise<Attachment> {
    const { attachments, intake, room, store } = this.deps
    attachments.links.check('upload', id, expires, signature)
    const row = await store.get(id)
    if (!row || !this.#isHere(row)) throw unknown()
    return this.#alone(id, async () => {
      const now = await store.get(id)
      if (now?.attachmentId) return this.#attachment(now.attachmentId)
      const allowance = await room.of(row.ownerId, row.sizeBytes ?? 0)
      const most = row.sizeBytes ?? allowance.bytes
      const exceeded = row.sizeBytes === null ? allowance.exceeded : () => tooMuch(most)
      const size = await room.during(row.ownerId, () => intake.append(id, 0, body, most, exceeded))
      if (row.sizeBytes !== null && size < row.sizeBytes)
        throw new NekodeError('invalid', `Only ${size} of ${row.sizeBytes} bytes arrived.`, {
          code: 'interrupted',
          next: 'Send it again.',
        })
      return this.#finish(row)
    })
  }

  /** Whoever announced it may be gone by now, or the channel closed. */
  #isHere({ owner, ownerId, channelId }: UploadRow): boolean {
    const { directory } = this.core
    const channel = channelId === null ? undefined : directory.channel(channelId)
    if (!channel || channel.archivedAt !== null) return false
    return owner.kind === 'agent' ? directory.agent(ownerId) !== undefined : directory.user(ownerId) !== undefined
  }

  async cancel(p: Sender, id: string): Promise<void> {
    await this.#own(p, id)
    await this.#alone(id, () => this.#remove(id))
  }

  /** Removes uploads that nobody goes on with, and what a crash left behind. */
  async sweep(): Promise<number> {
    const { store, intake } = this.deps
    let count = 0
    for (;;) {
      const rows = await store.expired(this.#now(), BATCH)
      for (const { id } of rows) if (!this.#busy.has(id)) await this.#remove(id)
      count += rows.length
      if (rows.length < BATCH) break
    }
    const owners = async (names: string[]): Promise<ReadonlySet<string>> => {
      const ids = names.filter((name) => name.startsWith('upl_'))
      return new Set((await Promise.all(chunks(ids).map((some) => store.known(some)))).flat())
    }
    return count + (await intake.sweep(owners, this.#now() - FILES.uploadMs))
  }

  async #remove(id: string): Promise<void> {
    await this.core.db.tx((tx) => this.deps.store.remove(tx, id))
    await this.deps.intake.discardPart(id)
  }

  async #finish(row: UploadRow): Promise<Attachment> {
    const { attachments, intake, store } = this.deps
    const arrived = await intake.complete(row.id)
    const about = {
      channel: row.channelId === null || row.target === null ? undefined : { id: row.channelId, target: row.target },
      filename: row.filename,
      mimeType: row.mimeType,
      sha256: row.sha256 ?? undefined,
    }
    return attachments.keep(row.owner, about, arrived, {
      besides: row.sizeBytes ?? 0,
      also: (tx, { id: attachmentId }) => store.update(tx, row.id, { attachmentId }),
    })
  }

  async #own(p: Sender, id: string): Promise<UploadRow> {
    const row = await this.deps.store.get(id)
    if (!row || row.ownerId !== p.id) throw unknown()
    return row
  }

  /** Two connections that write the same file would mix. */
  async #alone<T>(id: string, work: () => Promise<T>): Promise<T> {
    if (this.#busy.has(id))
      throw new NekodeError('conflict', 'Another connection is sending this file.', {
        code: 'upload_busy',
        next: 'Wait until it has ended, then go on.',
        retryAfterSeconds: 1,
      })
    this.#busy.add(id)
    try {
      return await work()
    } finally {
      this.#busy.delete(id)
    }
  }

  async #view(row: UploadRow): Promise<Upload> {
    const { id, sizeBytes, expiresAt, attachmentId } = row
    const attachment = attachmentId === null ? null : await this.#attachment(attachmentId)
    const offset = attachment ? attachment.sizeBytes : await this.deps.intake.received(id)
    return { id, offset, sizeBytes, expiresAt, attachment }
  }

  async #attachment(id: string): Promise<Attachment> {
    const row = await this.deps.attachments.stored(id)
    if (!row) throw unknown()
    return attachmentView(row)
  }
}

const unknown = (): NekodeError =>
  new NekodeError('not_found', 'There is no such upload of yours.', { next: 'Begin a new one.' })
const tooMuch = (total: number): NekodeError =>
  new NekodeError('too_large', `The upload was announced with ${total} bytes, and more came.`, { code: 'too_large' })
const onlyWhole = (): NekodeError =>
  new NekodeError('invalid', 'An upload of unknown size comes in one piece, at its signed address.', {
    code: 'invalid_request',
  })

function chunks<T>(items: T[]): T[][] {
  return Array.from({ length: Math.ceil(items.length / BATCH) }, (_, i) => items.slice(i * BATCH, (i + 1) * BATCH))
}
