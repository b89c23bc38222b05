import { z } from 'zod'
import { parseJson } from '../../runtimes/json'
import type { Stream } from './job'
import { MAX_OUTPUT } from './limits'
import { type Piece, pieceShape } from './shapes'

const Stored = z.object({ end: z.number().int(), pieces: z.array(pieceShape()) })

/** A piece grows up to this, so that the tail is not made of crumbs. */
const PIECE = 4096

/** The tail of what a run says, in the order in which it was said. */
export class Output {
  #pieces: Piece[] = []
  #end = 0
  #kept = 0
  #changed = Promise.withResolvers<void>()
  readonly #most: number

  constructor(most = MAX_OUTPUT) {
    this.#most = most
  }

  /** What was stored of an earlier attempt, or of a run that is over. */
  static parse(body: string | undefined): Output {
    const output = new Output()
    const stored = Stored.safeParse(body === undefined ? undefined : parseJson(body))
    if (!stored.success) return output
    const { end, pieces } = stored.data
    output.#pieces = pieces
    output.#end = end
    output.#kept = pieces.reduce((sum, { text }) => sum + text.length, 0)
    return output
  }

  stringify(): string {
    return JSON.stringify({ end: this.#end, pieces: this.#pieces })
  }

  /** Where what comes next will begin. */
  get end(): number {
    return this.#end
  }

  /** Resolves with the next text. */
  get changed(): Promise<void> {
    return this.#changed.promise
  }

  push(stream: Stream, text: string): void {
    if (text === '') return
    const last = this.#pieces.at(-1)
    if (last?.stream === stream && last.text.length + text.length <= PIECE) last.text += text
    else this.#pieces.push({ stream, at: this.#end, text })
    this.#end += text.length
    this.#kept += text.length
    this.#trim()
    const changed = this.#changed
    this.#changed = Promise.withResolvers()
    changed.resolve()
  }

  #trim(): void {
    for (let over = this.#kept - this.#most; over > 0; over = this.#kept - this.#most) {
      const first = this.#pieces[0]
      if (!first) return
      const cut = Math.min(over, first.text.length)
      first.text = first.text.slice(cut)
      first.at += cut
      this.#kept -= cut
      if (first.text === '') this.#pieces.shift()
    }
  }

  /** What was said from `from` on, and how much of it is not kept any more. */
  since(from: number): { dropped: number; pieces: Piece[] } {
    const begin = this.#end - this.#kept
    const pieces = this.#pieces.flatMap((piece) => {
      const skip = Math.max(0, from - piece.at)
      return skip >= piece.text.length ? [] : [{ ...piece, at: piece.at + skip, text: piece.text.slice(skip) }]
    })
    return { dropped: Math.max(0, begin - Math.max(0, from)), pieces }
  }

  /** As one text: what standard output said, and below a line what standard error said. */
  get text(): string {
    const { dropped, pieces } = this.since(0)
    const of = (stream: Stream) =>
      pieces
        .filter((piece) => piece.stream === stream)
        .map(({ text }) => text)
        .join('')
    const errors = of('stderr')
    const head = dropped > 0 ? `${marker(dropped)}\n` : ''
    return `${head}${of('stdout')}${errors === '' ? '' : `\n--- standard error ---\n${errors}`}`
  }
}

/** What stands for the beginning of an output of which only the end is kept. */
export const marker = (dropped: number): string => `[… ${dropped} characters before this are not kept …]`

/**
 * Takes values that must not be shown out of a text that comes in pieces. What may be the beginning of one is held back until more is known.
 */
export class Mask {
  readonly #secrets: readonly (readonly [name: string, value: string])[]
  #held = ''

  /** @param secrets values by name; a value of a few characters would only punch holes into the text */
  constructor(secrets: ReadonlyMap<string, string>) {
    this.#secrets = [...secrets].filter(([, value]) => value.length >= 6).sort(([, a], [, b]) => b.length - a.length)
  }

  push(text: string): string {
    if (this.#secrets.length === 0) return text
    let clean = this.#held + text
    for (const [name, value] of this.#secrets) clean = clean.replaceAll(value, `[secret ${name}]`)
    const held = Math.max(0, ...this.#secrets.map(([, value]) => overlap(clean, value)))
    this.#held = clean.slice(clean.length - held)
    return clean.slice(0, clean.length - held)
  }

  /** What was held back, when nothing more comes. */
  end(): string {
    const rest = this.#held
    this.#held = ''
    return rest
  }
}

/** How many characters at the end of `text` are the beginning of `value`. */
function overlap(text: string, value: string): number {
  for (let length = Math.min(text.length, value.length - 1); length > 0; length--)
    if (text.endsWith(value.slice(0, length))) return length
  return 0
}
