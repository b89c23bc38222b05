import { type ArgsDef, type ParsedArgs, type SubCommandsDef, defineCommand } from 'citty'
import type { Connection } from './account'
import { Exit, type Exits } from './exit'
import type { Host } from './host'
import { Output } from './output'
import type { Speaker } from './program'
import { resolve } from './resolve'
import type { Tell } from './tell'
import { afterDashes, beforeDashes, everyValue } from './words'

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
  /** Options that stand for a positional: `{ room: 'target' }` lets `--room X` be the TARGET. */
  instead?: Readonly<Record<string, keyof A & string>>
  /** Default: those of the API, and of the program for what works without. */
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
  instead?: Readonly<Record<string, string>>
  /** A word that is no command below it belongs to its default. */
  open?: boolean
  /** It talks to the server, as the one whom the program speaks for. */
  speaks?: boolean
  /** Exit codes that are not those of the other commands. */
  exits?: Exits
}

/** A command: `--json`, options held strictly to what is declared, an exit code as its result. */
export function command<const A extends ArgsDef>(definition: Definition<A>): CliCommand {
  const { name, description, examples, notes = [], rest = false, repeated = [], offline = false } = definition
  const { exits, instead = {} } = definition
  const made = defineCommand<A & typeof common>({
    meta: { name, description, ...(definition.hidden ? { hidden: true } : {}) },
    args: { ...definition.args, ...standIns(instead), ...common },
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
  return Object.assign(made, {
    examples,
    notes,
    rest,
    repeated,
    instead,
    speaks: !offline,
    ...(exits ? { exits } : {}),
  })
}

const standIns = (instead: Readonly<Record<string, string>>): ArgsDef =>
  Object.fromEntries(
    Object.entries(instead).map(([name, positional]) => {
      const valueHint = positional.toUpperCase()
      return [name, { type: 'string', valueHint, description: `${valueHint}, given as an option` }]
    }),
  )

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
  /** A word that is no command below it belongs to the default. */
  open?: boolean
  subCommands: SubCommandsDef
}

/** A command that only has others under it. */
export const group = (definition: GroupDefinition): CliCommand => ({
  meta: { name: definition.name, description: definition.description },
  subCommands: definition.subCommands,
  examples: definition.examples,
  ...(definition.default === undefined ? {} : { default: definition.default }),
  open: definition.open === true,
})
