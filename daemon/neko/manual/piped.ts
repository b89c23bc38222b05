import type { Output } from '@shared/cli/output'
import { errorText, NekodeError } from '@shared/errors'
import { showResult } from './show'
import type { ManualSession } from './session'
import { parseCommand } from './verbs'

export interface PipedOptions {
  session: ManualSession
  out: Output
  /** Go on after a command that failed. */
  keepGoing: boolean
  /** How long a command waits for a connection that was lost. */
  patienceMs: number
  signal: AbortSignal
}

/** The lines of a stream, each as soon as it is there. */
export async function* linesOf(stream: AsyncIterable<Uint8Array>): AsyncGenerator<string> {
  const decoder = new TextDecoder()
  let rest = ''
  for await (const chunk of stream) {
    const lines = (rest + decoder.decode(chunk, { stream: true })).split('\n')
    rest = lines.pop() ?? ''
    yield* lines.map((line) => line.replace(/\r$/, ''))
  }
  rest += decoder.decode()
  if (rest !== '') yield rest
}

/**
 * Runs commands as they come, each when the one before is done.
 * @returns how many failed; without `keepGoing` it is over after the first
 */
export async function runLines(
  lines: AsyncIterable<string> | Iterable<string>,
  options: PipedOptions,
): Promise<number> {
  const { session, out, signal } = options
  let failed = 0
  let number = 0
  for await (const line of lines) {
    number += 1
    signal.throwIfAborted()
    try {
      await connected(options)
      showResult(await session.run(line), out, number)
    } catch (error) {
      if (signal.aborted) throw signal.reason
      failed += 1
      out.error(located(error, number, line))
      if (!options.keepGoing) return failed
    }
    if (session.ended) break
  }
  return failed
}

/** Waits for the connection where it is being made again: what a script holds is not to be lost on the way. */
async function connected({ session: { desk }, patienceMs, signal }: PipedOptions): Promise<void> {
  if (desk.connected) return
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  const lost = (reason: string): void =>
    reject(new NekodeError('unavailable', `The connection is gone: ${reason}`, { code: 'connection_lost' }))
  const ends = [
    desk.onChange('up', () => resolve()),
    desk.onChange('down', ({ reason, final }) => final && lost(reason)),
  ]
  const late = setTimeout(() => lost(`it did not come back within ${patienceMs / 1000} s.`), patienceMs)
  const abort = (): void => reject(signal.reason)
  signal.addEventListener('abort', abort)
  try {
    await promise
  } finally {
    clearTimeout(late)
    signal.removeEventListener('abort', abort)
    for (const end of ends) end()
  }
}

/** An error with the place of its command. What a line types is not repeated. */
function located(error: unknown, number: number, line: string): NekodeError {
  const name = nameOf(line)
  const place = name === undefined ? `Line ${number}` : `Line ${number} (${name})`
  const message = `${place}: ${errorText(error)}`
  if (!(error instanceof NekodeError)) return new NekodeError('internal', message, { cause: error })
  const { kind, code, next } = error
  return new NekodeError(kind, message, { code, cause: error, ...(next === undefined ? {} : { next }) })
}

function nameOf(line: string): string | undefined {
  try {
    return parseCommand(line)?.verb.name
  } catch {
    // The error says already what is wrong with the line.
    return undefined
  }
}
