import { chmod, copyFile, mkdir, open, rename, rm, stat } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { blobMissing, storageFailure } from './errors'
import type { BlobStore, ByteRange } from './place'

/** Contents as files: `<folder>/<2>/<2>/<hash>`, so that no folder grows too large. */
export class DiskBlobs implements BlobStore {
  constructor(private readonly folder: string) {}

  get place(): string {
    return this.folder
  }

  async put(hash: string, path: string, sizeBytes: number): Promise<void> {
    const to = this.#path(hash)
    try {
      if ((await sizeOf(to)) === sizeBytes) return
      await mkdir(dirname(to), { recursive: true, mode: 0o700 })
      await synced(path)
      await moved(path, to)
      await chmod(to, 0o600)
      // The name is in the folder, and the folder in the one above it: without these a crash could take the file along.
      for (const folder of [dirname(to), dirname(dirname(to)), this.folder]) await synced(folder)
    } catch (error) {
      throw storageFailure(error)
    }
  }

  async read(hash: string, sizeBytes: number, range?: ByteRange): Promise<Blob> {
    const path = this.#path(hash)
    if ((await sizeOf(path)) !== sizeBytes) throw blobMissing(hash)
    const file = Bun.file(path)
    return range ? file.slice(range.start, range.end) : file
  }

  remove(hash: string): Promise<void> {
    return rm(this.#path(hash), { force: true })
  }

  #path(hash: string): string {
    return join(this.folder, hash.slice(0, 2), hash.slice(2, 4), hash)
  }
}

async function sizeOf(path: string): Promise<number | undefined> {
  try {
    return (await stat(path)).size
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined
    throw error
  }
}

async function synced(path: string): Promise<void> {
  const file = await open(path, 'r')
  try {
    await file.sync()
  } finally {
    await file.close()
  }
}

/** The folder of blobs may be a disk of its own: then it is copied to a name beside the last one first. */
async function moved(path: string, to: string): Promise<void> {
  try {
    await rename(path, to)
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'EXDEV')) throw error
    const draft = `${to}.${crypto.randomUUID()}`
    try {
      await copyFile(path, draft)
      await synced(draft)
      await rename(draft, to)
    } catch (failure) {
      await rm(draft, { force: true })
      throw failure
    }
    await rm(path, { force: true })
  }
}
