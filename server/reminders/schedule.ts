import { MAX_DELAY_SECONDS, type ScheduleKind } from '@shared/contract'
import { clockFor, type Next } from '@shared/schedule/clock'
import { readCron, readMoment, readRrule, readSeconds } from '@shared/schedule/notation'
import { type Plan, invalid } from '@shared/schedule/plan'

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
      const plan = (await import('@shared/schedule/words')).understandWords(text, timezone, now)
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
