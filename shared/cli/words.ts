import { parseArgs } from 'node:util'
import type { ArgDef, ArgsDef } from 'citty'
import { usage } from './exit'

/** The words after `--`. */
export const afterDashes = (words: string[]): string[] => {
  const at = words.indexOf('--')
  return at < 0 ? [] : words.slice(at + 1)
}

/** The words before `--`, of which alone options are read. */
export const beforeDashes = (words: string[]): string[] =>
  words.includes('--') ? words.slice(0, words.indexOf('--')) : words

/** Every value of an option, in their order. */
export function everyValue(name: string, words: string[]): string[] {
  const options = { [name]: { type: 'string', multiple: true } } as const
  const { values } = parseArgs({ args: words, options, strict: false })
  return [values[name] ?? []].flat().filter((value) => typeof value === 'string')
}

/**
 * Holds a command line to what a command declares; citty itself lets unknown options and extra words pass.
 * Throws `usage`.
 */
export function checkArguments(args: ArgsDef, rawArgs: string[], rest: boolean): void {
  const words = rest ? beforeDashes(rawArgs) : rawArgs
  const given = strict(words, optionsOf(args))
  const wanted = Object.entries(args).flatMap(([name, def]) =>
    def.type === 'positional'
      ? [{ name: name.toUpperCase(), required: def.required !== false && def.default === undefined }]
      : [],
  )
  const missing = wanted[given.positionals.length]
  if (missing?.required)
    throw usage(
      `${missing.name} is missing.`,
      'Look at the help: --help. In a shell, “#” starts a comment: quote it or leave it out.',
    )
  const extra = given.positionals[wanted.length]
  if (extra !== undefined) throw usage(`“${extra}” is one word too many.`, 'Put a text with blanks in quotes.')
  for (const [name, def] of Object.entries(args)) {
    const value = given.values[name]
    if (def.type === 'enum' && typeof value === 'string' && !def.options?.includes(value))
      throw usage(`--${name} is one of ${def.options?.join(', ')}.`)
    if (
      def.type !== 'positional' &&
      def.required &&
      [name, ...aliasesOf(def)].every((n) => given.values[n] === undefined)
    )
      throw usage(`--${name} is missing.`)
  }
}

type Options = Record<string, { type: 'boolean' | 'string'; short?: string }>

/** The other names of an option; those of one letter are given with one dash. */
export const aliasesOf = (def: ArgDef): string[] => [('alias' in def && def.alias) || []].flat()
const typeOf = (def: ArgDef): 'boolean' | 'string' =>
  def.type === 'string' || def.type === 'enum' ? 'string' : 'boolean'

/**
 * `-token x` and `--token x` as `--token=x`: Go's flags have one dash, and values that start with one.
 * @param repeated options whose next word is their value even where it is an option
 */
export function longFlags(words: string[], args: ArgsDef, repeated: readonly string[] = []): string[] {
  const types = new Map<string, 'boolean' | 'string'>()
  for (const [name, def] of Object.entries(args))
    if (def.type !== 'positional') for (const spelled of [name, ...aliasesOf(def)]) types.set(spelled, typeOf(def))
  const isFlag = (word: string): boolean => types.has(/^--?([a-z][a-z-]+)/.exec(word)?.[1] ?? '')
  const long: string[] = []
  const end = words.includes('--') ? words.indexOf('--') : words.length
  for (let at = 0; at < end; at++) {
    const word = words[at] ?? ''
    const [, name = '', value = ''] = /^--?([a-z][a-z-]+)(=.*)?$/s.exec(word) ?? []
    const type = types.get(name)
    const next = at + 1 < end ? words[at + 1] : undefined
    if (type === undefined) long.push(word)
    else if (type === 'boolean' || value !== '' || next === undefined || (isFlag(next) && !repeated.includes(name)))
      long.push(`--${name}${value}`)
    else {
      long.push(`--${name}=${next}`)
      at++
    }
  }
  return [...long, ...words.slice(end)]
}

/**
 * Puts positionals that were given as options where they belong: `--room general hello` becomes `-- general hello`.
 * @param instead names of options, each with the positional that it is
 */
export function placeWords(words: string[], args: ArgsDef, instead: Readonly<Record<string, string>>): string[] {
  const order = Object.entries(args).flatMap(([name, def]) => (def.type === 'positional' ? [name] : []))
  const { tokens } = parseArgs({
    args: words,
    options: optionsOf(args),
    strict: false,
    allowPositionals: true,
    tokens: true,
  })
  const given: [at: number, value: string][] = []
  const options: string[] = []
  const positionals: string[] = []
  for (const token of tokens) {
    if (token.kind === 'positional') positionals.push(token.value)
    if (token.kind !== 'option') continue
    const positional = Object.hasOwn(instead, token.name) ? instead[token.name] : undefined
    if (positional !== undefined && token.value !== undefined) given.push([order.indexOf(positional), token.value])
    else if (token.value === undefined) options.push(token.rawName)
    else if (token.rawName.startsWith('--')) options.push(`${token.rawName}=${token.value}`)
    else options.push(token.rawName, token.value)
  }
  if (given.length === 0) return words
  for (const [at, value] of given.toSorted(([a], [b]) => a - b)) positionals.splice(at, 0, value)
  return [...options, '--', ...positionals]
}

function optionsOf(args: ArgsDef): Options {
  const options: Options = {}
  for (const [name, def] of Object.entries(args)) {
    if (def.type === 'positional') continue
    const aliases = aliasesOf(def)
    const short = aliases.find((alias) => alias.length === 1)
    const type = typeOf(def)
    options[name] = short === undefined ? { type } : { type, short }
    for (const alias of aliases) if (alias.length > 1) options[alias] = { type }
  }
  return options
}

function strict(words: string[], options: Options) {
  try {
    return parseArgs({ args: words, options, allowPositionals: true, allowNegative: true, strict: true })
  } catch (e) {
    const message = e instanceof Error ? e.message : String(e)
    const bare = /^Option '(?:-\w, )?(--[\w-]+).*(?:argument missing|is ambiguous)/.exec(message)?.[1]
    if (bare) throw usage(`The value of ${bare} is missing.`, `A value that starts with “-” is written ${bare}=VALUE.`)
    // The first sentence says it; the rest is about how to write a text that starts with a dash.
    const [first = ''] = message.split(/\. |\n/)
    throw usage(
      `${first.replace(/\.$/, '')}.`,
      'Look at the help: --help. A text that starts with “-” goes after “--”.',
    )
  }
}
