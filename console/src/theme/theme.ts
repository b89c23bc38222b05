import { applyDensity, storedDensity } from './density'

export type Theme = 'light' | 'dark' | 'system'

const key = 'nekode.theme'
const page = { light: '#ffffff', dark: '#16171a' }

const isTheme = (value: unknown): value is Theme => value === 'light' || value === 'dark' || value === 'system'
const systemDark = () => matchMedia('(prefers-color-scheme: dark)')

/** What was chosen on this browser; `system` until something was. */
export function storedTheme(): Theme {
  try {
    const value = localStorage.getItem(key)
    return isTheme(value) ? value : 'system'
  } catch {
    // Storage may be forbidden; the page works without.
    return 'system'
  }
}

/** Shows a theme: `<html data-theme="light|dark">` selects the tokens. With it the density, both before anything is painted. */
export function applyTheme(theme: Theme): void {
  const shown = theme === 'system' ? (systemDark().matches ? 'dark' : 'light') : theme
  document.documentElement.dataset.theme = shown
  applyDensity(storedDensity())
  document.querySelector('meta[name="theme-color"]')?.setAttribute('content', page[shown])
}

/** Keeps a choice for the next visit and shows it. */
export function chooseTheme(theme: Theme): void {
  try {
    localStorage.setItem(key, theme)
  } catch {
    // Not kept, but shown.
  }
  applyTheme(theme)
}

/** Follows the system's change from light to dark while `system` is chosen. */
export function followSystem(): void {
  systemDark().addEventListener('change', () => applyTheme(storedTheme()))
}
