/** What this browser keeps. Storage may be forbidden or full: then what would be kept lives as long as the page. */
export function readKept(key: string): string | null {
  try {
    return localStorage.getItem(key)
  } catch {
    // See above.
    return null
  }
}

/** Keeps `value` under `key`; null removes it. */
export function keep(key: string, value: string | null): void {
  try {
    if (value === null) localStorage.removeItem(key)
    else localStorage.setItem(key, value)
  } catch {
    // See above.
  }
}

/** The keys that begin with `prefix`. */
export function keptKeys(prefix: string): string[] {
  try {
    return Object.keys(localStorage).filter((key) => key.startsWith(prefix))
  } catch {
    // See above.
    return []
  }
}

/** What was kept as JSON; undefined when there is nothing, or what is there is not for this version. */
export function readKeptJson<T>(key: string, isOurs: (value: unknown) => value is T): T | undefined {
  const text = readKept(key)
  if (text === null) return undefined
  try {
    const value: unknown = JSON.parse(text)
    return isOurs(value) ? value : undefined
  } catch {
    // Written by something else: as if nothing were there.
    return undefined
  }
}
