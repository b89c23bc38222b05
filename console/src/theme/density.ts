/** How much room there is between things. */
export type Density = 'comfortable' | 'compact'

const key = 'nekode.density'

/** What was chosen on this browser. */
export function storedDensity(): Density {
  try {
    return localStorage.getItem(key) === 'compact' ? 'compact' : 'comfortable'
  } catch {
    // Storage may be forbidden; the page works without.
    return 'comfortable'
  }
}

/** `<html data-density="comfortable|compact">` selects the tokens. */
export function applyDensity(density: Density): void {
  document.documentElement.dataset.density = density
}

/** Keeps a choice for the next visit and shows it. */
export function chooseDensity(density: Density): void {
  try {
    localStorage.setItem(key, density)
  } catch {
    // Not kept, but shown.
  }
  applyDensity(density)
}
