import { MAX_DELAY_SECONDS, type ScheduleKind } from '@shared/contract'
import { type Plan, invalid } from './plan'
import { checkRrule, dtstartOf } from './rrule'
import { wallTime } from './zone'

/** As it was said, and what it came to. */
export interface Schedule extends Plan {
  scheduleKind: ScheduleKind
  schedule: string
}

export interface When {
  delaySeconds?: number | undefined
  fireAt?: string | undefined
  schedule?: string | undefined
  scheduleKind?: ScheduleKind | undefined
}

/** Seconds between two firings, at least; agents that wake themselves up cost money while nobody looks. */
export const MIN_SECONDS = { human: 60, agent: 600 } as const
/** Firings that are looked at to find two that are too close. */
const SAMPLE = 25

/** Finds the next time of a plan after `after`, in Unix milliseconds; null when there is none. Never blocks for long. */
export type Next = (plan: Plan, after: number) => number | null

/** What it takes to find times of any plan. Its library is loaded when the first RRULE needs it. */
export async function clockFor(plans: readonly Pick<Plan, 'kind'>[]): Promise<Next> {
  const following = plans.some((plan) => plan.kind === 'rrule') ? (await import('./rrule')).loadRrule() : undefined
  const nextOf = await following
  return (plan, after) => {
    switch (plan.kind) {
      case 'at':
        return plan.anchorAt > after ? plan.anchorAt : null
      case 'every': {
        const step = Number(plan.rule) * 1000
        return plan.anchorAt + Math.max(1, Math.floor((after - plan.anchorAt) / step) + 1) * step
      }
      case 'cron':
        return Bun.cron.parse(plan.rule, after, { tz: plan.timezone })?.getTime() ?? null
      case 'rrule':
        if (!nextOf) throw new Error('asked for a kind of plan that was not announced')
        return nextOf(plan, after)
    }
  }
}

/**
 * Reads what somebody said about when.
 * @param who what is too often depends on it
 * @throws NekodeError invalid `schedule_invalid`
 */
export async function readSchedule(
  when: When,
  timezone: string,
  who: keyof typeof MIN_SECONDS,
  now = Date.now(),
): Promise<Schedule & { firstAt: number }> {
  const said = await understand(when, timezone, now)
  const next = await clockFor([said])
  const firstAt = next(said, now)
  if (firstAt === null)
    throw invalid(
      said.kind === 'at' ? 'That moment is over.' : 'This would never fire.',
      said.kind === 'at' ? 'Give a time in the future.' : 'Check the days and months, and until when it goes.',
    )
  if (firstAt - now > MAX_DELAY_SECONDS * 1000) throw invalid('That is more than five years ahead.')
  keepApart(said, firstAt, next, MIN_SECONDS[who])
  return { ...said, firstAt }
}

function keepApart(plan: Plan, firstAt: number, next: Next, least: number): void {
  if (plan.kind === 'at') return
  let at = firstAt
  for (let i = 0; i < SAMPLE; i++) {
    const following = next(plan, at)
    if (following === null) return
    if (following - at < least * 1000)
      throw invalid(
        `This would fire every ${Math.round((following - at) / 1000)} seconds; at least ${least} have to lie in between.`,
      )
    at = following
  }
}

async function understand(when: When, timezone: string, now: number): Promise<Schedule> {
  const { delaySeconds, fireAt, schedule, scheduleKind } = when
  const given = [delaySeconds, fireAt, schedule].filter((one) => one !== undefined)
  if (given.length !== 1)
    throw invalid('Say when in exactly one way.', 'Give delaySeconds, fireAt, or schedule with its scheduleKind.')
  if (delaySeconds !== undefined) return moment(now + delaySeconds * 1000, timezone)
  if (fireAt !== undefined) return moment(readMoment(fireAt, timezone), timezone)
  const text = (schedule ?? '').trim()
  const kind = scheduleKind ?? 'natural'
  const said = { scheduleKind: kind, schedule: text, timezone }
  switch (kind) {
    case 'at':
      return { ...said, kind: 'at', rule: '', anchorAt: readMoment(text, timezone) }
    case 'every':
      return { ...said, kind: 'every', rule: String(readSeconds(text)), anchorAt: now }
    case 'cron':
      return { ...said, kind: 'cron', rule: readCron(text, timezone), anchorAt: now }
    case 'rrule':
      return { ...said, kind: 'rrule', ...readRrule(text, timezone, now) }
    case 'natural': {
      const plan = (await import('./words')).understandWords(text, timezone, now)
      return { ...said, ...plan }
    }
  }
}

const moment = (at: number, timezone: string): Schedule => ({
  scheduleKind: 'at',
  schedule: new Date(at).toISOString(),
  kind: 'at',
  rule: '',
  anchorAt: at,
  timezone,
})

/** ISO 8601 with an offset, Unix seconds, or a date with or without a time in the zone. */
export function readMoment(text: string, timezone: string): number {
  if (/^\d{9,11}$/.test(text)) return Number(text) * 1000
  try {
    if (/(?:Z|[+-]\d{2}:?\d{2})$/i.test(text) && text.includes(':'))
      return Temporal.Instant.from(text).epochMilliseconds
    return wallTime(Temporal.PlainDateTime.from(text.replace(' ', 'T')), timezone)
  } catch {
    // Whatever it was, it is no time that the reader could have meant otherwise.
    throw invalid(`“${text}” is not a time.`, 'Write it as 2027-03-01T09:00 in the reminder’s zone, or with an offset.')
  }
}

const UNITS: Record<string, number> = { s: 1, m: 60, h: 3600, d: 86_400, w: 604_800 }

/** `900`, `15m`, `2h`, `1d`. */
function readSeconds(text: string): number {
  const [, count = '', unit = 's'] = /^(\d{1,9})\s*([smhdw]?)$/.exec(text) ?? []
  const seconds = Number(count) * (UNITS[unit || 's'] ?? 1)
  if (seconds >= 1 && seconds <= MAX_DELAY_SECONDS) return seconds
  throw invalid(`“${text}” is not an interval.`, 'Write it as 15m, 2h or 1d, or in seconds.')
}

function readCron(text: string, timezone: string): string {
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

function readRrule(text: string, timezone: string, now: number): Pick<Plan, 'rule' | 'anchorAt'> {
  const { start, rule } = dtstartOf(text)
  const anchorAt = start === undefined ? Math.floor(now / 60_000) * 60_000 : readMoment(start, timezone)
  const distance = anchorAt - now
  if (distance < -366 * 86_400_000 || distance > MAX_DELAY_SECONDS * 1000)
    throw invalid('A rule starts within the last year or the next five.')
  return { rule: checkRrule(rule, timezone), anchorAt }
}
