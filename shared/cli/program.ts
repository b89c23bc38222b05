import { type ArgsDef, type CommandDef, runCommand } from 'citty'
import type { Connection } from './account'
import { type CliCommand, type Invocation, withCommon } from './command'
import { API_EXITS, Exit, type Exits, usage } from './exit'
import { help } from './help'
import { type Host, processHost } from './host'
import { Output } from './output'
import { resolve } from './resolve'
import { type Named, teller } from './tell'
import { beforeDashes, checkArguments, longFlags, placeWords } from './words'

export interface Program extends Named {
  version: string
  description: string
  examples: string[]
  /** Exit codes of what does not talk to the server. Default: the same as of what does. */
  exits?: Exits
  /** Whom commands that talk to the server speak as. Default: whoever is logged in. */
  speaker?: Speaker
  /** `-token x` is `--token x`, as Go's flags have it. */
  oneDash?: boolean
}

export interface Speaker {
  /** Options of every command that talks to the server. */
  args: ArgsDef
  /** @param args the values of the command's options. Throws when there is nobody to speak as. */
  connect: (host: Host, args: Record<string, unknown>) => Promise<Connection>
}

/**
 * Runs a command line: finds the command, holds its options to what it declares, and turns what it throws into a message
 * and an exit code.
 * @returns the exit code; undefined when the command itself set none, as a server that goes on running
 */
export async function runProgram(
  program: Program,
  argv: string[],
  host: Host = processHost(),
): Promise<number | undefined> {
  const tell = teller(program)
  const out = new Output(host, beforeDashes(argv).includes('--json'), tell)
  let exits = program.exits ?? API_EXITS
  try {
    if (argv.length === 1 && (argv[0] === '--version' || argv[0] === '-v')) {
      out.line(program.version)
      return Exit.ok
    }
    const { command: found, path, words: given, asked } = await find(program, argv)
    exits = found.exits ?? (found.speaks ? API_EXITS : exits)
    const command = await withCommon(found, program.speaker?.args)
    if (asked) {
      const text = await help(command, path, { colour: host.tty.out && !host.env.NO_COLOR, exits, tell })
      host[asked === 'help' ? 'out' : 'err'](text)
      return asked === 'help' ? Exit.ok : Exit.usage
    }
    const args = await resolve(command.args ?? {})
    const long = program.oneDash ? longFlags(given, args, command.repeated) : given
    const words = command.rest ? long : placeWords(long, args, command.instead ?? {})
    checkArguments(args, words, command.rest === true)
    const invocation: Invocation = { host, tell, speaker: program.speaker, program: program.name }
    const { result } = await runCommand(command, { rawArgs: words, data: invocation })
    return typeof result === 'number' ? result : undefined
  } catch (error) {
    out.error(error)
    return exits.of(error)
  }
}

interface Found {
  command: CliCommand
  /** The words before the command's own name. */
  path: string
  words: string[]
  /** Instead of running: help was asked for, or a command is missing. */
  asked?: 'help' | 'command'
}

async function find(program: Program, argv: string[]): Promise<Found> {
  let words = argv[0] === 'help' ? [...argv.slice(1), '--help'] : argv
  let path = ''
  let command: CliCommand = {
    meta: { name: program.name, description: program.description },
    subCommands: program.commands,
    examples: program.examples,
  }
  for (;;) {
    const subCommands = await resolve(command.subCommands ?? {})
    const names = Object.keys(subCommands)
    const leaf = names.length === 0
    const word = words[0]
    if ((leaf || word?.startsWith('-')) && beforeDashes(words).some((w) => w === '--help' || w === '-h'))
      return { command, path, words, asked: 'help' }
    if (leaf) return { command, path, words }
    const known = word !== undefined && Object.hasOwn(subCommands, word)
    const own = word === undefined || word.startsWith('-') || (command.open === true && !known)
    const name = own ? await resolve(command.default) : word
    if (name === undefined) {
      if (word !== undefined) throw usage(`${word} is no option here.`, `Commands: ${names.join(', ')}.`)
      return { command, path, words, asked: 'command' }
    }
    const next = Object.hasOwn(subCommands, name) ? subCommands[name] : undefined
    path = [path, await nameOf(command)].filter(Boolean).join(' ')
    if (!next) throw usage(`There is no command “${path} ${name}”.`, `Commands: ${names.join(', ')}.`)
    command = await resolve(next)
    if (!own) words = words.slice(1)
  }
}

const nameOf = async (command: CommandDef): Promise<string> => (await resolve(command.meta ?? {})).name ?? ''
