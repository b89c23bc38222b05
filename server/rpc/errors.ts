import { Code, ConnectError } from '@connectrpc/connect'
import type { ErrorKind, NekodeError } from '@shared/errors'
import type { Logger } from '@shared/log'
import { normalise } from '../http/errors'

/** Header of an error that holds its stable code, for programs: `idempotency_conflict`. */
export const ERROR_CODE_HEADER = 'nekode-error'

const codes: Record<ErrorKind, Code> = {
  invalid: Code.InvalidArgument,
  unauthenticated: Code.Unauthenticated,
  forbidden: Code.PermissionDenied,
  not_found: Code.NotFound,
  conflict: Code.AlreadyExists,
  gone: Code.OutOfRange,
  precondition: Code.FailedPrecondition,
  too_large: Code.ResourceExhausted,
  full: Code.ResourceExhausted,
  unsatisfiable: Code.OutOfRange,
  unsupported_media: Code.InvalidArgument,
  throttled: Code.ResourceExhausted,
  unimplemented: Code.Unimplemented,
  unavailable: Code.Unavailable,
  internal: Code.Internal,
}

/** Conflicts with the state of something, as opposed to something that is there already. */
const STATE_CONFLICTS = new Set([
  'offer_changed',
  'rounds_used_up',
  'negotiation_open',
  'already_promoted',
  'illegal_transition',
  'already_decided',
  'agent_disabled',
  'agent_removed',
  'stale',
  'not_holder',
  'dependencies_open',
  'cycle',
  'gate_closed',
  'already_released',
  'task_closed',
  'not_in_review',
])

const codeOf = (e: NekodeError): Code => (STATE_CONFLICTS.has(e.code) ? Code.FailedPrecondition : codes[e.kind])

/** The one place where errors become Connect errors. What nobody foresaw keeps its text in the log. */
export function toConnectError(error: unknown, method: string, log: Logger): ConnectError {
  // Made by the protocol itself: a message that cannot be read, a call that was canceled.
  if (error instanceof ConnectError) return error
  const e = normalise(error)
  if (e.kind === 'internal') log.error('rpc failed', { method, error: e.cause ?? e })
  const headers: Record<string, string> = { [ERROR_CODE_HEADER]: e.code }
  if (e.retryAfterSeconds !== undefined) headers['retry-after'] = String(e.retryAfterSeconds)
  return new ConnectError(e.next === undefined ? e.message : `${e.message} ${e.next}`, codeOf(e), headers)
}
