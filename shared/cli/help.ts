import { type CommandDef, renderUsage } from 'citty'
import type { CliCommand } from './command'
import type { Exits } from './exit'
import type { Tell } from './tell'

/** Longest line of a paragraph, in columns. */
const WIDTH = 100

export interface HelpOptions {
  colour: boolean
  exits: Exits
  tell: Tell
}

/**
 * The help text of a command: usage, options, examples, exit codes.
 * @param path the words before the command's own name, such as `nekode channels`
 */
export async function help(command: CliCommand, path: string, { colour, exits, tell }: HelpOptions): Promise<string> {
  const parent: CommandDef = { meta: { name: path } }
  const usage = await renderUsage(command, path === '' ? undefined : parent)
  const codes = exits.codes.map(([code, text]) => `${String(code).padStart(3)}  ${text}`)
  const parts = [
    // Two dashes before a name of several letters, whatever citty makes of an alias.
    usage.replace(/(?<=\u001b\[\d+m|[\s,])-(?=[a-z]{2})/g, '--'),
    ...(command.examples?.length ? [section('EXAMPLES', command.examples)] : []),
    ...(command.notes ?? []).map((note) => Bun.wrapAnsi(note, WIDTH)),
    section('EXIT CODES', codes),
  ]
  const text = tell(parts.map((part) => part.trimEnd()).join('\n\n')).replace(/ +$/gm, '')
  return `${colour ? text : Bun.stripANSI(text)}\n`
}

const section = (title: string, lines: readonly string[]): string =>
  [title, '', ...lines.map((line) => `  ${line}`)].join('\n')
