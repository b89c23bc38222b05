/** Longest time for which work is put off. */
const LATEST_MS = 3000
/** A server that is away now may be back then. */
const AGAIN_MS = 5000

/** Does something that the first screen does not need once the browser has nothing better to do. */
export function whenIdle(work: () => void): void {
  // Safari has no such callback.
  if ('requestIdleCallback' in window) requestIdleCallback(work, { timeout: LATEST_MS })
  else setTimeout(work, 300)
}

/**
 * Loads a part of the program. While the server is away it cannot be loaded, which is no reason to break what is on screen: it is asked
 * for again.
 */
export function keepLoading<T>(load: () => Promise<T>, then: (part: T) => void): void {
  load().then(then, () => setTimeout(() => keepLoading(load, then), AGAIN_MS))
}

/** The same for what the first screen does not need. */
export const loadLater = <T>(load: () => Promise<T>, then: (part: T) => void): void =>
  whenIdle(() => keepLoading(load, then))
