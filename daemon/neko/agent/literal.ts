/** A value as a model writes it: JSON, or a literal of Python or JavaScript. */
export type Literal = null | boolean | number | string | Literal[] | { [key: string]: Literal }

export interface Found {
  value: Literal
  /** Where it begins and ends in the text. */
  start: number
  end: number
}

/** Deeper nesting is noise, and would exhaust the stack. */
const MAX_DEPTH = 40
/** A reply has a few values; each start of one that turns out to be none costs a look. */
const MAX_STARTS = 400

/**
 * Every object and list that a text holds, in their order; what is inside another one is part of that. Single quotes, unquoted keys,
 * tuples, `None` and `True`, trailing commas, comments and quotes that were not escaped are understood, and closing brackets may be missing at
 * the end, unless what is last is a number: it may have been cut.
 */
export function findLiterals(text: string): Found[] {
  const found: Found[] = []
  let starts = 0
  for (let at = 0; at < text.length && starts < MAX_STARTS; at++) {
    const char = text[at]
    if (char !== '{' && char !== '[') continue
    starts++
    const reader = new Reader(text, at)
    const value = reader.container()
    if (value === undefined) continue
    found.push({ value, start: at, end: reader.at })
    at = reader.at - 1
  }
  return found
}

const CLOSES: Record<string, string> = { '{': '}', '[': ']', '(': ')' }
const WORDS: Record<string, Literal> = {
  true: true,
  false: false,
  null: null,
  none: null,
  undefined: null,
  nan: null,
  nil: null,
}
const ESCAPES: Record<string, string> = { n: '\n', t: '\t', r: '\r', b: '\b', f: '\f', '0': '\0', '\n': '' }

/** Reads one value. `undefined` is "this is no value"; the place is then of no meaning. */
class Reader {
  at: number
  readonly #text: string
  #depth = 0

  constructor(text: string, at: number) {
    this.#text = text
    this.at = at
  }

  container(): Literal | undefined {
    const close = CLOSES[this.#text[this.at] ?? '']
    if (close === undefined || ++this.#depth > MAX_DEPTH) return undefined
    const isObject = this.#text[this.at] === '{'
    this.at++
    const value = isObject ? this.#object(close) : this.#list(close)
    this.#depth--
    return value
  }

  #object(close: string): Literal | undefined {
    const members = new Map<string, Literal>()
    for (;;) {
      this.#blank()
      if (this.#ends(close)) return Object.fromEntries(members)
      const key = this.#key()
      if (key === undefined) return undefined
      this.#blank()
      if (!/[:=]/.test(this.#text[this.at] ?? '')) return undefined
      this.at++
      this.#blank()
      const value = this.#value()
      if (value === undefined) return undefined
      members.set(key, value)
      if (!this.#separator(close)) return undefined
    }
  }

  #list(close: string): Literal | undefined {
    const items: Literal[] = []
    for (;;) {
      this.#blank()
      if (this.#ends(close)) return items
      const value = this.#value()
      if (value === undefined) return undefined
      items.push(value)
      if (!this.#separator(close)) return undefined
    }
  }

  /** The closing bracket, or the end of the text where it may stand for it. */
  #ends(close: string): boolean {
    if (this.at >= this.#text.length) return !/[\d.,+-]\s*$/.test(this.#text)
    if (this.#text[this.at] !== close) return false
    this.at++
    return true
  }

  /** A comma, which may be missing before the end. */
  #separator(close: string): boolean {
    this.#blank()
    const char = this.#text[this.at]
    if (char === ',' || char === ';') {
      this.at++
      return true
    }
    return char === close || char === undefined
  }

  #key(): string | undefined {
    if (/["'`]/.test(this.#text[this.at] ?? '')) return this.#string(true)
    const word = /^[A-Za-z_][\w-]*/.exec(this.#text.slice(this.at, this.at + 80))?.[0]
    this.at += word?.length ?? 0
    return word
  }

  #value(): Literal | undefined {
    const char = this.#text[this.at] ?? ''
    if (char in CLOSES) return this.container()
    if (/["'`]/.test(char)) return this.#string(false)
    const rest = this.#text.slice(this.at, this.at + 400)
    // Strings of Python may have a letter before them.
    if (/^[rbuf]["']/i.test(rest)) {
      this.at++
      return this.#string(false)
    }
    const number = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?(%?)/i.exec(rest)
    if (number && !/^[\w.]/.test(rest.slice(number[0].length))) {
      this.at += number[0].length
      // A share in per cent keeps its sign, for whoever knows what it is a share of.
      return number[1] ? number[0] : Number(number[0])
    }
    const word = /^[^\s,;{}[\]()"'`]+(?: +[^\s,;{}[\]()"'`:]+)*/.exec(rest)?.[0]
    if (word === undefined) return undefined
    this.at += word.length
    const known = WORDS[word.toLowerCase()]
    return known === undefined ? word : known
  }

  #string(isKey: boolean): string | undefined {
    const quote = this.#text[this.at] ?? ''
    const triple = quote.repeat(3)
    if (this.#text.startsWith(triple, this.at)) return this.#tripleString(triple)
    let text = ''
    for (this.at++; this.at < this.#text.length; this.at++) {
      const char = this.#text[this.at] ?? ''
      if (char === '\\') text += this.#escape()
      else if (char === quote && this.#closesHere(isKey)) {
        this.at++
        return text
      } else text += char
    }
    return undefined
  }

  #tripleString(triple: string): string | undefined {
    const end = this.#text.indexOf(triple, this.at + 3)
    if (end < 0) return undefined
    const text = this.#text.slice(this.at + 3, end)
    this.at = end + 3
    return text
  }

  /** A quote ends a string only where something of the structure follows: models forget to escape what is inside. */
  #closesHere(isKey: boolean): boolean {
    const rest = this.#text.slice(this.at + 1, this.at + 200)
    return isKey
      ? /^\s*[:=]/.test(rest)
      : /^\s*(?:[}\])]|,\s*(?:["'`{[(}\]]|[\w-]+["']?\s*[:=]|[\d.+-]|\w+\s*[,\]})])|$)/.test(rest)
  }

  #escape(): string {
    this.at++
    const char = this.#text[this.at] ?? ''
    const code = { u: 4, x: 2 }[char]
    if (code !== undefined) {
      const digits = this.#text.slice(this.at + 1, this.at + 1 + code)
      if (/^[\da-f]+$/i.test(digits) && digits.length === code) {
        this.at += code
        return String.fromCharCode(Number.parseInt(digits, 16))
      }
    }
    return ESCAPES[char] ?? char
  }

  #blank(): void {
    const skipped = /^(?:\s+|\/\/[^\n]*|#[^\n]*|\/\*[\s\S]*?\*\/)+/.exec(this.#text.slice(this.at, this.at + 2000))
    this.at += skipped?.[0].length ?? 0
  }
}

/** The arguments of a call of a tool that is written as JSON, in any of the usual ways; else the value itself. */
export function argumentsOf(value: Literal | undefined): { name: string | undefined; input: Literal | undefined } {
  const call = Array.isArray(value) ? value[0] : value
  if (!isObject(call)) return { name: undefined, input: call }
  const outer = isObject(call.function) ? call.function : call
  const inner = outer.arguments ?? outer.parameters ?? outer.input
  const name = typeof outer.name === 'string' ? outer.name : undefined
  if (typeof inner === 'string' && name !== undefined) return { name, input: findLiterals(inner)[0]?.value }
  return { name, input: isObject(inner) ? inner : outer }
}

const isObject = (value: Literal | undefined): value is { [key: string]: Literal } =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
