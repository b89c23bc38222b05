import { NekodeError, errorText } from '@shared/errors'
import { readFileSync } from 'node:fs'
import { z } from 'zod'
import { SETTINGS } from './settings'

const Values = z.record(z.string(), z.union([z.string(), z.number(), z.boolean()]))

/** The configuration file: one JSON object of the settings by their keys. Throws `config_invalid` that names file and key. */
export function readConfigFile(path: string): Record<string, string> {
  let json: unknown
  try {
    json = JSON.parse(readFileSync(path, 'utf8'))
  } catch (cause) {
    const what = cause instanceof SyntaxError ? 'is not JSON' : 'cannot be read'
    throw invalid(`The configuration file ${path} ${what}: ${errorText(cause)}`, path, cause)
  }
  const parsed = Values.safeParse(json)
  if (!parsed.success) {
    const key = parsed.error.issues[0]?.path[0]
    throw key === undefined
      ? invalid(`The configuration file ${path} must hold one JSON object.`, path)
      : invalid(`The key ${String(key)} of ${path} must be a text, a number, true or false.`, path)
  }
  const unknown = Object.keys(parsed.data).find((key) => !(key in SETTINGS))
  if (unknown !== undefined)
    throw invalid(`The key ${unknown} of ${path} is not known. Known keys: ${Object.keys(SETTINGS).join(', ')}.`, path)
  return Object.fromEntries(Object.entries(parsed.data).map(([key, value]) => [key, String(value)]))
}

const invalid = (message: string, path: string, cause?: unknown): NekodeError =>
  new NekodeError('invalid', message, { code: 'config_invalid', next: `Correct ${path}.`, cause })
