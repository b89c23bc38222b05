import { loadPart } from './lazy'

/** Longest time for which work is put off. */
const LATEST_MS = 3000
/** How long the first screen has for itself. */
const SETTLE_MS = 500

/** Does something that the first screen does not need once the browser has nothing better to do. */
export function whenIdle(work: () => void): void {
  // Safari has no such callback.
  if ('requestIdleCallback' in window) requestIdleCallback(work, { timeout: LATEST_MS })
  else setTimeout(work, 300)
}

/** Loads a part of the program that the screen can do without. One that the server no longer has is left out. */
export function loadExtra<T>(load: () => Promise<T>, then: (part: T) => void): void {
  loadPart(load).then(then, () => undefined)
}

/** The same for what the first screen does not need: its reader's first click must not wait behind it. */
export const loadLater = <T>(load: () => Promise<T>, then: (part: T) => void): void =>
  void setTimeout(() => whenIdle(() => loadExtra(load, then)), SETTLE_MS)
