import { NekodeError } from '@shared/errors'
import { type FileHandle, mkdir, open, readdir, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { storageFailure } from './errors'

/** A complete file that is not stored yet. */
export interface Arrived {
  path: string
  hash: string
  sizeBytes: number
}

const READ_BYTES = 1 << 20

/** Where bytes are until all of a file is there. Nothing in here is needed by anybody but whoever sends it. */
export class Intake {
  constructor(private readonly folder: string) {}

  /**
   * Writes a stream to disk as it comes, never more of it in memory than a piece.
   * @param allowed bytes that may come; asked again with each piece
   * @throws NekodeError what `exceeded` makes when more comes; invalid `interrupted` when the sender goes away
   */
  async receive(body: AsyncIterable<Uint8Array>, allowed: number, exceeded: () => NekodeError): Promise<Arrived> {
    const path = await this.#fresh()
    const hasher = new Bun.CryptoHasher('sha256')
    let sizeBytes = 0
    try {
      const file = await open(path, 'wx', 0o600)
      try {
        for await (const chunk of incoming(body)) {
          sizeBytes += chunk.length
          if (sizeBytes > allowed) throw exceeded()
          hasher.update(chunk)
          await writeAll(file, chunk)
        }
      } finally {
        await file.close()
      }
    } catch (error) {
      await this.discard(path)
      throw storageFailure(error)
    }
    return { path, hash: hasher.digest('hex'), sizeBytes }
  }

  /**
   * Adds to a file that arrives in parts. What came before the connection broke stays.
   * @returns how much there is now
   */
  async append(
    id: string,
    offset: number,
    body: AsyncIterable<Uint8Array>,
    allowed: number,
    exceeded: () => NekodeError,
  ): Promise<number> {
    const path = await this.#part(id)
    let at = offset
    try {
      const file = await open(path, offset === 0 ? 'w' : 'r+', 0o600)
      try {
        for await (const chunk of incoming(body)) {
          if (at + chunk.length > allowed) throw exceeded()
          await writeAll(file, chunk, at)
          at += chunk.length
        }
      } finally {
        // What is acknowledged by its length is not sent again.
        await file.sync()
        await file.close()
      }
    } catch (error) {
      throw storageFailure(error)
    }
    return at
  }

  /** How much of an upload in parts is there. */
  async received(id: string): Promise<number> {
    try {
      return (await stat(join(this.folder, id))).size
    } catch (error) {
      if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return 0
      throw error
    }
  }

  /** An upload in parts whose last part has come. */
  async complete(id: string): Promise<Arrived> {
    const path = await this.#part(id)
    const hasher = new Bun.CryptoHasher('sha256')
    let sizeBytes = 0
    const file = await open(path, 'a+')
    try {
      const piece = Buffer.alloc(READ_BYTES)
      for (;;) {
        const { bytesRead } = await file.read(piece, 0, READ_BYTES, sizeBytes)
        if (bytesRead === 0) break
        hasher.update(piece.subarray(0, bytesRead))
        sizeBytes += bytesRead
      }
    } finally {
      await file.close()
    }
    return { path, hash: hasher.digest('hex'), sizeBytes }
  }

  discard(path: string): Promise<void> {
    return rm(path, { force: true })
  }

  discardPart(id: string): Promise<void> {
    return this.discard(join(this.folder, id))
  }

  /** Removes what was left behind by a crash: files that nobody has written to for so long, and that no upload owns. */
  async sweep(ids: (names: string[]) => Promise<ReadonlySet<string>>, olderThan: number): Promise<number> {
    let names: string[]
    try {
      names = await readdir(this.folder)
    } catch (error) {
      if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return 0
      throw error
    }
    const owned = await ids(names)
    let count = 0
    for (const name of names) {
      if (owned.has(name)) continue
      const path = join(this.folder, name)
      const modified = await stat(path).then(
        (s) => s.mtimeMs,
        // Gone meanwhile: its sender finished or gave up.
        () => Infinity,
      )
      if (modified >= olderThan) continue
      await this.discard(path)
      count++
    }
    return count
  }

  async #fresh(): Promise<string> {
    await mkdir(this.folder, { recursive: true, mode: 0o700 })
    return join(this.folder, `tmp-${crypto.randomUUID()}`)
  }

  async #part(id: string): Promise<string> {
    await mkdir(this.folder, { recursive: true, mode: 0o700 })
    return join(this.folder, id)
  }
}

/** The sender's pieces; that it went away is its own affair and not an error of the server. */
async function* incoming(body: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  try {
    yield* body
  } catch (cause) {
    if (cause instanceof NekodeError) throw cause
    throw new NekodeError('invalid', 'The connection was closed in the middle of the file.', {
      code: 'interrupted',
      next: 'Send it again. An upload in parts goes on from where it stopped.',
      cause,
    })
  }
}

async function writeAll(file: FileHandle, chunk: Uint8Array, position: number | null = null): Promise<void> {
  let done = 0
  while (done < chunk.length) {
    const at = position === null ? null : position + done
    done += (await file.write(chunk, done, chunk.length - done, at)).bytesWritten
  }
}
