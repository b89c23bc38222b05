/** Attempts of one delivery, the first included. With these pauses the last one is about five hours after the first. */
export const MAX_ATTEMPTS = 12
const FIRST_MS = 30_000
const LONGEST_MS = 60 * 60_000
/** What a receiver may ask for, at most. */
const ASKED_MS = 6 * 60 * 60_000

/**
 * How long to wait after an attempt that failed: twice as long as before, up to an hour, of which a random half is left out so that
 * many deliveries do not come back at the same moment. A receiver that says when is believed.
 * @param attempt the number of the one that failed, from 1
 * @param random from 0 to 1
 */
export function pauseMs(attempt: number, retryAfterSeconds: number | undefined, random: number): number {
  const usual = Math.min(FIRST_MS * 2 ** (attempt - 1), LONGEST_MS)
  const own = usual * (0.5 + random / 2)
  return Math.round(Math.max(own, Math.min((retryAfterSeconds ?? 0) * 1000, ASKED_MS)))
}
