import { closeSync, existsSync, fstatSync, openSync, readSync, statSync, watch } from 'node:fs'
import { dirname } from 'node:path'
import { pause } from '../control/backoff'
import { SETTLE_MS } from '../services/watch/eyes'

const PIECE = 64 * 1024

/** The last lines of a log, from the file before it too when that is needed. */
export function lastLines(path: string, count: number): string[] {
  const lines: string[] = []
  for (const file of [path, `${path}.1`]) {
    if (lines.length >= count || !existsSync(file)) break
    lines.unshift(...linesAtEnd(file, count - lines.length))
  }
  return lines
}

/** Reads from the end only what is needed. */
function linesAtEnd(path: string, count: number): string[] {
  if (count <= 0) return []
  const file = openSync(path, 'r')
  try {
    let at = fstatSync(file).size
    let found = 0
    const pieces: Buffer[] = []
    // One break more than lines: the one before the first of them.
    while (at > 0 && found <= count) {
      const piece = Buffer.alloc(Math.min(PIECE, at))
      at -= piece.length
      readSync(file, piece, 0, piece.length, at)
      found += piece.reduce((sum, byte) => sum + (byte === 10 ? 1 : 0), 0)
      pieces.unshift(piece)
    }
    const text = Buffer.concat(pieces).toString('utf8')
    return text.replace(/\n$/, '').split('\n').slice(-count)
  } finally {
    closeSync(file)
  }
}

/** Where a log ends now, for following it from there. */
export function endOf(path: string): number {
  try {
    return statSync(path, { throwIfNoEntry: false })?.size ?? 0
  } catch {
    // The folder cannot be read: whoever opens the log says so.
    return 0
  }
}

/** Tells every line that is appended from `offset` on, over rotations too, until `signal` ends it. */
export async function follow(
  path: string,
  offset: number,
  tell: (line: string) => void,
  signal: AbortSignal,
): Promise<void> {
  let wake = Promise.withResolvers<void>()
  let told = Number.NEGATIVE_INFINITY
  const rouse = (): void => {
    told = performance.now()
    wake.resolve()
  }
  const watcher = watch(dirname(path), rouse)
  signal.addEventListener('abort', rouse, { once: true })
  const reader = new Appended(path, offset, tell)
  try {
    while (!signal.aborted) {
      wake = Promise.withResolvers()
      reader.read()
      if (performance.now() - told < SETTLE_MS) await pause(SETTLE_MS)
      else await wake.promise
    }
  } finally {
    watcher.close()
    reader.close()
  }
}

class Appended {
  readonly #path: string
  readonly #tell: (line: string) => void
  #file: number | undefined
  #offset: number
  #rest = ''
  #text = new TextDecoder()

  constructor(path: string, offset: number, tell: (line: string) => void) {
    this.#path = path
    this.#offset = offset
    this.#tell = tell
  }

  read(): void {
    this.#file ??= existsSync(this.#path) ? openSync(this.#path, 'r') : undefined
    if (this.#file === undefined) return
    if (fstatSync(this.#file).size < this.#offset) this.#offset = 0
    this.#drain(this.#file)
    const now = statSync(this.#path, { throwIfNoEntry: false })
    if (!now || now.ino === fstatSync(this.#file).ino) return
    // The rest of the file that was moved away comes before the new one.
    this.#drain(this.#file)
    this.close()
    this.#offset = 0
    this.read()
  }

  #drain(file: number): void {
    const piece = Buffer.alloc(PIECE)
    for (;;) {
      const count = readSync(file, piece, 0, piece.length, this.#offset)
      if (count === 0) return
      this.#offset += count
      const lines = (this.#rest + this.#text.decode(piece.subarray(0, count), { stream: true })).split('\n')
      this.#rest = lines.pop() ?? ''
      for (const line of lines) this.#tell(line)
    }
  }

  close(): void {
    if (this.#file !== undefined) closeSync(this.#file)
    this.#file = undefined
  }
}
