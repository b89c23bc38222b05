import type { TokenUsage } from '../events'
import { type Failure, failureFrom, type FailureReason } from '../failure'
import type { Tokens, TurnError } from './messages'

const REASONS: Record<string, FailureReason> = {
  contextWindowExceeded: 'context_overflow',
  sessionBudgetExceeded: 'turn_limit',
  usageLimitExceeded: 'quota_exhausted',
  rateLimitExceeded: 'rate_limited',
  flexUnavailable: 'model_unavailable',
  serverOverloaded: 'model_unavailable',
  modelNotFound: 'model_unavailable',
  policyCapacityUnavailable: 'model_unavailable',
  internalServerError: 'model_unavailable',
  cyberPolicy: 'model_refused',
  misalignmentPolicyViolation: 'model_refused',
  inferenceHookDenied: 'model_refused',
  tooManyDenials: 'permission_denied',
  unauthorized: 'runtime_login_required',
  // A connection that failed without an HTTP status: nobody answered at the endpoint.
  httpConnectionFailed: 'model_unavailable',
  responseStreamConnectionFailed: 'model_unavailable',
  responseStreamDisconnected: 'model_unavailable',
  responseTooManyFailedAttempts: 'model_unavailable',
}

/** The HTTP status inside an error, when the endpoint gave one. */
export function statusOf({ codexErrorInfo: info }: TurnError): number | null {
  if (!info || typeof info === 'string') return null
  return Object.values(info).find((detail) => detail?.httpStatusCode)?.httpStatusCode ?? null
}

export function failureOfTurn(error: TurnError | null | undefined, resetsAt: number | undefined): Failure {
  if (!error) return { reason: 'internal', message: 'Codex ended the turn without a reason.' }
  const status = statusOf(error)
  const failure = failureFrom({ message: error.message, status, resetsAt })
  const info = error.codexErrorInfo
  const word = typeof info === 'string' ? info : Object.keys(info ?? {})[0]
  const reason = status ? undefined : REASONS[word ?? '']
  if (!reason) return failure
  const limited = reason === 'quota_exhausted' || reason === 'rate_limited'
  const at = limited ? (failure.resetsAt ?? resetsAt) : undefined
  return { reason, message: error.message, ...(at === undefined ? {} : { resetsAt: at }) }
}

/** What was added since `before`, both running totals of the thread. */
export function usageSince(before: Tokens | undefined, { total, last }: { total: Tokens; last: Tokens }): TokenUsage {
  const since = (
    field: 'inputTokens' | 'cachedInputTokens' | 'cacheWriteInputTokens' | 'outputTokens' | 'reasoningOutputTokens',
  ) => (before ? Math.max(0, total[field] - before[field]) : last[field])
  const cacheRead = since('cachedInputTokens')
  return {
    input: Math.max(0, since('inputTokens') - cacheRead),
    cacheRead,
    cacheWrite: since('cacheWriteInputTokens'),
    output: since('outputTokens'),
    reasoning: since('reasoningOutputTokens'),
  }
}
