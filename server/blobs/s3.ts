import { NekodeError, errorText } from '@shared/errors'
import { S3Client } from 'bun'
import { blobMissing } from './errors'
import type { BlobStore, ByteRange } from './place'

export interface S3Config {
  /** Undefined: Amazon's, in the region. */
  endpoint: string | undefined
  bucket: string
  region: string
  /** Put before each name, with a slash at its end unless it is empty. */
  prefix: string
  accessKeyId: string
  secretAccessKey: string
  /** `bucket.host` instead of `host/bucket`. */
  virtualHosted: boolean
}

/** A part of a large file: with S3's 10,000 parts that is 80 GB, and the memory that one upload takes. */
const PART_BYTES = 8 << 20

/** Contents in a bucket of any server that speaks S3. */
export class S3Blobs implements BlobStore {
  readonly #client: S3Client

  constructor(private readonly config: S3Config) {
    const { bucket, region, accessKeyId, secretAccessKey, endpoint, virtualHosted } = config
    this.#client = new S3Client({
      bucket,
      region,
      accessKeyId,
      secretAccessKey,
      ...(endpoint === undefined ? {} : { endpoint }),
      virtualHostedStyle: virtualHosted,
      retry: 3,
    })
  }

  get place(): string {
    return `s3://${this.config.bucket}/${this.config.prefix}`
  }

  async put(hash: string, path: string, sizeBytes: number): Promise<void> {
    const key = this.#key(hash)
    try {
      if ((await this.#sizeOf(key)) === sizeBytes) return
      if (sizeBytes <= PART_BYTES) {
        await this.#client.write(key, await Bun.file(path).bytes())
        return
      }
      const writer = this.#client.file(key).writer({ partSize: PART_BYTES, queueSize: 2, retry: 3 })
      for await (const chunk of Bun.file(path).stream()) {
        writer.write(chunk)
        // Without this the whole file would wait in memory for the network.
        await writer.flush()
      }
      await writer.end()
    } catch (error) {
      throw failed(error)
    }
  }

  async read(hash: string, sizeBytes: number, range?: ByteRange): Promise<ReadableStream<Uint8Array>> {
    const key = this.#key(hash)
    let size: number | undefined
    try {
      size = await this.#sizeOf(key)
    } catch (error) {
      throw failed(error)
    }
    if (size !== sizeBytes) throw blobMissing(hash)
    const file = this.#client.file(key)
    return (range ? file.slice(range.start, range.end) : file).stream()
  }

  async remove(hash: string): Promise<void> {
    try {
      await this.#client.delete(this.#key(hash))
    } catch (error) {
      throw failed(error)
    }
  }

  #key(hash: string): string {
    return `${this.config.prefix}${hash.slice(0, 2)}/${hash.slice(2, 4)}/${hash}`
  }

  async #sizeOf(key: string): Promise<number | undefined> {
    try {
      return (await this.#client.stat(key)).size
    } catch (error) {
      if (error instanceof Error && 'code' in error && ['NoSuchKey', 'NotFound'].includes(String(error.code)))
        return undefined
      throw error
    }
  }
}

const failed = (cause: unknown): NekodeError =>
  new NekodeError('unavailable', 'The server cannot reach its storage of files now.', {
    code: 'storage_unavailable',
    next: 'Try again later. The server’s log says more.',
    cause: new Error(`S3: ${cause instanceof Error && 'code' in cause ? String(cause.code) : ''} ${errorText(cause)}`),
  })
