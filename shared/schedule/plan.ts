import { NekodeError } from '../errors'

/** `at` a moment, `every` so many seconds, by a `cron` line or an `rrule` (RFC 5545). */
export type RuleKind = 'at' | 'every' | 'cron' | 'rrule'

/** When something happens, in a form that needs no more understanding. */
export interface Plan {
  kind: RuleKind
  /** Of `at` nothing, of `every` seconds, else a cron line or an RRULE. */
  rule: string
  /** Unix milliseconds: the moment of `at`, and what the others count from. */
  anchorAt: number
  timezone: string
}

/** What is wrong with a schedule, and how it is written. */
export const invalid = (message: string, next?: string): NekodeError =>
  new NekodeError('invalid', message, { code: 'schedule_invalid', ...(next === undefined ? {} : { next }) })
