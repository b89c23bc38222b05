/** `#general` → `/c/general`, `dm:…` → `/d/…`; with the thread that is open beside it and the message to show. */
export function conversationPath(
  target: string,
  open: { thread?: string | null; message?: string | null } = {},
): string {
  const dm = target.startsWith('dm:')
  const name = encodeURIComponent(target.replace(/^(#|dm:)/, ''))
  const query = new URLSearchParams()
  if (open.thread) query.set('thread', open.thread)
  if (open.message) query.set('message', open.message)
  return `/${dm ? 'd' : 'c'}/${name}${query.size > 0 ? `?${query}` : ''}`
}

export const runPath = (id: string): string => `/runs/${id}`
export const agentPath = (id: string): string => `/agents/${id}`
export const computerPath = (id: string): string => `/computers/${id}`

const key = 'nekode.last'

/** Where the reader was last, to go on there. */
export function lastTarget(): string | null {
  try {
    return localStorage.getItem(key)
  } catch {
    // Storage may be forbidden: #general then.
    return null
  }
}

export function keepLastTarget(target: string): void {
  try {
    localStorage.setItem(key, target)
  } catch {
    // Not kept.
  }
}
