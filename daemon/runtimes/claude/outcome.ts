import type { TokenUsage, TurnEnd } from '../events'
import { type Failure, failureFrom, type FailureReason } from '../failure'
import type { LineOf } from './lines'

/** The `error` words of a failed assistant line, where they say more than the HTTP status. */
const ERRORS: Record<string, FailureReason> = {
  authentication_failed: 'runtime_login_required',
  billing_error: 'quota_exhausted',
  model_not_found: 'model_unavailable',
  overloaded: 'model_unavailable',
  server_error: 'model_unavailable',
}

export interface Outcome {
  reason: TurnEnd
  failure?: Failure
}

/** How a turn ended. `subtype` is "success" even for API errors: `terminal_reason` and `is_error` decide. */
export function outcome(result: LineOf<'result'>, apiError: string | undefined, resetsAt: number | undefined): Outcome {
  const why = result.terminal_reason ?? ''
  const said = result.result ?? result.errors?.join('; ') ?? 'Claude Code gave no reason.'
  if (why.startsWith('aborted')) return { reason: 'interrupted' }
  if (result.subtype === 'error_max_turns' || result.subtype === 'error_max_budget_usd')
    return { reason: 'limit', failure: { reason: 'turn_limit', message: said } }
  if (result.stop_reason === 'refusal')
    return { reason: 'refused', failure: { reason: 'model_refused', message: said } }
  if (!result.is_error) return { reason: 'completed' }
  const known = apiError ? ERRORS[apiError] : undefined
  const failure = failureFrom({ message: said, status: result.api_error_status, resetsAt })
  // "You've hit your limit" of a subscription comes as rate_limit without an HTTP status.
  if (apiError === 'rate_limit' && !result.api_error_status)
    return { reason: 'failed', failure: { ...failure, reason: 'quota_exhausted', ...(resetsAt ? { resetsAt } : {}) } }
  return { reason: 'failed', failure: known ? { ...failure, reason: known } : failure }
}

/** Usage since the last result: the totals run on across turns and resumes, and restart after a SIGKILL. */
export function usageOf(
  result: LineOf<'result'>,
): { usage: TokenUsage; costUsd: number; contextSize: number | undefined } | undefined {
  const models = Object.values(result.model_usage_since_last_result ?? {})
  if (models.length === 0) return undefined
  const usage = { input: 0, cacheRead: 0, cacheWrite: 0, output: 0, reasoning: 0 }
  let costUsd = 0
  for (const model of models) {
    usage.input += model.inputTokens
    usage.cacheRead += model.cacheReadInputTokens
    usage.cacheWrite += model.cacheCreationInputTokens
    usage.output += model.outputTokens
    usage.reasoning += model.thinkingTokens
    costUsd += model.costUSD
  }
  return { usage, costUsd, contextSize: models[0]?.contextWindow }
}
