import type { Reminder } from '@shared/contract'

export type Mode = 'natural' | 'at' | 'every' | 'cron' | 'rrule'

/** What a form says about when, in the words of the API. */
export interface When {
  schedule: string
  scheduleKind: Mode
  timezone: string
}

export const units = { minutes: 60, hours: 3600, days: 86_400 } as const
export type Unit = keyof typeof units

/** Seconds as a number of the largest unit that they are a whole number of. */
export function spanOf(seconds: number): { count: number; unit: Unit } {
  const unit =
    (['days', 'hours'] as const).find((one) => seconds >= units[one] && seconds % units[one] === 0) ?? 'minutes'
  return { count: Math.max(1, Math.round(seconds / units[unit])), unit }
}

/** `2027-03-01T09:00` as the API takes a local time; empty stays empty. */
export const localMoment = (value: string): string => value.replace('T', ' ')

/** A moment as a field for dates and times holds it, in a zone. */
export function fieldMoment(ms: number, timezone: string): string {
  const parts = new Intl.DateTimeFormat('sv-SE', {
    timeZone: timezone,
    dateStyle: 'short',
    timeStyle: 'short',
  }).format(ms)
  return parts.replace(' ', 'T').slice(0, 16)
}

/** What a form begins with for a reminder that is there. */
export function whenOf({ scheduleKind, schedule, timezone, nextRunAt, rule }: Reminder): When {
  if (scheduleKind === 'at')
    return { scheduleKind, schedule: nextRunAt === null ? '' : fieldMoment(nextRunAt, timezone), timezone }
  return { scheduleKind, schedule: scheduleKind === 'every' ? rule : schedule, timezone }
}

/** What is asked for, or undefined while it is not said yet. */
export function asked({ schedule, scheduleKind, timezone }: When): When | undefined {
  const text = schedule.trim()
  if (!text) return undefined
  return { scheduleKind, timezone, schedule: scheduleKind === 'at' ? localMoment(text) : text }
}

/** The reader's own zone, as the browser knows it. */
export const ownZone = (): string => Intl.DateTimeFormat().resolvedOptions().timeZone || 'UTC'

/** Zones that the browser knows. */
export const zones = (): string[] => {
  const known = Intl.supportedValuesOf('timeZone')
  return known.includes('UTC') ? known : ['UTC', ...known]
}
