import { createSignal } from 'solid-js'
import { inLocale, t } from './index'

const [second, setSecond] = createSignal(Date.now())
setInterval(() => document.visibilityState === 'visible' && setSecond(Date.now()), 1000)

/** The time now, once a second, for what counts up on screen. */
export const now = second

const dates = (options: Intl.DateTimeFormatOptions) => {
  const formatter = inLocale((locale) => new Intl.DateTimeFormat(locale, options))
  return (ms: number): string => formatter().format(ms)
}

export const clock = dates({ hour: '2-digit', minute: '2-digit' })
export const fullDate = dates({ dateStyle: 'full', timeStyle: 'medium' })
export const shortDate = dates({ dateStyle: 'medium', timeStyle: 'short' })
const dayOfThisYear = dates({ weekday: 'long', day: 'numeric', month: 'long' })
const dayOfAnyYear = dates({ weekday: 'long', day: 'numeric', month: 'long', year: 'numeric' })

/** Midnight of the day of `ms`, here: equal for two times of one day. */
export const dayOf = (ms: number): number => new Date(ms).setHours(0, 0, 0, 0)

/** “Today”, “Yesterday”, or the date. */
export function dayLabel(ms: number): string {
  const days = Math.round((dayOf(Date.now()) - dayOf(ms)) / 86_400_000)
  if (days === 0) return t('date.today')
  if (days === 1) return t('date.yesterday')
  const sameYear = new Date(ms).getFullYear() === new Date().getFullYear()
  return sameYear ? dayOfThisYear(ms) : dayOfAnyYear(ms)
}

const steps: [unit: Intl.RelativeTimeFormatUnit, seconds: number][] = [
  ['year', 31_536_000],
  ['month', 2_592_000],
  ['day', 86_400],
  ['hour', 3600],
  ['minute', 60],
]

const relativeFormat = inLocale((locale) => new Intl.RelativeTimeFormat(locale, { numeric: 'auto' }))

/** “3 minutes ago”, “in 2 days”. */
export function relative(ms: number, from = second()): string {
  const seconds = Math.round((ms - from) / 1000)
  const [unit, size] = steps.find(([, size]) => Math.abs(seconds) >= size) ?? ['minute', 0]
  if (size === 0) return t('date.now')
  return relativeFormat().format(Math.round(seconds / size), unit)
}

/** “8s”, “2m 05s”, “1h 04m”. */
export function duration(ms: number): string {
  const seconds = Math.max(0, Math.floor(ms / 1000))
  const two = (value: number) => String(value).padStart(2, '0')
  if (seconds < 60) return `${seconds}s`
  if (seconds < 3600) return `${Math.floor(seconds / 60)}m ${two(seconds % 60)}s`
  return `${Math.floor(seconds / 3600)}h ${two(Math.floor((seconds % 3600) / 60))}m`
}

const compactFormat = inLocale(() => new Intl.NumberFormat('en', { notation: 'compact', maximumFractionDigits: 1 }))

/** “950”, “12.3k”, “1.2M”. */
export const compact = (value: number): string => compactFormat().format(value).toLowerCase()

const money = (maximumFractionDigits: number) =>
  inLocale((locale) => new Intl.NumberFormat(locale, { style: 'currency', currency: 'USD', maximumFractionDigits }))
const cents = money(2)
const small = money(4)

/** US dollars, with as many digits as a small amount needs to be seen. */
export const dollars = (value: number): string => (value > 0 && value < 0.1 ? small() : cents()).format(value)
