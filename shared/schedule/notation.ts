import { MAX_DELAY_SECONDS } from './limits'
import { type Plan, invalid } from './plan'
import { checkRrule, dtstartOf } from './rrule'
import { wallTime } from './zone'

/** ISO 8601 with an offset, Unix seconds, or a date with or without a time in the zone. @throws NekodeError `schedule_invalid` */
export function readMoment(text: string, timezone: string): number {
  if (/^\d{9,11}$/.test(text)) return Number(text) * 1000
  try {
    if (/(?:Z|[+-]\d{2}:?\d{2})$/i.test(text) && text.includes(':'))
      return Temporal.Instant.from(text).epochMilliseconds
    return wallTime(Temporal.PlainDateTime.from(text.replace(' ', 'T')), timezone)
  } catch {
    // Whatever it was, it is no time that the reader could have meant otherwise.
    throw invalid(
      `“${text}” is not a time.`,
      'Write it as 2027-03-01T09:00 in the zone that is meant, or with an offset.',
    )
  }
}

const UNITS: Record<string, number> = { s: 1, m: 60, h: 3600, d: 86_400, w: 604_800 }

/** `900`, `15m`, `2h`, `1d`, in seconds. @throws NekodeError `schedule_invalid` */
export function readSeconds(text: string): number {
  const [, count = '', unit = 's'] = /^(\d{1,9})\s*([smhdw]?)$/.exec(text) ?? []
  const seconds = Number(count) * (UNITS[unit || 's'] ?? 1)
  if (seconds >= 1 && seconds <= MAX_DELAY_SECONDS) return seconds
  throw invalid(`“${text}” is not an interval.`, 'Write it as 15m, 2h or 1d, or in seconds.')
}

/** A cron line that has times. @throws NekodeError `schedule_invalid` */
export function readCron(text: string, timezone: string): string {
  // Room for any real line; what is longer only takes time to read.
  if (text.length > 200) throw invalid('A cron line has at most 200 characters.')
  try {
    Bun.cron.parse(text, Date.now(), { tz: timezone })
    return text
  } catch (error) {
    const why = error instanceof Error ? error.message.replace(/^Invalid cron expression: /, '') : ''
    throw invalid(
      `“${text}” is not a cron line: ${why}.`,
      'Five fields: minute hour day month weekday, as “0 9 * * 1-5”.',
    )
  }
}

/** An RRULE, with or without its DTSTART. @throws NekodeError `schedule_invalid` */
export function readRrule(text: string, timezone: string, now: number): Pick<Plan, 'rule' | 'anchorAt'> {
  const { start, rule } = dtstartOf(text)
  const anchorAt = start === undefined ? Math.floor(now / 60_000) * 60_000 : readMoment(start, timezone)
  const distance = anchorAt - now
  if (distance < -366 * 86_400_000 || distance > MAX_DELAY_SECONDS * 1000)
    throw invalid('A rule starts within the last year or the next five.')
  return { rule: checkRrule(rule, timezone), anchorAt }
}
