import type { Failure, FailureReason } from '@shared/contract'
import { t } from '../i18n'
import { clock, shortDate, dayOf } from '../i18n/dates'

/** Trying again cannot help: the model said no, or there is nobody left to ask. */
const final: ReadonlySet<FailureReason> = new Set(['model_refused', 'agent_removed'])
/** A guard stopped it, and a person may let it go on. */
const guards: ReadonlySet<FailureReason> = new Set(['guard_hops', 'guard_turns', 'guard_cost'])

/** What has to be put right on the agent's computer. */
const atComputer: ReadonlySet<FailureReason> = new Set([
  'runtime_missing',
  'runtime_login_required',
  'computer_offline',
  'workspace_unavailable',
  'secret_unavailable',
])

export const failedAtComputer = (reason: FailureReason): boolean => atComputer.has(reason)
export const isRetryable = (reason: FailureReason): boolean => !final.has(reason)
export const isGuard = (reason: FailureReason): boolean => guards.has(reason)

/** A failure in the reader's words: what happened, and what to do next. */
export function failureText(failure: Failure): { sentence: string; next: string; resets: string | undefined } {
  const at = failure.resetsAt
  const when = at === undefined ? undefined : dayOf(at) === dayOf(Date.now()) ? clock(at) : shortDate(at)
  return {
    sentence: t(`failure.${failure.reason}`),
    next: t(`failure.${failure.reason}.next`),
    resets: when && t('failure.resets', { when }),
  }
}
