import { type Failure, type FailureReason, failures } from '@shared/contract/failures'
import { errorText, NekodeError } from '@shared/errors'

export type { Failure, FailureReason } from '@shared/contract/failures'

/** What a driver throws: an error that already knows its reason. */
export class RuntimeFailure extends NekodeError {
  readonly failure: Failure

  constructor(reason: FailureReason, message: string, options: { cause?: unknown; resetsAt?: number } = {}) {
    const kind = reason === 'internal' ? 'internal' : 'unavailable'
    super(kind, message, { code: reason, next: failures[reason].next, cause: options.cause })
    this.failure = { reason, message, ...(options.resetsAt === undefined ? {} : { resetsAt: options.resetsAt }) }
  }
}

/** Runtimes word their errors freely; these phrases were seen from the CLIs and APIs themselves. First match wins. */
const PHRASES: readonly [FailureReason, RegExp][] = [
  ['context_overflow', /prompt is too long|context.?(length|window|size)|maximum context|too many (input )?tokens/i],
  [
    'quota_exhausted',
    /usage.?limit|insufficient.?quota|exceeded your (current )?quota|credit balance|billing|out of credits/i,
  ],
  ['rate_limited', /rate.?limit|too many requests/i],
  [
    'session_lost',
    /no conversation found|(session|thread|conversation|rollout)\b.*\b(not found|unknown|does not exist)/i,
  ],
  ['session_lost', /no (rollout|previous sessions?|saved session)\b|unknown (session|thread)/i],
  // Codex keeps a thread with the provider it was begun with.
  ['session_lost', /model provider\b.*\b(no longer configured|on resume)/i],
  [
    'runtime_login_required',
    /not logged in|\/login\b|log ?in (first|again|required)|unauthori[sz]ed|authenticat|(invalid|incorrect|missing|no) (x-)?api.?key|api key (not valid|is (missing|invalid|required))/i,
  ],
  ['model_unavailable', /model\b.*\b(not found|not exist|does not exist|not available|unavailable|not supported)/i],
  ['model_unavailable', /overloaded|high demand|service unavailable|bad gateway|internal server error/i],
  [
    'model_unavailable',
    /ECONNREFUSED|ENOTFOUND|ECONNRESET|unable to connect|connection (refused|error|reset)|fetch failed/i,
  ],
  ['timeout', /timed? ?out|ETIMEDOUT|no answer/i],
]

/** The reason that an error text names, or null when it names none. */
export function reasonFromText(text: string): FailureReason | null {
  return PHRASES.find(([, phrase]) => phrase.test(text))?.[0] ?? null
}

/** The reason behind an HTTP status of a model endpoint; the text decides where one status means several things. */
export function reasonFromStatus(status: number, text: string): FailureReason {
  const said = reasonFromText(text)
  if (status === 401 || status === 403) return 'runtime_login_required'
  if (status === 402) return 'quota_exhausted'
  if (status === 404) return 'model_unavailable'
  if (status === 408 || status === 504) return 'timeout'
  if (status === 413) return 'context_overflow'
  if (status === 429) return said === 'quota_exhausted' ? 'quota_exhausted' : 'rate_limited'
  if (status >= 500) return 'model_unavailable'
  return said ?? 'internal'
}

/**
 * A failure from what a runtime said about a failed model call.
 * @param resetsAt Unix milliseconds; kept only for a quota or a rate limit.
 */
export function failureFrom(input: {
  message: string
  status?: number | null | undefined
  resetsAt?: number | undefined
  fallback?: FailureReason
}): Failure {
  const reason = input.status
    ? reasonFromStatus(input.status, input.message)
    : (reasonFromText(input.message) ?? input.fallback ?? 'internal')
  const limited = reason === 'quota_exhausted' || reason === 'rate_limited'
  const resetsAt = limited ? (input.resetsAt ?? resetTime(input.message)) : undefined
  return { reason, message: input.message, ...(resetsAt === undefined ? {} : { resetsAt }) }
}

export interface ProcessEnd {
  code: number | null
  signal: string | null
  /** It wrote a line or an answer longer than allowed, and was stopped for that. */
  overflow?: boolean
  /** Much of what it wrote was not of its protocol, and it was stopped for that. */
  garbage?: boolean
  /** The limit of the computer that ended it, for people. */
  limit?: string
}

/** The failure behind a process that ended without being asked to. `lastWords`: the end of its standard error. */
export function failureFromExit(end: ProcessEnd, name: string, lastWords: string): Failure {
  const words = lastWords.trim()
  const because = words ? `: ${words}` : ''
  if (end.limit !== undefined) return { reason: 'resource_limit', message: `${name} was ended: ${end.limit}` }
  if (end.garbage) return { reason: 'invalid_output', message: `${name} does not speak its protocol and was stopped` }
  if (end.overflow) return { reason: 'output_limit', message: `${name} wrote more than is allowed and was stopped` }
  if (end.signal !== null) return { reason: 'crashed', message: `${name} was ended by ${end.signal}${because}` }
  if (end.code === 1 && /^bwrap: /m.test(words)) return { reason: 'sandbox_unavailable', message: words }
  if (end.code === 127) return { reason: 'runtime_missing', message: `${name} was not found${because}` }
  if (end.code === 126) return { reason: 'permission_denied', message: `${name} may not be executed${because}` }
  return failureFrom({ message: `${name} exited with ${end.code}${because}`, fallback: 'crashed' })
}

/** The failure inside anything that a driver or this folder throws. */
export function failureOf(error: unknown): Failure {
  if (error instanceof RuntimeFailure) return error.failure
  return failureFrom({ message: errorText(error) })
}

/** Unix milliseconds out of "…limit reached|1764230400" (Claude Code) or "try again in 2m 3.5s" (OpenAI), if it is there. */
export function resetTime(text: string, now = Date.now()): number | undefined {
  const epoch = /limit reached\|(\d{10})/i.exec(text)?.[1]
  if (epoch) return Number(epoch) * 1000
  const wait = /(?:try again|retry|resets?) (?:in|after) ((?:[\d.]+ ?(?:ms|[smhd])[a-z]* ?)+)/i.exec(text)?.[1]
  return wait ? now + durationMs(wait) : undefined
}

const UNIT_MS: Record<string, number> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 }

function durationMs(text: string): number {
  let sum = 0
  for (const [, count, unit] of text.matchAll(/([\d.]+) ?(ms|[smhd])/gi))
    sum += Number(count) * (UNIT_MS[unit ?? ''] ?? 0)
  return Math.round(sum)
}

/** Unix milliseconds from the headers of a 429: `retry-after` (seconds or a date) or the vendors' reset headers. */
export function resetFromHeaders(headers: Record<string, string>, now = Date.now()): number | undefined {
  const after = headers['retry-after']
  if (after && /^[\d.]+$/.test(after)) return now + Math.round(Number(after) * 1000)
  const stamp = after ?? headers['anthropic-ratelimit-unified-reset'] ?? headers['anthropic-ratelimit-requests-reset']
  if (stamp) {
    const at = /^\d{10}$/.test(stamp) ? Number(stamp) * 1000 : Date.parse(stamp)
    if (!Number.isNaN(at)) return at
  }
  const wait = headers['x-ratelimit-reset-requests']
  return wait ? now + durationMs(wait) : undefined
}
