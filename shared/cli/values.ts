import { parseDuration } from '@shared/duration'
import { usage } from './exit'

/** A whole number of an option. Throws `usage` when it is none, or not within the range. */
export function whole(name: string, text: string, min: number, max: number): number {
  const value = /^\d{1,15}$/.test(text) ? Number(text) : Number.NaN
  if (!(value >= min && value <= max)) throw usage(`--${name} is a whole number from ${min} to ${max}, not “${text}”.`)
  return value
}

/** Milliseconds of an option such as `90s`, `10m`, `12h` or `30d`. Throws `usage`. */
export function span(name: string, text: string): number {
  const days = /^(\d{1,6})d$/.exec(text)?.[1]
  const ms = days === undefined ? parseDuration(text) : Number(days) * 86_400_000
  if (ms === undefined || ms <= 0) throw usage(`--${name} is a time such as 90s, 10m, 12h or 30d, not “${text}”.`)
  return ms
}

/** One of the known words. Throws `usage` that lists them. */
export function oneOf<const T extends string>(name: string, text: string, words: readonly T[]): T {
  const found = words.find((word) => word === text)
  if (found === undefined) throw usage(`${name} is one of ${words.join(', ')}, not “${text}”.`)
  return found
}

/** The parts of a comma-separated option. */
export const listOf = (text: string): string[] =>
  text
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '')
