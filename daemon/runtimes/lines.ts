/** A line is 32 Mi characters at most: a protocol line can carry a file or an image, nothing sane carries more. */
export const MAX_LINE = 32 * 1024 * 1024

/** Thrown by `readLines` when a line is longer than allowed. */
export class LineTooLong extends Error {}

/**
 * Calls `onLine` for each line (without its line end), also for a last line without one.
 * @param options.signal ends the reading and cancels the stream, which closes the pipe for whoever writes into it
 * @throws LineTooLong after `max` characters without a line end; the stream is cancelled then.
 */
export async function readLines(
  stream: ReadableStream<Uint8Array>,
  onLine: (line: string) => void,
  { max = MAX_LINE, signal }: { max?: number; signal?: AbortSignal } = {},
): Promise<void> {
  const decoder = new TextDecoder()
  const parts: string[] = []
  let size = 0
  for await (const chunk of stream) {
    const pieces = decoder.decode(chunk, { stream: true }).split('\n')
    const last = pieces.pop() ?? ''
    for (const piece of pieces) {
      flush(parts, piece, onLine)
      size = 0
      if (signal?.aborted) return
    }
    parts.push(last)
    size += last.length
    if (size > max) throw new LineTooLong(`a line is longer than ${max} characters`)
  }
  const rest = parts.join('') + decoder.decode()
  if (rest) onLine(rest.replace(/\r$/, ''))
}

function flush(parts: string[], end: string, onLine: (line: string) => void): void {
  onLine((parts.splice(0).join('') + end).replace(/\r$/, ''))
}

/** The first `max` characters, never half of a surrogate pair, with a mark when something was cut. */
export function clip(text: string, max: number): string {
  if (text.length <= max) return text
  const end = isHighSurrogate(text.charCodeAt(max - 1)) ? max - 1 : max
  return `${text.slice(0, end)}… (${text.length - end} more characters)`
}

const isHighSurrogate = (unit: number) => unit >= 0xd800 && unit <= 0xdbff
