import { NekodeError } from '@shared/errors'
import { FILES } from '@shared/limits'
import type { Blobs } from '../blobs/service'
import type { Core } from '../core'
import type { AttachmentStore } from './store'
import type { AttachmentRow } from './view'

/**
 * Small pictures of images, made when the first reader asks. The decoder works in a thread of its own and refuses what would take too
 * much memory before it takes any; one image at a time bounds what all of them take.
 */
export class Thumbnails {
  #queue: Promise<unknown> = Promise.resolve()
  #waiting = 0
  readonly #making = new Map<string, Promise<Uint8Array>>()

  constructor(
    private readonly core: Pick<Core, 'db'>,
    private readonly blobs: Blobs,
    private readonly store: AttachmentStore,
  ) {}

  /**
   * The small picture of an image, as WebP.
   * @throws NekodeError not_found `no_thumbnail`; throttled when too many wait
   */
  async of(row: AttachmentRow): Promise<Uint8Array> {
    if (
      row.media !== 'image' ||
      row.sizeBytes > FILES.imageBytes ||
      (row.width ?? 0) * (row.height ?? 0) > FILES.imagePixels
    )
      throw none()
    const known = this.#making.get(row.blobHash)
    if (known) return known
    const stored = await this.store.thumbnail(row.blobHash)
    if (stored) return stored
    const making = this.#making.get(row.blobHash) ?? this.#enqueue(row)
    this.#making.set(row.blobHash, making)
    try {
      return await making
    } finally {
      this.#making.delete(row.blobHash)
    }
  }

  async #enqueue(row: AttachmentRow): Promise<Uint8Array> {
    if (this.#waiting >= FILES.thumbnailsWaiting)
      throw new NekodeError('throttled', 'Many pictures are being made just now.', { retryAfterSeconds: 2 })
    this.#waiting++
    const made = this.#queue.then(() => this.#make(row))
    this.#queue = made.then(
      () => undefined,
      // Whoever asked is told; the next one is made all the same.
      () => undefined,
    )
    try {
      return await made
    } finally {
      this.#waiting--
    }
  }

  async #make({ blobHash: hash, sizeBytes }: AttachmentRow): Promise<Uint8Array> {
    const body = await this.blobs.read(hash, sizeBytes, { verify: true })
    const bytes = await new Response(body).bytes()
    const size = FILES.thumbnailPixels
    const picture = new Bun.Image(bytes, { maxPixels: FILES.imagePixels })
      .resize(size, size, { fit: 'inside', withoutEnlargement: true })
      .webp({ quality: 78 })
    let timer: Timer | undefined
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(() => reject(none()), FILES.thumbnailMs)
    })
    const image = await Promise.race([picture.bytes(), late])
      .catch((cause: unknown) => {
        throw none(cause)
      })
      .finally(() => clearTimeout(timer))
    await this.core.db.tx((tx) =>
      this.store.keepThumbnail(tx, { hash, image, width: picture.width, height: picture.height }),
    )
    return image
  }
}

const none = (cause?: unknown): NekodeError =>
  new NekodeError('not_found', 'There is no small picture of this file.', {
    code: 'no_thumbnail',
    next: 'Download the file itself.',
    ...(cause === undefined ? {} : { cause }),
  })
