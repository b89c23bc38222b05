import { redact, redactText } from './redact'

export const LOG_LEVELS = ['debug', 'info', 'warn', 'error'] as const
export type LogLevel = (typeof LOG_LEVELS)[number]
export const LOG_FORMATS = ['text', 'json'] as const
export type LogFormat = (typeof LOG_FORMATS)[number]

export type LogFields = Record<string, unknown>

/** Credentials are taken out of messages and fields before anything is written. */
export interface Logger {
  debug(message: string, fields?: LogFields): void
  info(message: string, fields?: LogFields): void
  warn(message: string, fields?: LogFields): void
  error(message: string, fields?: LogFields): void
  /** The same log with these fields on every line. */
  child(fields: LogFields): Logger
}

export interface LogOptions {
  /** Default `info`. */
  level?: LogLevel
  /** `text` for people, `json` for log collectors: one object a line. Default `text`. */
  format?: LogFormat
  /** Default: standard error. */
  write?: (line: string) => void
  now?: () => Date
}

export function createLogger(options: LogOptions = {}, fields: LogFields = {}): Logger {
  const least = LOG_LEVELS.indexOf(options.level ?? 'info')
  const write = options.write ?? ((line: string) => void process.stderr.write(`${line}\n`))
  const now = options.now ?? (() => new Date())
  const render = options.format === 'json' ? renderJson : renderText
  const log = (level: LogLevel) => (message: string, more?: LogFields) => {
    if (LOG_LEVELS.indexOf(level) < least) return
    write(render(now(), level, redactText(message), { ...fields, ...more }))
  }
  return {
    debug: log('debug'),
    info: log('info'),
    warn: log('warn'),
    error: log('error'),
    child: (more) => createLogger(options, { ...fields, ...more }),
  }
}

function renderJson(time: Date, level: LogLevel, message: string, fields: LogFields): string {
  return JSON.stringify({ time: time.toISOString(), level, message, ...clean(fields) })
}

function renderText(time: Date, level: LogLevel, message: string, fields: LogFields): string {
  const rest = Object.entries(clean(fields)).map(([name, value]) => ` ${name}=${plain(value)}`)
  return `${time.toISOString()} ${level.toUpperCase().padEnd(5)} ${message}${rest.join('')}`
}

const clean = (fields: LogFields): LogFields =>
  Object.fromEntries(Object.entries(Object(redact(fields))).filter(([, value]) => value !== undefined))

function plain(value: unknown): string {
  if (typeof value === 'string') return /^[^\s"=]+$/.test(value) ? value : JSON.stringify(value)
  return JSON.stringify(value) ?? String(value)
}
