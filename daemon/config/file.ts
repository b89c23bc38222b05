import {
  chmodSync,
  closeSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { dirname, join } from 'node:path'
import { errorText, NekodeError } from '@shared/errors'
import { z } from 'zod'

const JsonObject = z.record(z.string(), z.unknown())

/**
 * The JSON object in a file; undefined when there is no such file.
 * @throws NekodeError precondition `config_invalid` that names the file
 */
export function readJsonObject(path: string): Record<string, unknown> | undefined {
  const text = readText(path)
  if (text === undefined) return undefined
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch (cause) {
    throw invalid(path, `is not JSON: ${errorText(cause)}`, cause)
  }
  const object = JsonObject.safeParse(value)
  if (!object.success || Array.isArray(value)) throw invalid(path, 'must hold one JSON object')
  return object.data
}

const Missing = z.looseObject({ code: z.literal('ENOENT') })

function readText(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8')
  } catch (cause) {
    if (Missing.safeParse(cause).success) return undefined
    throw invalid(path, `cannot be read: ${errorText(cause)}`, cause)
  }
}

function invalid(path: string, what: string, cause?: unknown): NekodeError {
  return new NekodeError('precondition', `The file ${path} ${what}.`, {
    code: 'config_invalid',
    next: `Correct ${path}, or move it away and enroll this computer again.`,
    cause,
  })
}

/**
 * Writes a file that only this user may use, whole or not at all: a reader sees the old text or the new one, also after
 * a power loss. Missing folders are made, 0700.
 */
export function writePrivate(path: string, text: string, mode: 0o600 | 0o700 = 0o600): void {
  const folder = dirname(path)
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  const temporary = join(folder, `.${crypto.randomUUID()}.tmp`)
  const file = openSync(temporary, 'wx', mode)
  try {
    try {
      // All of it, or an error: a single write on a disk that is nearly full may take a part of a text and say nothing.
      writeFileSync(file, text)
      fsyncSync(file)
    } finally {
      closeSync(file)
    }
    // The mode above is cut by the umask; this one is not.
    chmodSync(temporary, mode)
    renameSync(temporary, path)
  } catch (error) {
    rmSync(temporary, { force: true })
    throw error
  }
}
