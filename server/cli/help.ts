import { type CommandDef, renderUsage } from 'citty'
import type { CliCommand } from './command'
import { EXIT_CODES } from './exit'

/** Longest line of a paragraph, in columns. */
const WIDTH = 100

/**
 * The help text of a command: usage, options, examples, exit codes.
 * @param path the words before the command's own name, such as `nekode channels`
 */
export async function help(command: CliCommand, path: string, colour: boolean): Promise<string> {
  const parent: CommandDef = { meta: { name: path } }
  const usage = await renderUsage(command, path === '' ? undefined : parent)
  const codes = (command.exitCodes ?? EXIT_CODES).map(([code, text]) => `${String(code).padStart(3)}  ${text}`)
  const parts = [
    usage,
    ...(command.examples ? [section('EXAMPLES', command.examples)] : []),
    ...(command.notes ?? []).map((note) => Bun.wrapAnsi(note, WIDTH)),
    section('EXIT CODES', codes),
  ]
  const text = parts
    .map((part) => part.trimEnd())
    .join('\n\n')
    .replace(/ +$/gm, '')
  return `${colour ? text : Bun.stripANSI(text)}\n`
}

const section = (title: string, lines: readonly string[]): string =>
  [title, '', ...lines.map((line) => `  ${line}`)].join('\n')
