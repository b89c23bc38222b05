import type { ScheduleKind } from '@shared/contract'
import { NekodeError } from '@shared/errors'

export type RuleKind = Exclude<ScheduleKind, 'natural'>

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
