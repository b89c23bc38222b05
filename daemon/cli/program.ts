import { parseArgs } from 'node:util'
import { type ArgsDef, type CommandDef, renderUsage } from 'citty'
import { errorText, NekodeError } from '@shared/errors'
import { version } from '@shared/version'
import { EXIT_CODES, Exit, type ExitCode, exitCode, usage } from './exit'

/** Values of the flags of one call; a flag that may be repeated has all its values. */
export type Flags = Record<string, string | string[] | boolean | undefined>

export interface Command {
  name: string
  description: string
  args: ArgsDef
  /** Flags that may be given more than once. */
  repeated?: readonly string[]
  /** Lines for the help text, each a command that works as it stands. */
  examples: readonly string[]
  /** Not shown in the list of commands. */
  hidden?: boolean
  /** @returns the exit code; the process ends with it */
  run(flags: Flags): Promise<ExitCode>
}

export interface Program {
  name: string
  description: string
  /** The command that runs when none is named. */
  default: string
  commands: readonly Command[]
}

/** Runs a command line and turns what it throws into a message on standard error and an exit code. */
export async function runProgram(program: Program, argv: readonly string[]): Promise<ExitCode> {
  try {
    return await dispatch(program, argv)
  } catch (error) {
    const next = error instanceof NekodeError && error.next ? `\n${error.next}` : ''
    process.stderr.write(`nekode-daemon: ${errorText(error)}${next}\n`)
    return exitCode(error)
  }
}

async function dispatch(program: Program, argv: readonly string[]): Promise<ExitCode> {
  const [first, ...rest] = argv
  const find = (name: string | undefined) => program.commands.find((command) => command.name === name)
  const wantsHelp = (words: readonly string[]) => words.some((word) => word === '--help' || word === '-h')
  if (first === 'help' || first === '--help' || first === '-h') {
    const about = find(rest[0])
    process.stdout.write(about ? await commandHelp(program, about) : await programHelp(program))
    return Exit.ok
  }
  if (first === '--version' || first === '-v') {
    process.stdout.write(`${version}\n`)
    return Exit.ok
  }
  const command = find(first ?? program.default)
  if (!command) throw usage(`There is no command “${first}”.`)
  if (wantsHelp(rest)) {
    process.stdout.write(await commandHelp(program, command))
    return Exit.ok
  }
  return command.run(parseFlags(command, rest))
}

/** Holds a command line to the flags of the command. A single dash is accepted, as Go's flags had it. @throws usage */
export function parseFlags(
  { args, repeated = [], name }: Pick<Command, 'args' | 'repeated' | 'name'>,
  words: readonly string[],
): Flags {
  const options: Record<string, { type: 'string' | 'boolean'; multiple?: boolean }> = {}
  const main = new Map<string, string>()
  for (const [flag, def] of Object.entries(args)) {
    const aliases = 'alias' in def && def.alias ? [def.alias].flat() : []
    for (const spelled of [flag, ...aliases]) {
      options[spelled] = { type: def.type === 'boolean' ? 'boolean' : 'string', multiple: repeated.includes(flag) }
      main.set(spelled, flag)
    }
  }
  const normal = joinValues(words, (name) => options[name]?.type)
  try {
    const { values } = parseArgs({ args: normal, options, strict: true, allowPositionals: false })
    const flags: Flags = {}
    for (const [spelled, value] of Object.entries(values)) flags[main.get(spelled) ?? spelled] = copy(value)
    return flags
  } catch (error) {
    const [first = ''] = errorText(error).split(/\. |\n/)
    throw usage(`${first.replace(/\.$/, '')}.`, `See nekode-daemon ${name} --help.`)
  }
}

/** `-token x` and `--token x` as `--token=x`: a value may start with a dash, as Go's flags have it. */
function joinValues(words: readonly string[], typeOf: (flag: string) => 'string' | 'boolean' | undefined): string[] {
  const joined: string[] = []
  for (let at = 0; at < words.length; at++) {
    const word = words[at] ?? ''
    const [, name = '', rest = ''] = /^--?([a-z][a-z-]+)(=.*)?$/s.exec(word) ?? []
    const type = typeOf(name)
    const next = words[at + 1]
    if (type === undefined) joined.push(word)
    else if (type === 'boolean' || rest !== '' || next === undefined) joined.push(`--${name}${rest}`)
    else {
      joined.push(`--${name}=${next}`)
      at++
    }
  }
  return joined
}

const copy = (value: string | boolean | (string | boolean)[] | undefined): string | string[] | boolean | undefined =>
  Array.isArray(value) ? value.map(String) : value

/** The value of a text flag. */
export const flagText = (value: Flags[string]): string | undefined => (typeof value === 'string' ? value : undefined)

const cittyOf = ({ name, description, args, hidden }: Command): CommandDef => ({
  meta: { name, description, ...(hidden ? { hidden } : {}) },
  args,
})

async function programHelp(program: Program): Promise<string> {
  const text = await renderUsage({
    meta: { name: program.name, description: program.description, version },
    subCommands: Object.fromEntries(program.commands.map((command) => [command.name, cittyOf(command)])),
  })
  return finish(text, program.commands.find(({ name }) => name === program.default)?.examples ?? [])
}

const commandHelp = async (program: Program, command: Command): Promise<string> =>
  finish(await renderUsage(cittyOf(command), { meta: { name: program.name, version } }), command.examples)

function finish(text: string, examples: readonly string[]): string {
  const shown = ['EXAMPLES', '', ...examples.map((line) => `  ${line}`)]
  const codes = ['EXIT CODES', '', ...EXIT_CODES.map(([code, meaning]) => `  ${code}  ${meaning}`)]
  const all = [text.trimEnd(), shown.join('\n'), codes.join('\n')].join('\n\n')
  return `${process.stdout.isTTY && !process.env.NO_COLOR ? all : Bun.stripANSI(all)}\n`
}
