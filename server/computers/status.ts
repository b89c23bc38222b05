import type { Computer } from '@shared/contract'

/** A computer that has not been heard of for this long is shown as stale. */
export const STALE_MS = 60_000
/** … and after this long as offline. Also how long a computer's lease lasts. */
export const OFFLINE_MS = 90_000
/** What daemons are told to keep to: well below `STALE_MS`. */
export const HEARTBEAT_SECONDS = 30

export type Status = Computer['status']

/** Whether a computer is there, from when it was last heard of. Nothing else decides it. Times in Unix milliseconds. */
export function statusOf(lastSeenAt: number | null, now: number): Status {
  if (lastSeenAt === null || now - lastSeenAt >= OFFLINE_MS) return 'offline'
  return now - lastSeenAt >= STALE_MS ? 'stale' : 'online'
}
