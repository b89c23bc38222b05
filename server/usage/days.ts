import { NekodeError } from '@shared/errors'

const DAY = 86_400_000

/** Until when (exclusive) a zone is so many milliseconds ahead of UTC. */
export interface Stretch {
  until: number
  offset: number
}

/** @throws NekodeError invalid for what is no IANA name of a zone */
function zonedAt(at: number, timezone: string): Temporal.ZonedDateTime {
  try {
    return Temporal.Instant.fromEpochMilliseconds(at).toZonedDateTimeISO(timezone)
  } catch (cause) {
    throw new NekodeError('invalid', `There is no time zone “${timezone}”.`, {
      code: 'invalid_request',
      next: 'Use an IANA name such as Europe/Berlin, or leave it out for UTC.',
      cause,
    })
  }
}

const offsetOf = (time: Temporal.ZonedDateTime): number => Math.round(time.offsetNanoseconds / 1e6)

/** How far ahead of UTC a zone is between two moments, change by change, so that a database can tell its days without knowing zones. */
export function stretches(timezone: string, from: number, to: number): Stretch[] {
  const found: Stretch[] = []
  let time = zonedAt(from, timezone)
  for (;;) {
    const next = time.getTimeZoneTransition('next')
    if (!next || next.epochMilliseconds >= to)
      return [...found, { until: Number.MAX_SAFE_INTEGER, offset: offsetOf(time) }]
    found.push({ until: next.epochMilliseconds, offset: offsetOf(time) })
    time = next
  }
}

/** The zone's own date of a moment, as `2026-11-21`. */
const dayAt = (at: number, line: readonly Stretch[]): string =>
  dayName(at + (line.find(({ until }) => at < until)?.offset ?? 0))

/** Of a moment that has been moved into its zone already. */
export const dayName = (local: number): string => new Date(local).toISOString().slice(0, 10)

/** Every date from the one of `from` to the one of the last moment before `to`. */
export function daysBetween(from: number, to: number, line: readonly Stretch[]): string[] {
  const last = Date.parse(dayAt(Math.max(from, to - 1), line))
  const days: string[] = []
  for (let day = Date.parse(dayAt(from, line)); day <= last; day += DAY) days.push(dayName(day))
  return days
}
