import type { LogFields, Logger, LogLevel } from '@shared/log'
import { LOG_LEVELS } from '@shared/log'
import { redact, redactText } from '@shared/redact'

export interface AgentLogOptions {
  /** Who speaks, as `neko.agent`. */
  logger: string
  level: LogLevel
  /** `text` is `[HH:MM:SS] logger LEVEL - message`, in local time; `json` is one object a line. */
  format: 'text' | 'json'
  /** On every line, when it is given. */
  runId?: string | undefined
  write: (line: string) => void
  now?: () => Date
}

const LEVELS: Record<LogLevel, string> = { debug: 'DEBUG', info: 'INFO', warn: 'WARNING', error: 'ERROR' }

/** The log of a vision agent, in the forms that tools around Neko agents read. Credentials are taken out of messages and fields. */
export function agentLog(options: AgentLogOptions, fields: LogFields = {}): Logger {
  const { level: least, format, runId, write, now = () => new Date() } = options
  const render = format === 'json' ? renderJson : renderText
  const own = runId === undefined ? fields : { run_id: runId, ...fields }
  const log = (level: LogLevel) => (message: string, more?: LogFields) => {
    if (LOG_LEVELS.indexOf(level) < LOG_LEVELS.indexOf(least)) return
    write(render(options.logger, now(), LEVELS[level], masked(redactText(message)), clean({ ...own, ...more })))
  }
  return {
    debug: log('debug'),
    info: log('info'),
    warn: log('warn'),
    error: log('error'),
    child: (more) => agentLog(options, { ...fields, ...more }),
  }
}

function renderJson(logger: string, time: Date, level: string, message: string, fields: LogFields): string {
  const { error, ...rest } = fields
  const exception = error === undefined ? {} : { exception: error }
  return JSON.stringify({ timestamp: time.toISOString(), level, logger, message, ...exception, ...rest })
}

function renderText(logger: string, time: Date, level: string, message: string, fields: LogFields): string {
  const clock = [time.getHours(), time.getMinutes(), time.getSeconds()]
    .map((part) => String(part).padStart(2, '0'))
    .join(':')
  const rest = Object.entries(fields).map(([name, value]) => ` ${name}=${plain(value)}`)
  return `[${clock}] ${logger.padEnd(12)} ${level.padEnd(7)} - ${message}${rest.join('')}`
}

/** The token in the address of a WebSocket has no looks of its own. */
const masked = (text: string): string => text.replace(/([?&](?:token|password)=)[^&\s"']+/gi, '$1***')

const clean = (fields: LogFields): LogFields =>
  Object.fromEntries(
    Object.entries(Object(redact(fields)))
      .filter(([, value]) => value !== undefined)
      .map(([name, value]) => [name, typeof value === 'string' ? masked(value) : value]),
  )

function plain(value: unknown): string {
  if (typeof value === 'string') return /^[^\s"=]+$/.test(value) ? value : JSON.stringify(value)
  return JSON.stringify(value) ?? String(value)
}
