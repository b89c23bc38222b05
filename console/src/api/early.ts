/** Longest time for which an answer may wait for the page: what it says has to be of now. */
const FRESH_MS = 10_000
/** Messages that are loaded when a conversation opens. */
export const PAGE_SIZE = 50

interface Early {
  since: number
  answers: Map<string, Promise<Response>>
}

declare global {
  interface Window {
    nekodeEarly?: Early
  }
}

/** Asks for what the page will need first, while its scripts are still on their way. */
export function askEarly(): void {
  const paths = ['/api/auth/me', '/api/snapshot', ...conversation(window.location)]
  const answers = new Map(
    paths.map((path) => {
      const answer = fetch(path, { credentials: 'same-origin' })
      // Whoever takes it is told; nobody may, when the page turns out to be another one.
      answer.catch(() => undefined)
      return [path, answer]
    }),
  )
  window.nekodeEarly = { since: performance.now(), answers }
}

/** The answer to a request that was made early; each is given out once. */
export function takeEarly(url: string, init: RequestInit): Promise<Response> | undefined {
  const early = window.nekodeEarly
  const answer = early?.answers.get(url)
  if (!early || !answer || (init.method ?? 'GET') !== 'GET' || performance.now() - early.since > FRESH_MS)
    return undefined
  early.answers.delete(url)
  return answer
}

/** Whoever logs in now gets none of the answers to whoever was not. */
export const forgetEarly = (): void => window.nekodeEarly?.answers.clear()

/** The end of the conversation that the address names. */
function conversation({ pathname, search }: Location): string[] {
  const [, kind, name] = /^\/([cd])\/([^/]+)$/.exec(pathname) ?? []
  if (!kind || !name || search !== '') return []
  return [`/api/messages?target=${kind === 'd' ? 'dm%3A' : '%23'}${name}&limit=${PAGE_SIZE}`]
}
