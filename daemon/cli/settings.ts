import { resolve } from 'node:path'
import type { ArgsDef } from 'citty'
import { NekodeError } from '@shared/errors'
import { daemonHome } from '@shared/home'
import { createLogger, type Logger } from '@shared/log'
import { type Config, loadConfig } from '../config/config'
import { FIELDS, flagOf } from '../config/fields'
import { useProxies } from '../network/proxy'
import { LogFile } from '../config/logfile'

/** The option of every command that reads the configuration. */
export const configArg = {
  config: { type: 'string', valueHint: 'file', description: 'Configuration file ($NEKODE_HOME/daemon.json)' },
} as const satisfies ArgsDef

/** An option for each setting. */
export const settingArgs = (): ArgsDef => ({
  ...configArg,
  ...Object.fromEntries(
    FIELDS.map((field) => [
      flagOf(field),
      {
        type: 'string',
        description: field.help,
        valueHint: typeof field.kind === 'string' ? field.kind : field.kind.join('|'),
        ...(field.alias ? { alias: [...field.alias] } : {}),
      },
    ]),
  ),
})

/** The settings that the environment and the file add up to, and the options where a command has one for each. */
export function readConfig(
  args: Record<string, unknown>,
  repeated: Record<string, string[]> = {},
  env: Record<string, string | undefined> = process.env,
): Config {
  const flags: Record<string, string | string[]> = {}
  for (const name of ['config', ...FIELDS.map(flagOf)]) {
    const value = args[name]
    if (typeof value === 'string') flags[name] = value
  }
  for (const [name, values] of Object.entries(repeated)) if (values.length > 0) flags[name] = values
  const config = loadConfig({ flags, env })
  useProxies(config, process.env)
  return config
}

/** The same of the daemon that runs on this machine, also where a server runs it. */
export const readRunning = (args: Record<string, unknown>): Config =>
  readConfig(args, {}, { ...process.env, NEKODE_HOME: daemonHome() })

/** @throws NekodeError not_enrolled */
export function mustBeEnrolled({ token, path }: Config): void {
  if (token !== '') return
  throw new NekodeError('precondition', `This computer is not enrolled: there is no token in ${path}.`, {
    code: 'not_enrolled',
    next: 'In the console: Computers, Add computer. Run the command that it shows on this computer.',
  })
}

/**
 * The log of a daemon: in its file when it has one, else on standard error.
 * @throws NekodeError `log_unavailable`
 */
export function loggerOf({ logLevel, logFormat, logFile }: Config, isForeground = false): Logger {
  if (logFile === undefined || isForeground)
    return createLogger({ level: logLevel, format: logFormat ?? (process.stderr.isTTY ? 'text' : 'json') })
  const file = new LogFile({ path: resolve(logFile) })
  return createLogger({ level: logLevel, format: logFormat ?? 'text', write: (line) => file.write(line) })
}
