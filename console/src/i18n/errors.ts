import { ApiError } from '../api/client'
import { t, type Key } from './index'

/** The reader's own words for errors that the console can meet; the rest is shown as the server says it. */
const known: Record<string, Extract<Key, `error.${string}`>> = {
  unreachable: 'error.unreachable',
  login_failed: 'error.loginFailed',
  throttled: 'error.throttled',
  setup_code_invalid: 'error.setupCode',
  already_initialized: 'error.initialized',
  setup_disabled: 'error.setupDisabled',
  name_taken: 'error.nameTaken',
  already_decided: 'error.alreadyDecided',
  illegal_transition: 'error.illegalTransition',
  admin_only: 'error.adminOnly',
  viewer: 'error.viewer',
  csrf: 'error.csrf',
}

/** What went wrong, in a sentence. */
export function errorText(error: unknown): string {
  if (!(error instanceof ApiError)) return t('error.unexpected')
  const key = known[error.code]
  return key ? t(key) : error.message
}

/** What the reader can do about it, when somebody knows. */
export function errorNext(error: unknown): string | undefined {
  if (!(error instanceof ApiError)) return undefined
  return error.code === 'unreachable' ? t('error.unreachableNext') : error.next
}

/** What the server holds against one field of a form. */
export const fieldError = (error: unknown, path: string): string | undefined =>
  error instanceof ApiError ? error.details?.find((detail) => detail.path === path)?.message : undefined
