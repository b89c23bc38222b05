import { type ArgDef, type ArgsDef, type CommandDef, renderUsage } from 'citty'
import type { CliCommand } from './command'
import type { Exits } from './exit'
import { resolve } from './resolve'
import type { Tell } from './tell'
import { aliasesOf } from './words'

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
  const own: ArgsDef = await resolve(command.args ?? {})
  const args = Object.entries(own).map(([name, def]) => [name, withAliases(def)])
  const usage = await renderUsage({ ...command, args: Object.fromEntries(args) }, path === '' ? undefined : parent)
  const codes = exits.codes.map(([code, text]) => `${String(code).padStart(3)}  ${text}`)
  const parts = [
    usage,
    ...(command.examples?.length ? [section('EXAMPLES', command.examples)] : []),
    ...(command.notes ?? []).map((note) => Bun.wrapAnsi(note, WIDTH)),
    section('EXIT CODES', codes),
  ]
  const text = tell(parts.map((part) => part.trimEnd()).join('\n\n')).replace(/ +$/gm, '')
  return `${colour ? text : Bun.stripANSI(text)}\n`
}

/** citty shows every alias with one dash: the long ones are told in words. */
function withAliases(def: ArgDef): ArgDef {
  const long = aliasesOf(def).filter((alias) => alias.length > 1)
  if (long.length === 0 || def.type === 'positional') return def
  const alias = aliasesOf(def).filter((one) => one.length === 1)
  return { ...def, alias, description: `${def.description ?? ''} (or ${long.map((one) => `--${one}`).join(', ')})` }
}

const section = (title: string, lines: readonly string[]): string =>
  [title, '', ...lines.map((line) => `  ${line}`)].join('\n')
