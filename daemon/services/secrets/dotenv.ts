/** A variable of an `.env` file. */
export interface Assignment {
  name: string
  value: string
  /** Of the file, from 1. */
  line: number
}

/** A line that is no assignment, and why. The line itself is not told: it may hold a secret. */
export interface Unread {
  line: number
  why: string
}

const NAME = /^[A-Za-z_][A-Za-z0-9_.-]*/
const ESCAPES: Record<string, string> = { n: '\n', r: '\r', t: '\t', '"': '"', '\\': '\\', $: '$', '`': '`' }

/**
 * Reads an `.env` file as shells and the usual libraries do: `export`, comments, single quotes (as it stands), double quotes (`\n` and the
 * like are escapes), values over several lines in quotes. Nothing is expanded: `$HOME` stays `$HOME`, because a secret may hold a `$`.
 */
export function parseDotenv(text: string): { assignments: Assignment[]; unread: Unread[] } {
  const reader = new Reader(text.replace(/^\uFEFF/, '').replace(/\r\n?/g, '\n'))
  const assignments: Assignment[] = []
  const unread: Unread[] = []
  while (!reader.isDone) {
    const line = reader.line
    const read = reader.next()
    if (read === undefined) continue
    if ('why' in read) unread.push({ line, ...read })
    else assignments.push({ line, ...read })
  }
  return { assignments, unread }
}

type Read = { name: string; value: string } | { why: string } | undefined

class Reader {
  line = 1
  readonly #text: string
  #at = 0

  constructor(text: string) {
    this.#text = text
  }

  get isDone(): boolean {
    return this.#at >= this.#text.length
  }

  /** What one line says, or the several of a value in quotes. */
  next(): Read {
    const read = this.#assignment()
    this.#toNextLine()
    return read
  }

  #assignment(): Read {
    this.#skipBlanks()
    if (this.isDone || this.#here() === '\n' || this.#here() === '#') return undefined
    this.#take(/^export[ \t]+/)
    const name = this.#take(NAME)
    if (name === '') return { why: 'it does not begin with a name' }
    this.#skipBlanks()
    if (this.#here() !== '=') return { why: 'there is no “=” behind the name' }
    this.#at++
    this.#skipBlanks()
    const quote = this.#here()
    if (quote !== '"' && quote !== "'" && quote !== '`') return { name, value: this.#bare() }
    const value = this.#quoted(quote)
    if (value === undefined) return { why: 'its quotes are not closed' }
    this.#skipBlanks()
    if (!this.isDone && this.#here() !== '\n' && this.#here() !== '#')
      return { why: 'there is something behind the closing quote' }
    return { name, value }
  }

  /** Up to the end of the line, or to a comment, which a blank comes before. */
  #bare(): string {
    return this.#take(/^[^\n]*/)
      .replace(/(^|[ \t])#.*$/, '')
      .trim()
  }

  /** @returns undefined when the quote is not closed; then only the line is passed over */
  #quoted(quote: string): string | undefined {
    let value = ''
    for (let at = this.#at + 1; at < this.#text.length; at++) {
      const letter = this.#text.charAt(at)
      if (letter === quote) {
        this.line += this.#text.slice(this.#at, at).split('\n').length - 1
        this.#at = at + 1
        return value
      }
      const escaped = quote === '"' && letter === '\\' ? ESCAPES[this.#text.charAt(at + 1)] : undefined
      value += escaped ?? letter
      if (escaped !== undefined) at++
    }
    return undefined
  }

  #here(): string {
    return this.#text.charAt(this.#at)
  }

  #take(pattern: RegExp): string {
    const taken =
      pattern.exec(this.#text.slice(this.#at, this.#text.indexOf('\n', this.#at) + 1 || undefined))?.[0] ?? ''
    this.#at += taken.length
    return taken
  }

  #skipBlanks(): void {
    this.#take(/^[ \t]+/)
  }

  #toNextLine(): void {
    const end = this.#text.indexOf('\n', this.#at)
    this.#at = end < 0 ? this.#text.length : end + 1
    this.line++
  }
}
