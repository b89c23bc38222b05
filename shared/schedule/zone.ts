import { NekodeError } from '../errors'

/**
 * The moment at which clocks of a zone show a time. In the hour that is left out in spring it is as much later, of an hour that comes
 * twice in autumn it is the first.
 * @returns Unix milliseconds
 */
export const wallTime = (time: Temporal.PlainDateTime, timezone: string): number =>
  time.toZonedDateTime(timezone, { disambiguation: 'compatible' }).epochMilliseconds

export const zoned = (at: number, timezone: string): Temporal.ZonedDateTime =>
  Temporal.Instant.fromEpochMilliseconds(at).toZonedDateTimeISO(timezone)

/** @throws NekodeError invalid `schedule_invalid` for what is no IANA name of a zone */
export function checkZone(timezone: string): string {
  // An offset is a zone to Temporal, but knows no summer time: whoever writes one means something else.
  if (/^[A-Za-z][A-Za-z0-9_+/-]{0,63}$/.test(timezone)) {
    try {
      zoned(0, timezone)
      return timezone
    } catch {
      // Falls through to the error that tells what a zone looks like.
    }
  }
  throw new NekodeError('invalid', `There is no time zone “${timezone}”.`, {
    code: 'schedule_invalid',
    next: 'Use an IANA name such as Europe/Berlin, Asia/Shanghai or UTC.',
  })
}
