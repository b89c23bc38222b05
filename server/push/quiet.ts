import type { PushSettings } from '@shared/contract'

const clock = (timezone: string): Intl.DateTimeFormat =>
  new Intl.DateTimeFormat('en-GB', { timeZone: timezone, hour: '2-digit', minute: '2-digit', hourCycle: 'h23' })

export function isTimezone(name: string): boolean {
  try {
    clock(name)
    return true
  } catch {
    // What Intl does not know throws.
    return false
  }
}

/** Whether it is a reader's quiet time. From one time to the same is never. */
export function isQuiet(quiet: PushSettings['quiet'], now: number): boolean {
  if (!quiet || !isTimezone(quiet.timezone)) return false
  const time = clock(quiet.timezone).format(now)
  const { from, to } = quiet
  return from <= to ? from <= time && time < to : time >= from || time < to
}
