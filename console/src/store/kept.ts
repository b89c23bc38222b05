import { t } from '../i18n'
import { keep, keptKeys, readKept, readKeptJson } from './local'
import { state, type Pending } from './state'

/** Everything that one reader has written here and that has to survive a reload begins with this. */
export const ownPrefix = 'nekode.of.'
export const ownKey = (what: string): string => `${ownPrefix}${state.me?.id ?? ''}.${what}`

const prefix = () => ownKey('outbox.')
/** The server remembers a request for a day; after that the same one would be written twice. */
const rememberedMs = 23 * 3600_000

/** Keeps a message that is not sent yet, in an entry of its own: another tab writes its own. */
export const keepPending = (pending: Pending): void =>
  keep(prefix() + pending.requestId, JSON.stringify({ ...pending, error: null }))
export const loosePending = (requestId: string): void => keep(prefix() + requestId, null)

const isPending = (value: unknown): value is Pending =>
  typeof value === 'object' &&
  value !== null &&
  'requestId' in value &&
  'content' in value &&
  'files' in value &&
  Array.isArray(value.files)

/** What was written and not sent before the page was loaded, oldest first. */
export function keptPending(now = Date.now()): Pending[] {
  return keptKeys(prefix())
    .flatMap((key) => readKeptJson(key, isPending) ?? [])
    .toSorted((a, b) => a.createdAt - b.createdAt)
    .map((pending) => ({
      ...pending,
      waiting: pending.files.some(({ attachment }) => attachment === null),
      error: now - pending.createdAt > rememberedMs ? { message: t('outbox.old'), offline: false } : null,
    }))
}

/**
 * Takes hold of a message that is not sent yet for as long as `held` lasts. Another tab that has it is not disturbed: it is waited for,
 * and what it leaves undone goes on here.
 */
export function hold(requestId: string, held: () => Promise<void>): void {
  // Browsers have locks on pages with TLS only. Without one the request id keeps the message from being written twice.
  if (navigator.locks) void navigator.locks.request(prefix() + requestId, held)
  else void held()
}

/** Whether it still waits to be sent. */
export const isKept = (requestId: string): boolean => readKept(prefix() + requestId) !== null
