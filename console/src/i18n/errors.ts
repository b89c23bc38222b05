import { ApiError } from '../api/client'
import { locale, t, type Key } from './index'

/** The reader's own words for errors that the console can meet. */
const known: Record<string, Extract<Key, `error.${string}`>> = {
  unreachable: 'error.unreachable',
  login_failed: 'error.loginFailed',
  throttled: 'error.throttled',
  rate_limited: 'error.tooFast',
  passwords_busy: 'error.tooFast',
  setup_code_invalid: 'error.setupCode',
  already_initialized: 'error.initialized',
  setup_disabled: 'error.setupDisabled',
  name_taken: 'error.nameTaken',
  already_decided: 'error.alreadyDecided',
  illegal_transition: 'error.illegalTransition',
  admin_only: 'error.adminOnly',
  agent_stop_denied: 'error.agentStop',
  agent_at_work_elsewhere: 'error.agentElsewhere',
  viewer: 'error.viewer',
  code_invalid: 'error.codeInvalid',
  second_factor_invalid: 'error.secondFactor',
  second_factor_on: 'error.secondFactorOn',
  owner_only: 'error.ownerOnly',
  last_owner: 'error.lastOwner',
  oidc_failed: 'error.oidc',
  oidc_denied: 'error.oidcDenied',
  oidc_domain: 'error.oidcDomain',
  oidc_no_role: 'error.oidcRole',
  oidc_not_provisioned: 'error.oidcAccount',
  oidc_removed: 'error.oidcRemoved',
  oidc_taken: 'error.oidcTaken',
  oidc_state: 'error.oidcState',
  oidc_unavailable: 'error.oidcUnavailable',
  csrf: 'error.csrf',
  login_required: 'error.loginRequired',
  token_invalid: 'error.loginRequired',
  session_only: 'error.sessionOnly',
  channel_archived: 'error.channelArchived',
  computer_offline: 'error.computerOffline',
  general_public: 'error.generalPublic',
  last_admin: 'error.lastAdmin',
  agent_left: 'error.agentLeft',
  storage_full: 'error.storageFull',
  unsupported_media: 'error.unsupportedMedia',
}

/** What a status stands for: the sentence before the server's own words, for readers of another language than the server's. */
const statuses: Record<number, Extract<Key, `error.${string}`>> = {
  400: 'error.status400',
  401: 'error.loginRequired',
  403: 'error.status403',
  404: 'error.status404',
  409: 'error.status409',
  410: 'error.status410',
  412: 'error.status409',
  413: 'error.status413',
  429: 'error.tooFast',
}

/** And for what to do about them; null where the sentence says that already. */
const nexts: Record<string, Extract<Key, `error.${string}`> | null> = {
  name_taken: null,
  code_invalid: 'error.codeInvalidNext',
  second_factor_invalid: 'error.secondFactorNext',
  last_owner: 'error.lastOwnerNext',
  oidc_failed: 'error.oidcNext',
  oidc_denied: null,
  oidc_domain: 'error.oidcDomainNext',
  oidc_no_role: 'error.oidcRoleNext',
  oidc_not_provisioned: 'error.oidcAccountNext',
  oidc_removed: 'error.oidcRemovedNext',
  oidc_state: 'error.oidcStateNext',
  oidc_unavailable: 'error.oidcNext',
  owner_only: null,
  second_factor_on: null,
  oidc_taken: null,
  agent_stop_denied: 'error.agentStopNext',
  agent_at_work_elsewhere: 'error.agentElsewhereNext',
  unreachable: 'error.unreachableNext',
  setup_code_invalid: 'error.setupCodeNext',
}

/** And for what a field may hold, which the server says in these words. */
const fields: Record<string, Extract<Key, `error.${string}`>> = {
  'use at least 10 characters': 'error.fieldPassword',
  'use 1 to 32 of a-z, 0-9, dot, dash and underscore': 'error.fieldName',
  'use letters, digits, dot, dash and underscore': 'error.fieldChannel',
}

/** What went wrong, in a sentence. */
export function errorText(error: unknown): string {
  if (!(error instanceof ApiError)) return t('error.unexpected')
  const key = known[error.code]
  if (key) return t(key)
  // The server speaks English. In another language the kind of the error is said first, its own words follow.
  if (locale() === 'en') return error.message
  const kind = statuses[error.status] ?? (error.status >= 500 ? 'error.status500' : 'error.status409')
  return t('fault.inServersWords', { kind: t(kind), text: error.message })
}

/** What the reader can do about it, when somebody knows. */
export function errorNext(error: unknown): string | undefined {
  if (!(error instanceof ApiError)) return undefined
  const key = nexts[error.code]
  if (key) return t(key)
  return key === null ? undefined : error.next
}

/** What the server holds against one field of a form. `codes` are those of errors that can only be about this field. */
export function fieldError(error: unknown, path: string, codes: readonly string[] = []): string | undefined {
  if (!(error instanceof ApiError)) return undefined
  const message = error.details?.find((detail) => detail.path === path)?.message
  if (message === undefined) {
    return codes.includes(error.code) ? [errorText(error), errorNext(error)].filter(Boolean).join(' ') : undefined
  }
  const key = fields[message]
  return key ? t(key) : message
}

/** Whether all that the server holds against a form is about these fields, and so is said beside them. */
export const isAboutFields = (error: unknown, paths: ReadonlySet<string>, codes: ReadonlySet<string>): boolean =>
  error instanceof ApiError &&
  (codes.has(error.code) || Boolean(error.details?.length && error.details.every((detail) => paths.has(detail.path))))
