/** Longest time for which work is put off. */
const LATEST_MS = 3000

/** Does something that the first screen does not need once the browser has nothing better to do. */
export function whenIdle(work: () => void): void {
  // Safari has no such callback.
  if ('requestIdleCallback' in window) requestIdleCallback(work, { timeout: LATEST_MS })
  else setTimeout(work, 300)
}
