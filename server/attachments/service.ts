import type { Actor, Attachment, TextPreview } from '@shared/contract'
import { MAX_ATTACHMENTS } from '@shared/contract'
import { NekodeError } from '@shared/errors'
import { newId } from '@shared/ids'
import { FILES } from '@shared/limits'
import { type Principal, SYSTEM, actorOf, administers } from '../access/principal'
import type { Arrived, Intake } from '../blobs/intake'
import type { Blobs } from '../blobs/service'
import type { Core } from '../core'
import type { Tx } from '../db/database'
import type { Channel } from '../directory/directory'
import type { Once } from '../idempotency/service'
import { always } from '../idempotency/service'
import type { SearchService } from '../search/service'
import { type Link, Links } from './links'
import { cleanName } from './names'
import type { Room } from './room'
import { attachmentDoc } from './searching'
import { sniff } from './sniff'
import type { AttachmentStore } from './store'
import type { Thumbnails } from './thumbnails'
import { type AttachmentRow, attachmentView } from './view'

/** What is said of a file. */
export interface About {
  /** The channel; undefined only for an artifact. */
  channel: Pick<Channel, 'id' | 'target'> | undefined
  filename: string
  mimeType: string
  sha256?: string | undefined
  artifact?: { title: string; ttlSeconds: number; threadId: string | null; runId: string | null } | undefined
}

export interface AttachmentDeps {
  blobs: Blobs
  intake: Intake
  room: Room
  store: AttachmentStore
  search: SearchService
  thumbnails: Thumbnails
  /** Where the server is reached. */
  baseUrl?: string | undefined
  now?: () => number
}

type Storing = Pick<Core, 'db' | 'access' | 'directory' | 'secrets'>

const BATCH = 100
const PAGE = 50

/** Files of conversations. Whoever may read a channel may read what its messages carry; before that a file is its sender's alone. */
export class AttachmentService {
  readonly links: Links
  readonly #now: () => number
  #gone: (tx: Tx, row: AttachmentRow, by: Actor) => void = () => {}

  constructor(
    private readonly core: Storing,
    private readonly deps: AttachmentDeps,
  ) {
    this.#now = deps.now ?? Date.now
    this.links = new Links(core.secrets, this.#now, deps.baseUrl)
  }

  /** Calls `gone` in the transaction that ends an artifact. */
  whenGone(gone: (tx: Tx, row: AttachmentRow, by: Actor) => void): void {
    this.#gone = gone
  }

  /**
   * Where a file is to go, before any of it is read.
   * @throws NekodeError `not_found`, `forbidden`, `channel_archived`
   */
  place(p: Principal, target: string | undefined): Channel {
    if (target === undefined || target === '')
      throw new NekodeError('invalid', 'It is not said where the file is to go.', {
        code: 'invalid_request',
        next: 'Name a channel or a direct conversation as “target”.',
      })
    return this.core.access.channel(p, 'write', target)
  }

  /** Takes a file in as it comes. Throws what `Room.of` and `Intake.receive` do. */
  receive(p: Principal & { id: string }, body: AsyncIterable<Uint8Array>): Promise<Arrived> {
    const { room, intake } = this.deps
    return room.during(p.id, async () => {
      const { bytes, exceeded } = await room.of(p.id)
      return intake.receive(body, bytes, exceeded)
    })
  }

  discard(arrived: Arrived): Promise<void> {
    return this.deps.intake.discard(arrived.path)
  }

  /**
   * Makes an attachment of what arrived. The file is gone from the intake afterwards, whether this succeeds or not.
   * @param besides of what its owner announced: this very file
   * @param also done in the same transaction
   * @throws NekodeError invalid `checksum_mismatch`; full `quota_exceeded`, `storage_full`
   */
  async keep(
    owner: Actor,
    about: About,
    arrived: Arrived,
    {
      once = always,
      besides = 0,
      also,
    }: { once?: Once; besides?: number; also?: (tx: Tx, row: AttachmentRow) => Promise<void> } = {},
  ): Promise<Attachment> {
    const { blobs, room, store } = this.deps
    try {
      if (about.sha256 !== undefined && about.sha256 !== arrived.hash)
        throw new NekodeError('invalid', 'The bytes that arrived are not those that the checksum was made of.', {
          code: 'checksum_mismatch',
          next: 'Send the file again.',
        })
      const { bytes, exceeded } = await room.of(owner.id, besides)
      if (arrived.sizeBytes > bytes) throw exceeded()
      const filename = cleanName(about.filename)
      const seen = await sniff(arrived.path, arrived.sizeBytes, filename, about.mimeType)
      await blobs.keep(arrived)
      const now = this.#now()
      const { channel, artifact } = about
      return await this.core.db.tx((tx) =>
        once(tx, async () => {
          const row: AttachmentRow = {
            id: newId('att'),
            channelId: channel?.id ?? null,
            target: channel?.target ?? null,
            owner,
            ownerId: owner.id,
            filename,
            ...seen,
            mimeType: seen.mimeType.slice(0, 160),
            sizeBytes: arrived.sizeBytes,
            blobHash: arrived.hash,
            messageId: null,
            artifact: artifact !== undefined,
            title: artifact?.title ?? '',
            threadId: artifact?.threadId ?? null,
            runId: artifact?.runId ?? null,
            expiresAt: artifact ? now + artifact.ttlSeconds * 1000 : now + FILES.unusedMs,
            createdAt: now,
          }
          await store.insert(tx, row)
          await blobs.reference(tx, row.blobHash)
          await blobs.charge(tx, owner.id, row.sizeBytes, 1)
          await room.hold(tx, owner.id)
          await also?.(tx, row)
          return attachmentView(row)
        }),
      )
    } finally {
      await this.deps.intake.discard(arrived.path)
    }
  }

  /** What is known of a file that the caller may see. Throws `not_found`. */
  async get(p: Principal, id: string): Promise<Attachment> {
    return attachmentView(await this.row(p, id))
  }

  /** As `get`, with where its bytes are. */
  async row(p: Principal, id: string): Promise<AttachmentRow> {
    const row = await this.deps.store.get(id)
    if (!row || !this.#sees(p, row)) throw unknown()
    return row
  }

  /** As it is kept, for whoever has been found to be allowed to see it. */
  stored(id: string): Promise<AttachmentRow | undefined> {
    return this.deps.store.get(id)
  }

  #sees(p: Principal, row: AttachmentRow): boolean {
    if (row.expiresAt !== null && row.expiresAt <= this.#now()) return false
    const { access, directory } = this.core
    const owns = p.kind !== 'guest' && p.id === row.ownerId
    if (row.channelId !== null) {
      const channel = directory.channel(row.channelId)
      if (!channel || !access.can(p, 'read', channel)) return false
      return owns || row.messageId !== null || row.artifact
    }
    // What agents and computers keep for themselves is an admin's to look after.
    if (owns || (row.owner.kind !== 'human' && administers(p))) return true
    const agent = row.owner.kind === 'agent' ? directory.agent(row.ownerId) : undefined
    return agent !== undefined && access.withAgent(p, 'settings', agent)
  }

  /** Files that messages of a channel carry, newest first. */
  async list(
    p: Principal,
    { target, limit = PAGE, cursor }: { target: string; limit?: number | undefined; cursor?: string | undefined },
  ): Promise<{ items: Attachment[]; nextCursor?: string }> {
    const channel = this.core.access.channel(p, 'read', target)
    return pageOf(await this.deps.store.page(channel.id, limit + 1, cursor), limit)
  }

  /** The beginning of a text. Throws `no_preview` for what is none. */
  async preview(p: Principal, id: string): Promise<TextPreview> {
    const { text, encoding, textCut } = await this.row(p, id)
    if (text === null)
      throw new NekodeError('not_found', 'This file is no text.', {
        code: 'no_preview',
        next: 'Download it to look at it.',
      })
    return { text, encoding: encoding ?? 'utf-8', truncated: textCut }
  }

  /** A small picture of an image, as WebP. Throws `no_thumbnail`. */
  async thumbnail(p: Principal, id: string): Promise<{ image: Uint8Array; hash: string }> {
    const row = await this.row(p, id)
    return { image: await this.deps.thumbnails.of(row), hash: row.blobHash }
  }

  /** A short-lived address of a file's bytes. */
  async link(p: Principal, id: string): Promise<Link> {
    const row = await this.row(p, id)
    return this.links.download(row.id)
  }

  /** The file of a signed address. Throws `link_invalid`, `link_expired`, and `not_found` when the file is gone. */
  async signed(id: string, expires: number, signature: string): Promise<AttachmentRow> {
    this.links.check('file', id, expires, signature)
    const row = await this.deps.store.get(id)
    if (!row || (row.expiresAt !== null && row.expiresAt <= this.#now())) throw unknown()
    return row
  }

  /** Takes back a file that no message carries. Throws `attachment_used`. */
  async remove(p: Principal & { id: string }, id: string): Promise<void> {
    const seen = await this.row(p, id)
    if (seen.ownerId !== p.id)
      throw new NekodeError('forbidden', 'Only whoever sent this file can take it back.', { code: 'not_owner' })
    await this.core.db.tx(async (tx) => {
      const row = await this.deps.store.get(id, tx.q)
      if (!row) return
      if (row.messageId !== null)
        throw new NekodeError('conflict', 'A message carries this file.', {
          code: 'attachment_used',
          next: 'Delete the message; its files go with it.',
        })
      await this.#drop(tx, row, actorOf(p))
    })
  }

  /** Ends an artifact, whoever may decide that. Returns whether it was there. */
  async drop(tx: Tx, id: string, by: Actor): Promise<boolean> {
    const row = await this.deps.store.get(id, tx.q)
    if (!row?.artifact) return false
    await this.#drop(tx, row, by)
    return true
  }

  async usage(p: {
    id: string
  }): Promise<{ bytes: number; files: number; quotaBytes: number | null; fileBytes: number | null }> {
    const { userBytes, fileBytes } = this.deps.room.quotas
    return { ...(await this.deps.blobs.usage(p.id)), quotaBytes: userBytes || null, fileBytes: fileBytes || null }
  }

  /**
   * Files for a message: the caller's own, of that channel, which no other message carries.
   * @throws NekodeError not_found `attachment_unknown`; conflict `attachment_used`; invalid for too many
   */
  async claim(tx: Tx, ownerId: string, channelId: string, ids: readonly string[]): Promise<AttachmentRow[]> {
    const wanted = [...new Set(ids)]
    if (wanted.length > MAX_ATTACHMENTS)
      throw new NekodeError('invalid', `A message carries at most ${MAX_ATTACHMENTS} files.`, {
        code: 'invalid_request',
      })
    const rows = new Map((await this.deps.store.named(wanted, tx.q)).map((row) => [row.id, row]))
    return wanted.map((id) => {
      const row = rows.get(id)
      const now = this.#now()
      if (!row || row.ownerId !== ownerId || row.artifact || (row.expiresAt !== null && row.expiresAt <= now))
        throw new NekodeError('not_found', `There is no file ${id} of yours.`, {
          code: 'attachment_unknown',
          next: 'Upload it first; what no message takes is removed after a day.',
        })
      if (row.channelId !== channelId)
        throw new NekodeError('invalid', `The file ${row.filename} was uploaded for another conversation.`, {
          code: 'attachment_elsewhere',
          next: 'Upload it for this one.',
        })
      if (row.messageId !== null)
        throw new NekodeError('conflict', `Another message carries the file ${row.filename} already.`, {
          code: 'attachment_used',
          next: 'Upload it again.',
        })
      return row
    })
  }

  /** A message carries these from now on, and they can be found. */
  async bind(tx: Tx, rows: readonly AttachmentRow[], message: { id: string; threadId: string }): Promise<void> {
    if (!rows.length) return
    await this.deps.store.bind(
      tx,
      rows.map((row) => row.id),
      message.id,
    )
    for (const row of rows)
      await this.deps.search.add(tx, attachmentDoc({ ...row, messageId: message.id }, message.threadId))
  }

  /** The message is gone, and what it carried with it. */
  async release(tx: Tx, messageId: string): Promise<void> {
    for (const row of await this.deps.store.ofMessage(messageId, tx.q)) {
      await this.deps.search.remove(tx, 'attachment', row.id)
      await this.#drop(tx, row, SYSTEM)
    }
  }

  /** Removes what no message took, and artifacts whose time is over. Returns how many. */
  async sweep(): Promise<number> {
    let count = 0
    for (;;) {
      const rows = await this.deps.store.expired(this.#now(), BATCH)
      await this.core.db.tx(async (tx) => {
        for (const { id } of rows) {
          const row = await this.deps.store.get(id, tx.q)
          // A message may have taken it a moment ago.
          if (row && row.expiresAt !== null) await this.#drop(tx, row, SYSTEM)
        }
      })
      count += rows.length
      if (rows.length < BATCH) return count
    }
  }

  async #drop(tx: Tx, row: AttachmentRow, by: Actor): Promise<void> {
    const { store, blobs } = this.deps
    await store.remove(tx, row.id)
    await blobs.release(tx, row.blobHash)
    await blobs.charge(tx, row.ownerId, -row.sizeBytes, -1)
    if (row.artifact) this.#gone(tx, row, by)
  }
}

export const senderOf = (p: Exclude<Principal, { kind: 'guest' }>): Actor => actorOf(p)

const unknown = (): NekodeError => new NekodeError('not_found', 'There is no such file, or it is not for you to see.')

function pageOf(rows: AttachmentRow[], limit: number): { items: Attachment[]; nextCursor?: string } {
  const items = rows.slice(0, limit)
  const last = items.at(-1)
  return { items: items.map(attachmentView), ...(rows.length > limit && last ? { nextCursor: last.id } : {}) }
}
