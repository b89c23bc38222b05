import { NekodeError, errorText } from '@shared/errors'
import { usage } from './exit'
import type { Host } from './host'

/** Asks on the terminal. Throws `usage` with what to do instead when there is nobody to ask. */
export async function ask(host: Host, question: string, instead: string): Promise<string> {
  return prompt(host, question, instead, false)
}

/** Asks for a secret: nothing of it is shown. */
export async function askSecret(host: Host, question: string, instead: string): Promise<string> {
  return prompt(host, question, instead, true)
}

/** Asks for a new password twice. */
export const askNewPassword = (host: Host, instead: string): Promise<string> =>
  askNewSecret(host, { question: 'Password (at least 10 characters): ', many: 'passwords', instead })

/** Asks for a new secret twice. */
export async function askNewSecret(
  host: Host,
  { question, many, instead }: { question: string; many: string; instead: string },
): Promise<string> {
  const secret = await askSecret(host, question, instead)
  if ((await askSecret(host, 'The same again: ', instead)) !== secret)
    throw new NekodeError('invalid', `The two ${many} differ.`, { code: 'password_mismatch' })
  return secret
}

async function prompt(host: Host, question: string, instead: string, hidden: boolean): Promise<string> {
  if (!host.tty.in || !host.tty.err) throw usage('There is no terminal to ask on.', instead)
  return host.ask(question, hidden)
}

/** The lines of standard input without their ends; a secret is one of them. */
export async function inputLines(host: Host): Promise<string[]> {
  const lines = (await host.readInput()).split(/\r?\n/)
  if (lines.at(-1) === '') lines.pop()
  return lines
}

/** Asks before something that cannot be undone, unless `--yes` was given. */
export async function confirm(host: Host, yes: boolean | undefined, what: string): Promise<void> {
  if (yes) return
  const answer = await ask(host, `${what} Type “yes” to go on: `, 'Add --yes to do it without asking.')
  if (answer.trim().toLowerCase() !== 'yes')
    throw new NekodeError('invalid', 'Nothing was changed.', { code: 'canceled' })
}

/**
 * A text as a command takes one: an argument, “-” for standard input, or a file. Throws `usage` when there is none, or two.
 * @param what `message`, for what is said then
 */
export async function givenText(
  host: Host,
  what: string,
  { text, file }: { text?: string | undefined; file?: string | undefined },
): Promise<string> {
  if (text !== undefined && file !== undefined) throw usage(`Give the ${what} as text or with --file, not both.`)
  if (file !== undefined) return readText(file)
  if (text === undefined)
    throw usage(`There is no ${what}.`, 'Write it as the last argument, or “-” to read standard input, or use --file.')
  return text === '-' ? host.readInput() : text
}

async function readText(path: string): Promise<string> {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(await Bun.file(path).bytes())
  } catch (cause) {
    const why = cause instanceof TypeError ? 'it is not UTF-8 text' : errorText(cause)
    throw new NekodeError('invalid', `The file ${path} cannot be sent: ${why}.`, { code: 'file_unreadable', cause })
  }
}
