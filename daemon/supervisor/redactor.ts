import type { Logger, LogFields } from '@shared/log'

const HIDDEN = '[redacted]'
/** A shorter value would take ordinary words out of what an agent says. */
export const MIN_HIDDEN = 8
/** Forms that are remembered; the oldest are forgotten first. */
const MAX_FORMS = 5000
/** What is logged may refer to itself; what came as JSON does not. */
const LOG_DEPTH = 8
const DEPTH = 500

/**
 * The values that must not leave this computer, and what takes them out of everything that does: secrets that agents were started with.
 * A value stays known until the daemon ends, also when another has taken its place: a process that still has it may still say it.
 */
export class Redactor {
  readonly #forms = new Set<string>()
  /** The longest first: one value may be a part of another. */
  #sorted: readonly string[] = []

  add(...values: readonly string[]): void {
    const before = this.#forms.size
    for (const value of values) for (const form of formsOf(value)) this.#forms.add(form)
    if (this.#forms.size === before) return
    for (const form of this.#forms) {
      if (this.#forms.size <= MAX_FORMS) break
      this.#forms.delete(form)
    }
    this.#sorted = [...this.#forms].sort((a, b) => b.length - a.length)
  }

  /** A text without the values, and without the parts of those that overlap. */
  clean(text: string): string {
    const found = this.#sorted.flatMap((form) => placesOf(form, text))
    if (found.length === 0) return text
    found.sort(([a], [b]) => a - b)
    let clean = ''
    let shown = 0
    let [from, to] = found[0] ?? [0, 0]
    for (const [start, end] of found) {
      if (start < to) {
        to = Math.max(to, end)
        continue
      }
      clean += text.slice(shown, from) + HIDDEN
      shown = to
      from = start
      to = end
    }
    return clean + text.slice(shown, from) + HIDDEN + text.slice(to)
  }

  /**
   * For a text that comes in pieces: how many characters at its end have to wait for the next piece, because a value may begin there, or
   * lie across the cut that this would make.
   */
  held(text: string): number {
    let cut = text.length
    for (const form of this.#sorted) {
      const least = Math.max(0, text.length - form.length + 1)
      const start = form.charAt(0)
      for (let at = text.indexOf(start, least); at >= 0 && at < cut; at = text.indexOf(start, at + 1))
        if (form.startsWith(text.slice(at))) cut = at
    }
    const longest = this.#sorted[0]?.length ?? 0
    for (let across = this.#across(text, cut); across !== undefined; across = this.#across(text, cut)) cut = across
    const held = text.length - cut
    // Values that overlap again and again must not hold back a text for good.
    return held > 4 * longest ? longest : held
  }

  /** Where a value begins that lies across a cut. */
  #across(text: string, cut: number): number | undefined {
    if (cut === text.length) return undefined
    for (const form of this.#sorted) {
      const at = cut === 0 ? -1 : text.lastIndexOf(form, cut - 1)
      if (at >= 0 && at + form.length > cut) return at
    }
    return undefined
  }

  /** A copy of a value whose texts are clean; an error becomes its message. Of what is nested too deep nothing is kept. */
  deep(value: unknown, depth = DEPTH): unknown {
    if (this.#sorted.length === 0) return value
    if (typeof value === 'string') return this.clean(value)
    if (typeof value !== 'object' || value === null) return value
    if (value instanceof Error) return this.clean(value.message)
    if (value instanceof Uint8Array || value instanceof Date) return value
    if (depth === 0) return '…'
    if (Array.isArray(value)) return value.map((item) => this.deep(item, depth - 1))
    return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, this.deep(item, depth - 1)]))
  }

  /** The same log without the values. */
  logger(log: Logger): Logger {
    const write = (level: 'debug' | 'info' | 'warn' | 'error') => (message: string, fields?: LogFields) =>
      log[level](this.clean(message), fields && this.#fields(fields))
    return {
      debug: write('debug'),
      info: write('info'),
      warn: write('warn'),
      error: write('error'),
      child: (fields) => this.logger(log.child(this.#fields(fields))),
    }
  }

  #fields(fields: LogFields): LogFields {
    return Object.fromEntries(Object.entries(fields).map(([name, value]) => [name, this.deep(value, LOG_DEPTH)]))
  }
}

/** Where a form occurs, from and to, occurrences that overlap too. */
function placesOf(form: string, text: string): [number, number][] {
  const places: [number, number][] = []
  for (let at = text.indexOf(form); at >= 0; at = text.indexOf(form, at + 1)) places.push([at, at + form.length])
  return places
}

/** How a value may be written: as it is, line by line, inside of JSON, in a URL, in Base64. */
function formsOf(value: string): string[] {
  const lines = value.includes('\n') ? value.split(/\r?\n/).map((line) => line.trim()) : []
  const forms = [value, value.trim(), ...lines].flatMap((text) => [text, inJson(text), inUrl(text)])
  return [...forms, Buffer.from(value).toString('base64')].filter((form) => form.length >= MIN_HIDDEN)
}

const inJson = (text: string): string => JSON.stringify(text).slice(1, -1)

function inUrl(text: string): string {
  try {
    return encodeURIComponent(text)
  } catch {
    // Half of a surrogate pair cannot stand in a URL either.
    return text
  }
}
