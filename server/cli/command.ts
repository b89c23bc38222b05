import { parseArgs } from 'node:util'
import { type ArgsDef, type ParsedArgs, type SubCommandsDef, defineCommand } from 'citty'
import { type Connection, connect } from './account'
import { Exit, type ExitCode, usage } from './exit'
import { type Host, processHost } from './host'
import { Output } from './output'

const common = {
  json: { type: 'boolean', description: 'Print JSON, and errors as JSON on standard error' },
} as const satisfies ArgsDef

export interface Context<A extends ArgsDef> {
  args: ParsedArgs<A>
  /** What follows `--`. */
  rest: string[]
  host: Host
  out: Output
  /** The server, as the logged-in user. Throws when nobody is logged in. */
  connect: () => Promise<Connection>
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
  run: (context: Context<A & typeof common>) => Promise<ExitCode | void>
}

/** A citty command of any arguments, with what its help text shows besides. */
export type CliCommand = Awaited<Exclude<SubCommandsDef[string], (() => unknown) | Promise<unknown>>> & {
  examples?: string[]
  notes?: string[]
  rest?: boolean
  /** Exit codes that are not those of the other commands. */
  exitCodes?: readonly (readonly [number, string])[]
}

/** A command of the terminal client: `--json`, options held strictly to what is declared, an exit code as its result. */
export function command<const A extends ArgsDef>(definition: Definition<A>): CliCommand {
  const { name, description, examples, notes = [], rest = false } = definition
  const made = defineCommand<A & typeof common>({
    meta: { name, description },
    args: { ...definition.args, ...common },
    run: async ({ args, rawArgs, data }) => {
      const host: Host = data ?? processHost()
      const code = await definition.run({
        args,
        rest: rest ? afterDashes(rawArgs) : [],
        host,
        out: new Output(host, args.json === true),
        connect: () => connect(host.env),
      })
      return code ?? Exit.ok
    },
  })
  return Object.assign(made, { examples, notes, rest })
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

const afterDashes = (rawArgs: string[]): string[] => {
  const at = rawArgs.indexOf('--')
  return at < 0 ? [] : rawArgs.slice(at + 1)
}

/**
 * Holds a command line to what a command declares; citty itself lets unknown options and extra words pass.
 * Throws `usage`.
 */
export function checkArguments(args: ArgsDef, rawArgs: string[], rest: boolean): void {
  const words = rest && rawArgs.includes('--') ? rawArgs.slice(0, rawArgs.indexOf('--')) : rawArgs
  const options: Record<string, { type: 'boolean' | 'string'; short?: string }> = {}
  const wanted: { name: string; required: boolean }[] = []
  for (const [name, def] of Object.entries(args)) {
    if (def.type === 'positional') {
      wanted.push({ name: name.toUpperCase(), required: def.required !== false && def.default === undefined })
      continue
    }
    const short = [('alias' in def && def.alias) || []].flat().find((alias) => alias.length === 1)
    const type = def.type === 'string' || def.type === 'enum' ? 'string' : 'boolean'
    options[name] = short === undefined ? { type } : { type, short }
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
    if (def.type !== 'positional' && def.required && value === undefined) throw usage(`--${name} is missing.`)
  }
}

function strict(words: string[], options: Record<string, { type: 'boolean' | 'string'; short?: string }>) {
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
