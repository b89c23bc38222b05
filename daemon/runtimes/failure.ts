/** Why a turn, a start or a process failed. A closed list: each reason has one sentence and one next step in the product. */
export const FAILURE_REASONS = [
  'runtime_missing',
  'runtime_login_required',
  'quota_exhausted',
  'rate_limited',
  'context_overflow',
  'permission_denied',
  'model_unavailable',
  'model_refused',
  'turn_limit',
  'session_lost',
  'killed',
  'crashed',
  'timeout',
  'output_limit',
  'invalid_output',
  'workspace_unavailable',
  'lease_expired',
  'internal',
] as const

export type FailureReason = (typeof FAILURE_REASONS)[number]

export interface Failure {
  reason: FailureReason
  /** What the runtime said, without secrets, for a person to read. */
  message: string
  /** Unix milliseconds at which a quota or rate limit resets, when the runtime or its endpoint says so. */
  resetsAt?: number
}
