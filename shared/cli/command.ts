import { parseArgs } from 'node:util'
import { type ArgDef, type ArgsDef, type ParsedArgs, type SubCommandsDef, defineCommand } from 'citty'
import type { Connection } from './account'
import { Exit, type Exits, usage } from './exit'
import type { Host } from './host'
import { Output } from './output'
import type { Speaker } from './program'
import { resolve } from './resolve'
import type { Tell } from './tell'

const common = {
  json: { type: 'boolean', description: 'Print JSON, and errors as JSON on standard error' },
} as const satisfies ArgsDef

export interface Context<A extends ArgsDef> {
  args: ParsedArgs<A>
  /** What follows `--`. */
  rest: string[]
  /** Every value of an option that may be given more than once, in their order. */
  every: (name: string) => string[]
  host: Host
  out: Output
  /** Name of the program that runs. */
  program: string
  /** The server, as whoever the program speaks for. Throws when that is nobody. */
  connect: () => Promise<Connection>
}

/** What a program gives to the command that it runs. */
export interface Invocation {
  host: Host
  tell: Tell
  program: string
  speaker: Speaker | undefined
}

export interface Definition<A extends ArgsDef> {
  name: string
  description: string
  args: A
  /** Lines for the help text, each a command that works as it stands. */
  examples: string[]
  /** Paragraphs under the options. */
  notes?: string[]
  /** What follows `--` belongs to the command. */
  rest?: boolean
  /** Options that may be given more than once. */
  repeated?: readonly string[]
  /** Default: the codes of the program. */
  exits?: Exits
  /** It works without the server's API. */
  offline?: boolean
  /** Not shown in the list of commands. */
  hidden?: boolean
  /** @returns the exit code; nothing is 0 */
  run: (context: Context<A & typeof common>) => Promise<number | void>
}

/** A citty command of any arguments, with what its help text shows besides. */
export type CliCommand = Awaited<Exclude<SubCommandsDef[string], (() => unknown) | Promise<unknown>>> & {
  examples?: string[]
  notes?: string[]
  rest?: boolean
  repeated?: readonly string[]
  /** It talks to the server, as the one whom the program speaks for. */
  speaks?: boolean
  /** Exit codes that are not those of the other commands. */
  exits?: Exits
}

/** A command: `--json`, options held strictly to what is declared, an exit code as its result. */
export function command<const A extends ArgsDef>(definition: Definition<A>): CliCommand {
  const { name, description, examples, notes = [], rest = false, repeated = [], offline = false } = definition
  const made = defineCommand<A & typeof common>({
    meta: { name, description, ...(definition.hidden ? { hidden: true } : {}) },
    args: { ...definition.args, ...common },
    run: async ({ args, rawArgs, data }) => {
      const { host, tell, program, speaker }: Invocation = data
      const code = await definition.run({
        args,
        rest: rest ? afterDashes(rawArgs) : [],
        every: (option) => everyValue(option, beforeDashes(rawArgs)),
        host,
        program,
        out: new Output(host, args.json === true, tell),
        connect: async () => (speaker ? speaker.connect(host, args) : (await import('./account')).connect(host.env)),
      })
      return code ?? Exit.ok
    },
  })
  const { exits } = definition
  return Object.assign(made, { examples, notes, rest, repeated, speaks: !offline, ...(exits ? { exits } : {}) })
}

/** A command with the options that every command has that talks to the server. */
export async function withCommon(found: CliCommand, args: ArgsDef | undefined): Promise<CliCommand> {
  if (!args || !found.speaks) return found
  const own: ArgsDef = await resolve(found.args ?? {})
  return { ...found, args: { ...own, ...args } }
}

export interface GroupDefinition {
  name: string
  description: string
  examples: string[]
  /** The command that runs when none is named. */
  default?: string
  subCommands: SubCommandsDef
}

/** A command that only has others under it. */
export const group = (definition: GroupDefinition): CliCommand => ({
  meta: { name: definition.name, description: definition.description },
  subCommands: definition.subCommands,
  examples: definition.examples,
  ...(definition.default === undefined ? {} : { default: definition.default }),
})

const afterDashes = (words: string[]): string[] => {
  const at = words.indexOf('--')
  return at < 0 ? [] : words.slice(at + 1)
}

export const beforeDashes = (words: string[]): string[] =>
  words.includes('--') ? words.slice(0, words.indexOf('--')) : words

function everyValue(name: string, words: string[]): string[] {
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
  const options: Options = {}
  const wanted: { name: string; required: boolean }[] = []
  for (const [name, def] of Object.entries(args)) {
    if (def.type === 'positional') {
      wanted.push({ name: name.toUpperCase(), required: def.required !== false && def.default === undefined })
      continue
    }
    const aliases = aliasesOf(def)
    const short = aliases.find((alias) => alias.length === 1)
    const type = typeOf(def)
    options[name] = short === undefined ? { type } : { type, short }
    for (const alias of aliases) if (alias.length > 1) options[alias] = { type }
  }
  const given = strict(words, options)
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
