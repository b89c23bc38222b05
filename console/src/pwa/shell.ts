/** How a request of the console is answered: by the server alone, as its page, or as a file whose name holds its hash. */
export type Kind = 'server' | 'page' | 'file'

/** Answers of the API, downloads and everything that only the server has are never kept. */
const SERVER = /^\/(?:api|hooks|webhooks|nekode\.|health|ready|metrics|install)/

/** What a request is for. Only what is kept for a start without a network is anything but the server's. */
export function kindOf(
  request: Pick<Request, 'method' | 'mode' | 'url'>,
  origin: string,
  kept: ReadonlySet<string>,
): Kind {
  const url = new URL(request.url)
  if (request.method !== 'GET' || url.origin !== origin) return 'server'
  if (request.mode === 'navigate') return SERVER.test(url.pathname) ? 'server' : 'page'
  return url.pathname.startsWith('/assets/') || kept.has(url.pathname) ? 'file' : 'server'
}

/** Caches of builds before the last one, oldest first as the browser lists them: an open page may still be of the last. */
export const outdated = (names: readonly string[], current: string, prefix: string): string[] =>
  names.filter((name) => name.startsWith(prefix) && name !== current).slice(0, -1)
