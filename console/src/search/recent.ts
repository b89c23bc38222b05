const key = 'nekode.searches'
const most = 8

/** What was searched for on this browser, the latest first. */
export function recentSearches(): string[] {
  try {
    const known: unknown = JSON.parse(localStorage.getItem(key) ?? '[]')
    return Array.isArray(known) ? known.filter((text) => typeof text === 'string').slice(0, most) : []
  } catch {
    // Storage may be forbidden, or hold what somebody else wrote.
    return []
  }
}

export function keepSearch(text: string): void {
  const rest = recentSearches().filter((one) => one !== text && !text.startsWith(one))
  try {
    localStorage.setItem(key, JSON.stringify([text, ...rest].slice(0, most)))
  } catch {
    // Not kept.
  }
}

export function forgetSearches(): void {
  try {
    localStorage.removeItem(key)
  } catch {
    // There was nothing.
  }
}
