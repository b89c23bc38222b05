const UNIT_MS: Record<string, number> = {
  ns: 1e-6,
  us: 1e-3,
  µs: 1e-3,
  μs: 1e-3,
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
}
const WHOLE = /^(?:\d+(?:\.\d*)?|\.\d+)(?:ns|us|µs|μs|ms|s|m|h)/

/**
 * Milliseconds of a duration in Go's syntax (`1h30m`, `500ms`, `1.5s`, `0`), the form that configuration files use.
 * @returns undefined for anything else, negative durations included
 */
export function parseDuration(text: string): number | undefined {
  let rest = text.trim()
  if (rest === '0') return 0
  if (rest === '') return undefined
  let sum = 0
  while (rest !== '') {
    const part = WHOLE.exec(rest)?.[0]
    if (part === undefined) return undefined
    const unit = /[^\d.]+$/.exec(part)?.[0] ?? ''
    sum += Number.parseFloat(part) * (UNIT_MS[unit] ?? 0)
    rest = rest.slice(part.length)
  }
  return sum
}

/** `1h30m`, `45s`, `250ms`: what `parseDuration` reads. */
export function formatDuration(ms: number): string {
  if (ms < 1000) return `${Math.round(ms)}ms`
  const seconds = Math.round(ms / 1000)
  const parts: [number, string][] = [
    [Math.floor(seconds / 3600), 'h'],
    [Math.floor((seconds % 3600) / 60), 'm'],
    [seconds % 60, 's'],
  ]
  return parts.flatMap(([count, unit]) => (count > 0 ? [`${count}${unit}`] : [])).join('')
}
