import { ConnectError } from '@connectrpc/connect'
import { errorText } from '@shared/errors'
import { version } from '@shared/version'
import { FIELDS, flagOf } from '../config/fields'
import { pause } from '../control/backoff'
import { errorOf } from '../control/link'
import { checkOnce, startDaemon } from '../daemon'
import { detour } from '../upgrade/boot'
import { become } from '../upgrade/self'
import { command } from './command'
import { Exit, type ExitCode } from './exit'
import { SELF } from './self'
import { loggerOf, mustBeEnrolled, readConfig, settingArgs } from './settings'

/** How often a daemon that was started by a server looks whether that is still there. */
const PARENT_MS = 2000

const REPEATED = FIELDS.filter(({ kind }) => kind === 'words').map(flagOf)

export const run = command({
  name: 'run',
  description: 'Run the daemon until it is stopped (the default)',
  args: {
    ...settingArgs(),
    once: { type: 'boolean', description: 'Register, send one heartbeat, and end' },
    'dry-run': { type: 'boolean', description: 'Show what it would do, and do nothing of it' },
    foreground: { type: 'boolean', description: 'Log to standard error, whatever the settings say' },
  },
  repeated: REPEATED,
  examples: [
    'nekode-daemon run',
    'nekode-daemon run --dry-run',
    'nekode-daemon run --server-url https://nekode.example --log-format text',
  ],
  async run({ args, every, out }) {
    const config = readConfig(args, Object.fromEntries(REPEATED.map((name) => [name, every(name)])))
    const log = loggerOf(config, args.foreground || args['dry-run'])
    for (const warning of config.warnings) log.warn(warning)
    if (args.token !== undefined)
      log.warn('a token on the command line can be seen by everybody on this computer; put it into the file')
    mustBeEnrolled(config)
    if (args['dry-run']) return (await import('./dryrun')).dryRun(config, out)
    const other = args.once ? undefined : detour(config.paths, version)
    if (other !== undefined) {
      log.warn('this version was rolled back; the one before runs in its place', { version, program: other })
      become([other, ...process.argv.slice(2)], process.env)
      return Exit.ok
    }
    const options = { config, log, env: process.env, self: SELF }
    return args.once ? await once(options) : await forever(options)
  },
})

async function once(options: Parameters<typeof checkOnce>[0]): Promise<ExitCode> {
  try {
    await checkOnce(options)
    return Exit.ok
  } catch (error) {
    throw error instanceof ConnectError ? errorOf(error) : error
  }
}

async function forever(options: Parameters<typeof startDaemon>[0]): Promise<ExitCode> {
  const { log, env } = options
  // As it was given: what opens the vault of the secrets is taken out of it, and has to be there for the next one.
  const given = { ...env }
  log.info('nekode-daemon starts', { version, pid: process.pid, home: options.config.paths.home })
  const ended = Promise.withResolvers<string>()
  const restarting = new AbortController()
  const daemon = await startDaemon({
    ...options,
    shutdown: () => ended.resolve('asked to'),
    restart: () => {
      restarting.abort()
      ended.resolve('asked to restart')
    },
  })
  // Without a terminal a hang-up is somebody else's, and perhaps ignored on purpose (nohup).
  const signals = process.stdin.isTTY ? (['SIGINT', 'SIGTERM', 'SIGHUP'] as const) : (['SIGINT', 'SIGTERM'] as const)
  for (const signal of signals) process.on(signal, () => ended.resolve(signal))
  process.on('unhandledRejection', (error) =>
    daemon.log.error('a promise was rejected and nobody looked', { error: stackOf(error) }),
  )
  const watching = new AbortController()
  void watchParent(env.NEKODE_PARENT_PID, watching.signal).then((isGone) => isGone && ended.resolve('parent gone'))
  const why = await ended.promise
  watching.abort()
  log.info('nekode-daemon stops', { why })
  await daemon.stop()
  if (restarting.signal.aborted) become([...SELF, ...process.argv.slice(2)], given)
  return Exit.ok
}

const stackOf = (error: unknown): string => (error instanceof Error ? (error.stack ?? error.message) : errorText(error))

/** @returns true when the process that started this one is gone; false when there is none, or the watch was ended */
async function watchParent(given: string | undefined, signal: AbortSignal): Promise<boolean> {
  const pid = Number(given)
  if (!Number.isSafeInteger(pid) || pid <= 1) return false
  while (!signal.aborted) {
    await pause(PARENT_MS, signal)
    if (!signal.aborted && !isAlive(pid)) return true
  }
  return false
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    // EPERM: it is there, and somebody else's.
    return error instanceof Error && 'code' in error && error.code === 'EPERM'
  }
}
