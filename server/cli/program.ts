import { type CommandDef, type SubCommandsDef, runCommand } from 'citty'
import { type CliCommand, checkArguments } from './command'
import { Exit, type ExitCode, exitCode, usage } from './exit'
import { help } from './help'
import { type Host, processHost } from './host'
import { Output } from './output'
import { resolve } from './resolve'

export interface Program {
  name: string
  version: string
  description: string
  examples: string[]
  commands: SubCommandsDef
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
): Promise<ExitCode | undefined> {
  const out = new Output(host, argv.includes('--json'))
  try {
    if (argv.length === 1 && (argv[0] === '--version' || argv[0] === '-v')) {
      out.line(program.version)
      return Exit.ok
    }
    const { command, path, words, asked } = await find(program, argv)
    if (asked) {
      host[asked === 'help' ? 'out' : 'err'](await help(command, path, host.tty.out && !host.env.NO_COLOR))
      return asked === 'help' ? Exit.ok : Exit.usage
    }
    checkArguments(await resolve(command.args ?? {}), words, command.rest === true)
    const { result } = await runCommand(command, { rawArgs: words, data: host })
    return isExitCode(result) ? result : undefined
  } catch (error) {
    out.error(error)
    return exitCode(error)
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
    const ahead = words.includes('--') ? words.slice(0, words.indexOf('--')) : words
    const leaf = names.length === 0
    const word = words[0]
    if ((leaf || word?.startsWith('-')) && ahead.some((w) => w === '--help' || w === '-h'))
      return { command, path, words, asked: 'help' }
    if (leaf) return { command, path, words }
    const name = word === undefined || word.startsWith('-') ? await resolve(command.default) : word
    if (name === undefined) {
      if (word !== undefined) throw usage(`${word} is no option here.`, `Commands: ${names.join(', ')}.`)
      return { command, path, words, asked: 'command' }
    }
    const next = subCommands[name]
    path = [path, await nameOf(command)].filter(Boolean).join(' ')
    if (!next) throw usage(`There is no command “${path} ${name}”.`, `Commands: ${names.join(', ')}.`)
    command = await resolve(next)
    if (name === word) words = words.slice(1)
  }
}

const nameOf = async (command: CommandDef): Promise<string> => (await resolve(command.meta ?? {})).name ?? ''

const codes: readonly unknown[] = Object.values(Exit)
const isExitCode = (value: unknown): value is ExitCode => codes.includes(value)
