import { NekodeError } from '@shared/errors'
import { parseDotenv } from './dotenv'
import { checkValue, secretName } from './names'

/** Longest `.env` file, in bytes. */
export const MAX_FILE = 4 * 1024 * 1024
const MAX_ENTRIES = 1000

export interface ImportPlan {
  /** In the order of the file; of a name that is there twice the last. */
  entries: { name: string; value: string }[]
  /** What cannot be taken, and why. */
  skipped: { name?: string; line: number; why: string }[]
}

/** What of an `.env` file can be kept as secrets. @throws NekodeError too_large */
export function planImport(text: string): ImportPlan {
  const { assignments, unread } = parseDotenv(text)
  const skipped: ImportPlan['skipped'] = [...unread]
  const entries = new Map<string, string>()
  for (const { name, value, line } of assignments) {
    const why = problemOf(name, value)
    if (why === undefined) entries.set(name, value)
    else skipped.push({ name, line, why })
  }
  if (entries.size > MAX_ENTRIES)
    throw new NekodeError(
      'too_large',
      `The file has ${entries.size} variables; ${MAX_ENTRIES} can be taken at a time.`,
      {
        next: 'Divide it into several files.',
      },
    )
  return {
    entries: [...entries].map(([name, value]) => ({ name, value })),
    skipped: skipped.toSorted((a, b) => a.line - b.line),
  }
}

function problemOf(name: string, value: string): string | undefined {
  if (value === '') return 'it has no value'
  try {
    checkValue(secretName(name), value)
    return undefined
  } catch (error) {
    if (error instanceof NekodeError) return error.message.replace(/\.$/, '')
    throw error
  }
}
