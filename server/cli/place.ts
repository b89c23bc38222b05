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
