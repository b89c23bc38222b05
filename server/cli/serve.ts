import { NekodeError } from '@shared/errors'
import { createLogger } from '@shared/log'
import { version } from '@shared/version'
import type { ArgsDef } from 'citty'
import { createServer, type NekodeServer } from '../app'
import { type Config, loadConfig } from '../config/config'
import { SETTINGS, type Setting } from '../config/settings'
import { LocalDaemon } from '../local/daemon'
import type { CliCommand } from '@shared/cli/command'
import { processHost } from '@shared/cli/host'
import { Output } from '@shared/cli/output'

/** What the exit code of a server that does not start means; scripts and service managers rely on the numbers. */
const EXIT = { failed: 1, config: 2, port: 3, storage: 4 } as const

const settings: [string, Setting][] = Object.entries(SETTINGS)

const args: ArgsDef = {
  config: { type: 'string', valueHint: 'file', description: 'JSON file with settings (NEKODE_CONFIG)' },
  ...Object.fromEntries(
    settings.flatMap(([, { flag, hint, help, env }]) => {
      if (flag === undefined) return []
      const description = `${help} (${env})`
      return [
        [
          flag,
          hint === undefined
            ? { type: 'boolean' as const, description, negativeDescription: 'Switch that off' }
            : { type: 'string' as const, valueHint: hint, description },
        ],
      ]
    }),
  ),
}

export const serve: CliCommand = {
  meta: { name: 'serve', description: 'Run the server' },
  args,
  examples: [
    'nekode serve',
    'nekode serve --addr 127.0.0.1:8080 --data-dir /srv/nekode',
    'nekode serve --db-type postgres --db-dsn postgres://nekode@db.example/nekode --no-local-daemon',
  ],
  exits: {
    codes: [
      [EXIT.failed, 'failed'],
      [EXIT.config, 'wrong usage or configuration'],
      [EXIT.port, 'the address is in use'],
      [EXIT.storage, 'the storage cannot be used'],
    ],
    of: exitCodeOf,
  },
  notes: [
    `Only by environment or file: ${settings
      .filter(([, setting]) => setting.flag === undefined)
      .map(([, { env }]) => env)
      .join(', ')}.`,
    'A flag wins over the environment, which wins over the file. Keys of the file are the names of the variables without NEKODE_, in camel case: {"addr": ":8080", "dataDir": "/srv/nekode"}.',
  ],
  run: async ({ args: given }) => {
    const out = new Output(processHost(), false)
    const flags = Object.fromEntries(
      Object.keys(args).map((name) => [name, typeof given[name] === 'number' ? String(given[name]) : given[name]]),
    )
    await run(loadConfig({ flags: onlyScalars(flags) }), out)
  },
}

const onlyScalars = (flags: Record<string, unknown>): Record<string, string | boolean> =>
  Object.fromEntries(
    Object.entries(flags).filter(
      (entry): entry is [string, string | boolean] => typeof entry[1] === 'string' || typeof entry[1] === 'boolean',
    ),
  )

async function run(config: Config, out: Output): Promise<void> {
  const log = createLogger({ level: config.logLevel, format: config.logFormat })
  for (const warning of config.warnings) log.warn(warning)
  // The database holds what is nobody else's business, whatever the mode of its folder.
  process.umask(0o077)
  const server = await createServer(config, log)
  const { enrollments, computers } = server.services
  const daemon = new LocalDaemon({
    dataDir: config.dataDir,
    log,
    enrollments,
    computers,
    env: { ...process.env, NEKODE_LOG_LEVEL: config.logLevel, NEKODE_LOG_FORMAT: config.logFormat },
  })
  try {
    await server.start()
    if (config.localDaemon) await daemon.start(server.localUrl)
  } catch (error) {
    await server.stop()
    throw error
  }
  stopOnSignal(async () => {
    await daemon.stop()
    await server.stop()
  }, out)
  process.on('unhandledRejection', (error) => log.error('something failed that nobody waited for', { error }))
  announce(server, config, out)
}

function announce(server: NekodeServer, config: Config, out: Output): void {
  const url = config.baseUrl ?? `${config.tls ? 'https' : 'http'}://localhost:${server.port}`
  out.line(`Nekode ${version} runs at ${url}`)
  if (server.grpcPort !== undefined) out.line(`Native gRPC is served on port ${server.grpcPort}`)
  if (server.core.directory.users().length) return
  if (server.setupCode !== undefined) out.line(`Open it and set it up with this one-time code: ${server.setupCode}`)
  else out.line('Set it up with NEKODE_BOOTSTRAP_ADMIN_USERNAME and NEKODE_BOOTSTRAP_ADMIN_PASSWORD.')
}

/** Whoever runs the server may pass on a signal that it got as well. */
const SAME_SIGNAL_MS = 1000

/** The first signal lets requests finish, a later one does not. */
function stopOnSignal(end: () => Promise<void>, out: Output): void {
  let since: number | undefined
  const stop = (): void => {
    if (since !== undefined) {
      if (Date.now() - since > SAME_SIGNAL_MS) process.exit(EXIT.failed)
      return
    }
    since = Date.now()
    end().then(
      () => process.exit(0),
      (error: unknown) => {
        out.error(error)
        process.exit(EXIT.failed)
      },
    )
  }
  process.on('SIGINT', stop)
  process.on('SIGTERM', stop)
}

function exitCodeOf(error: unknown): number {
  if (!(error instanceof NekodeError)) return EXIT.failed
  if (error.code === 'config_invalid' || error.code === 'usage') return EXIT.config
  if (error.code === 'port_in_use') return EXIT.port
  return /^(storage|schema|migration)_/.test(error.code) ? EXIT.storage : EXIT.failed
}
