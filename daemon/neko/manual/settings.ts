import { appendFileSync, readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { errorText, NekodeError } from '@shared/errors'
import { createLogger, type Logger, type LogLevel } from '@shared/log'
import type { Size } from '../geometry'
import type { IcePolicy } from '../media/ice'
import { parseSize } from './room'

type Env = Record<string, string | undefined>

/** What the command line says; the environment stands in for what it leaves out. */
export interface ManualFlags {
  ws?: string | undefined
  'neko-url'?: string | undefined
  username?: string | undefined
  password?: string | undefined
  size?: string | undefined
}

export interface ManualSettings {
  connection: { ws: string } | { url: string; username: string; password: string | undefined }
  size: Size | undefined
  ice: IcePolicy
  log: { level: LogLevel; file: string | undefined }
  warnings: string[]
}

const LEVELS: Record<string, LogLevel> = {
  debug: 'debug',
  info: 'info',
  warning: 'warn',
  warn: 'warn',
  error: 'error',
  critical: 'error',
}

/**
 * Who connects where, and what is written down.
 * @param isInteractive a person is told what happens, so that the log has only errors for them
 * @throws NekodeError invalid `usage` that names what is missing or wrong
 */
export function manualSettings(flags: ManualFlags, env: Env, isInteractive = false): ManualSettings {
  const warnings: string[] = []
  const size = flags.size ?? env.NEKO_SIZE
  if (flags.password !== undefined)
    warnings.push(
      'Everybody on this computer can read --password in the list of processes: use NEKO_PASS or NEKO_PASS_FILE.',
    )
  if (flags.ws?.includes('token='))
    warnings.push('Everybody on this computer can read the token of --ws in the list of processes: use NEKO_WS.')
  const connection = connectionOf(flags, env)
  const file = env.NEKO_LOGFILE ? resolve(env.NEKO_LOGFILE) : undefined
  return {
    connection,
    size: size ? parseSize(size) : undefined,
    ice: iceOf(env),
    log: {
      level: levelOf(env.NEKO_LOGLEVEL, file !== undefined ? 'info' : isInteractive ? 'error' : 'warn', warnings),
      file,
    },
    warnings,
  }
}

function connectionOf(flags: ManualFlags, env: Env): ManualSettings['connection'] {
  const ws = flags.ws ?? env.NEKO_WS
  if (ws) return { ws }
  const url = flags['neko-url'] ?? env.NEKO_URL
  const username = flags.username ?? env.NEKO_USER
  const missing = [...(url ? [] : ['--neko-url (NEKO_URL)']), ...(username ? [] : ['--username (NEKO_USER)'])]
  if (url && username) return { url, username, password: flags.password ?? (env.NEKO_PASS || passwordFile(env)) }
  throw new NekodeError('invalid', `It is not said where to connect: ${missing.join(' and ')} missing.`, {
    code: 'usage',
    next: 'Give the server’s address with a name and a password, or a full WebSocket address with a token as NEKO_WS.',
  })
}

/** As the agent has it: the servers of the environment are asked with `all` only. */
function iceOf(env: Env): IcePolicy {
  const policy = env.NEKO_ICE_POLICY || 'strict'
  if (policy !== 'strict' && policy !== 'all') {
    throw new NekodeError('invalid', `NEKO_ICE_POLICY is strict or all, not “${policy}”.`, { code: 'usage' })
  }
  const { NEKO_TURN_URL: url, NEKO_TURN_USER: user = '', NEKO_TURN_PASS: pass = '' } = env
  return {
    policy,
    stun: env.NEKO_STUN_URL || 'stun:stun.l.google.com:19302',
    ...(url ? { turn: { url, user, pass } } : {}),
  }
}

function passwordFile({ NEKO_PASS_FILE: path }: Env): string | undefined {
  if (!path) return undefined
  try {
    return readFileSync(path, 'utf8').replace(/\r?\n$/, '')
  } catch (cause) {
    throw new NekodeError('invalid', `NEKO_PASS_FILE cannot be read: ${errorText(cause)}.`, { code: 'usage', cause })
  }
}

function levelOf(text: string | undefined, otherwise: LogLevel, warnings: string[]): LogLevel {
  if (!text) return otherwise
  const level = Object.hasOwn(LEVELS, text.toLowerCase()) ? LEVELS[text.toLowerCase()] : undefined
  if (level) return level
  warnings.push(`NEKO_LOGLEVEL is DEBUG, INFO, WARNING or ERROR, not “${text}”.`)
  return otherwise
}

/** The log, in its file (after what is there) or where `write` puts it. */
export function openLog({ level, file }: ManualSettings['log'], write: (line: string) => void): Logger {
  if (file === undefined) return createLogger({ level, write })
  const append = (line: string): void => appendFileSync(file, line === '' ? '' : `${line}\n`, { mode: 0o600 })
  try {
    append('')
  } catch (cause) {
    throw new NekodeError('invalid', `NEKO_LOGFILE cannot be written: ${errorText(cause)}.`, { code: 'usage', cause })
  }
  return createLogger({ level, write: append })
}
