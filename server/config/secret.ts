import { NekodeError, errorText } from '@shared/errors'
import { readFileSync } from 'node:fs'
import { GO_MYSQL } from './dsn'

/** An address is a line; whatever is larger is another file. */
const MAX_CHARACTERS = 4096

/**
 * Whether a database's address holds a password, however it is written: in a URL or among its options, as the Go server's
 * configurations have it, or as words.
 */
export function holdsPassword(dsn: string): boolean {
  if (/[?&\s](password|pwd)\s*=\s*[^&\s]/i.test(` ${dsn}`)) return true
  if (/^[a-z]+:\/\//i.test(dsn)) {
    const url = URL.parse(dsn)
    // One that is no URL may have been meant as one, with a password that should have been escaped.
    return url ? url.password !== '' : /:\/\/[^@]*:[^@]+@/.test(dsn)
  }
  return (GO_MYSQL.exec(dsn)?.[2] ?? '') !== ''
}

/** @throws NekodeError `config_invalid` when the flag holds a password */
export function refusePassword(flag: string | boolean | undefined): void {
  if (typeof flag !== 'string' || !holdsPassword(flag)) return
  throw new NekodeError(
    'invalid',
    'The address after --db-dsn holds a password. Other users of this machine can read command lines.',
    {
      code: 'config_invalid',
      next: 'Put the address into NEKODE_DB_DSN, or into a file that only the server can read and name that in --db-dsn-file. This password was seen already: change it.',
    },
  )
}

/**
 * The address of the database out of its setting, or out of the file that the other setting names.
 * @throws NekodeError `config_invalid`
 */
export function addressOf(dsn: string | undefined, file: string | undefined): string | undefined {
  if (file === undefined) return dsn
  if (dsn !== undefined) throw invalid('NEKODE_DB_DSN and NEKODE_DB_DSN_FILE are both set.', 'Leave out one of them.')
  let text: string
  try {
    text = readFileSync(file, 'utf8').trim()
  } catch (cause) {
    throw invalid(
      `The file ${file} of NEKODE_DB_DSN_FILE cannot be read: ${errorText(cause)}`,
      `Correct ${file}.`,
      cause,
    )
  }
  if (text === '' || text.length > MAX_CHARACTERS || /[\r\n]/.test(text))
    throw invalid(`The file ${file} of NEKODE_DB_DSN_FILE must hold one line, the address.`, `Correct ${file}.`)
  return text
}

const invalid = (message: string, next: string, cause?: unknown): NekodeError =>
  new NekodeError('invalid', message, { code: 'config_invalid', next, cause })
