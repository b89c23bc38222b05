// oxlint-disable-next-line no-restricted-imports -- the one place that may
import { lazy as solidLazy } from 'solid-js'

/** How long to wait before a server that was away is asked again: at first, and at most. */
const FIRST_MS = 500
const LATEST_MS = 5000

const wait = (ms: number) => new Promise<void>((done) => setTimeout(done, ms))

/** Whether the server answers at all; what it says does not matter. */
export const serverAnswers = (): Promise<boolean> =>
  fetch('/health', { cache: 'no-store' }).then(
    () => true,
    () => false,
  )

/** Resolves once the server answers. */
export async function serverBack(answers = serverAnswers): Promise<void> {
  for (let ms = FIRST_MS; !(await answers()); ms = Math.min(LATEST_MS, ms * 2)) await wait(ms)
}

/**
 * Loads a part of the program, and waits for a server that is away: a part that cannot be loaded now is no failure of the page. Rejects
 * when the server answers and still has no such part, which is so when it was updated while the page was open.
 */
export async function loadPart<T>(load: () => Promise<T>, answers = serverAnswers): Promise<T> {
  try {
    return await load()
  } catch {
    await serverBack(answers)
    return load()
  }
}

/** A component that is loaded when it is first shown. */
export const lazy: typeof solidLazy = (load) => solidLazy(() => loadPart(load))
