import { createReadStream, createWriteStream, openSync, readSync, closeSync } from 'node:fs'
import { stat } from 'node:fs/promises'
import { pipeline } from 'node:stream/promises'
import { createGzip } from 'node:zlib'

const BLOCK = 512

/**
 * Packs one executable as `<folder>/<name>` into a .tar.gz. As a stream, because a daemon has a hundred megabytes and the server's
 * memory is small: `Bun.Archive` wants all of it at once, and given a lazy file it writes an empty one (1.4.5).
 */
export async function packExecutable(executable: string, entry: string, target: string): Promise<void> {
  const { size, mtimeMs } = await stat(executable)
  async function* tar(): AsyncGenerator<Uint8Array> {
    yield header(entry, size, Math.floor(mtimeMs / 1000))
    let read = 0
    for await (const chunk of createReadStream(executable, { highWaterMark: 1 << 18 })) {
      const bytes: Uint8Array = chunk
      read += bytes.length
      yield bytes
    }
    // An archive whose header lies about the size would be cut or padded with rubbish by whoever unpacks it.
    if (read !== size) throw new Error(`${executable} changed while it was packed`)
    yield new Uint8Array(((BLOCK - (size % BLOCK)) % BLOCK) + 2 * BLOCK)
  }
  await pipeline(tar, createGzip({ level: 6 }), createWriteStream(target, { mode: 0o644 }))
}

/** A ustar header (POSIX.1-1988) of a regular file with mode 755 that belongs to root. */
function header(name: string, size: number, mtime: number): Uint8Array {
  const block = Buffer.alloc(BLOCK)
  const octal = (value: number, length: number): string => `${value.toString(8).padStart(length - 1, '0')}\0`
  const fields: [number, string][] = [
    [0, name],
    [100, octal(0o755, 8)],
    [108, octal(0, 8)],
    [116, octal(0, 8)],
    [124, octal(size, 12)],
    [136, octal(mtime, 12)],
    [148, ' '.repeat(8)],
    [156, '0'],
    [257, 'ustar\x0000'],
    [265, 'root'],
    [297, 'root'],
  ]
  for (const [offset, text] of fields) block.write(text, offset, 'latin1')
  const sum = block.reduce((total, byte) => total + byte, 0)
  block.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148, 'latin1')
  return block
}

/** Whether an executable is linked against musl: its loader's name is near the start of an ELF file. */
export function isMusl(executable: string): boolean {
  const start = Buffer.alloc(16_384)
  const file = openSync(executable, 'r')
  try {
    return start.subarray(0, readSync(file, start, 0, start.length, 0)).includes('/lib/ld-musl-')
  } finally {
    closeSync(file)
  }
}
