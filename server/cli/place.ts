import { existsSync } from 'node:fs'
import { NekodeError } from '@shared/errors'

/** Where a server keeps its data: options of the commands that work on it without the server. */
export const place = {
  config: { type: 'string', valueHint: 'FILE', description: 'JSON file with the server’s settings (NEKODE_CONFIG)' },
  'data-dir': { type: 'string', valueHint: 'DIR', description: 'Data folder of the server (NEKODE_DATA_DIR)' },
  'db-type': { type: 'string', valueHint: 'TYPE', description: 'sqlite, postgres or mysql (NEKODE_DB_TYPE)' },
  'db-dsn': { type: 'string', valueHint: 'DSN', description: 'Database address or SQLite file (NEKODE_DB_DSN)' },
  'db-dsn-file': { type: 'string', valueHint: 'FILE', description: 'File that holds the address (NEKODE_DB_DSN_FILE)' },
} as const

type Place = Partial<Record<keyof typeof place, string | undefined>>

/** As flags of `loadConfig`. */
export const placeFlags = (args: Place): Place => ({
  config: args.config,
  'data-dir': args['data-dir'],
  'db-type': args['db-type'],
  'db-dsn': args['db-dsn'],
  'db-dsn-file': args['db-dsn-file'],
})

/** Throws when there is no server's database at a file: opening it would make an empty one. Databases elsewhere speak for themselves. */
export function requireData(dsn: string): void {
  const path = /^sqlite:(?:\/\/)?(.+)$/.exec(dsn)?.[1]
  if (path === undefined || existsSync(path)) return
  throw new NekodeError('not_found', `There is no server’s data here: ${path} does not exist.`, {
    next: 'Say where the server keeps its data with --data-dir DIR, or run this as the server’s user, with its settings.',
  })
}
