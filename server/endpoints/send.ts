import { NekodeError } from '@shared/errors'
import type { GuardedFetch } from '../http/guarded'
import { type Adapter, type Outcome, type Outgoing, type Settings, outcomeOf } from './adapter'

/** Of a whole attempt. */
export const ATTEMPT_MS = 15_000

/** What a moment later may be different. */
const PASSING = new Set(['unreachable', 'timeout', 'too_many_redirects'])

/** One attempt to send something. What goes wrong on the way is an outcome too. */
export async function deliver(
  guarded: GuardedFetch,
  adapter: Adapter,
  settings: Settings,
  outgoing: Outgoing,
  signal?: AbortSignal,
): Promise<Outcome> {
  const now = Date.now()
  try {
    const request = adapter.request(settings, outgoing, now)
    const answer = await guarded.fetch({ ...request, ...(signal ? { signal } : {}) })
    return outcomeOf(adapter, answer, now)
  } catch (error) {
    if (!(error instanceof NekodeError)) throw error
    return { ok: false, error: error.message, retry: PASSING.has(error.code) }
  }
}
