import { parseDuration } from '@shared/duration'
import { clockFor, type Next } from '@shared/schedule/clock'
import { MAX_DELAY_SECONDS } from '@shared/schedule/limits'
import { readCron, readMoment, readRrule } from '@shared/schedule/notation'
import { invalid, type Plan } from '@shared/schedule/plan'
import { checkZone } from '@shared/schedule/zone'

/** When a job is run: at the moments of a plan, when a watch or a person says so, or once, as soon as there is a place for it. */
export type When = { kind: 'plan'; plan: Plan } | { kind: 'watch' } | { kind: 'manual' } | { kind: 'now' }

const HINT =
  'As “every 5m”, “daily at 9:00”, “weekdays at 8:30”, “0 9 * * 1-5”, @daily, 2027-03-01T09:00, “in 20 minutes”, “on watch” or “manual”.'

const UNITS: Record<string, number> = { s: 1, m: 60, h: 3600, d: 86_400, w: 604_800 }
const INTERVAL = /^(?:every\s+)?(\d{1,9})\s*(s|m|h|d|w)(?:ec(?:ond)?s?|in(?:ute)?s?|(?:ou)?rs?|ays?|eeks?)?$/i

/**
 * Reads when a job is run, as people write it: an interval, a cron line, `@daily` and its like, an RRULE, a moment, words, `on watch`,
 * `manual` or `now`.
 * @param timezone of cron lines, words and moments without an offset; an IANA name
 * @throws NekodeError invalid `schedule_invalid`
 */
export async function readWhen(said: string, timezone: string, now: number): Promise<When> {
  checkZone(timezone)
  const text = said.trim().replace(/\s+/g, ' ')
  if (/^(?:on )?watch$/i.test(text)) return { kind: 'watch' }
  if (/^(?:manual|never)$/i.test(text)) return { kind: 'manual' }
  if (/^now$/i.test(text)) return { kind: 'now' }
  const plan: Plan = { ...(await understand(text, timezone, now)), timezone }
  const next = await clockFor([plan])
  if (following(plan, next, undefined, now) !== null) return { kind: 'plan', plan }
  throw plan.kind === 'at'
    ? invalid('That moment is over.', 'Give a time in the future.')
    : invalid('This would never come.', 'Check the days and months, and until when it goes.')
}

async function understand(text: string, timezone: string, now: number): Promise<Omit<Plan, 'timezone'>> {
  const seconds = intervalOf(text)
  if (seconds !== undefined) return { kind: 'every', rule: String(seconds), anchorAt: now }
  if (text.startsWith('@') || /^[\d*][\d*/,-]*(?: [\w*/,#?-]+){4,}$/.test(text))
    return { kind: 'cron', rule: readCron(text.toLowerCase(), timezone), anchorAt: now }
  if (/^(?:RRULE:|DTSTART:|FREQ=)/i.test(text)) return { kind: 'rrule', ...readRrule(text, timezone, now) }
  if (/^\d{4}-\d\d-\d\d/.test(text)) return { kind: 'at', rule: '', anchorAt: readMoment(text, timezone) }
  if (/^\d/.test(text)) throw invalid(`“${text.slice(0, 100)}” says no time that could be understood.`, HINT)
  return (await import('@shared/schedule/words')).understandWords(text, timezone, now)
}

/** Seconds of `every 5m`, `90s`, `every 2 hours`, `every 1h30m`; undefined for what is no interval. */
function intervalOf(text: string): number | undefined {
  const [, count, unit = ''] = INTERVAL.exec(text) ?? []
  const mixed = /^every /i.test(text) ? parseDuration(text.slice(6)) : undefined
  const seconds =
    count !== undefined
      ? Number(count) * (UNITS[unit.toLowerCase()] ?? 1)
      : mixed === undefined
        ? undefined
        : mixed / 1000
  if (seconds === undefined) return undefined
  if (Number.isInteger(seconds) && seconds >= 1 && seconds <= MAX_DELAY_SECONDS) return seconds
  throw invalid(
    `“${text}” is not an interval.`,
    'An interval is a whole number of seconds, at least one: every 30s, every 1h30m.',
  )
}

/**
 * The moment of a plan after `after`; null when there is none. An interval counts from its last moment, so that it stays true however
 * long its work takes.
 * @param last the moment before; undefined when there was none
 */
export function following(plan: Plan, next: Next, last: number | undefined, after: number): number | null {
  if (plan.kind !== 'every') return next(plan, after)
  const step = stepMs(plan)
  const from = last ?? plan.anchorAt
  return from + Math.max(1, Math.floor((after - from) / step) + 1) * step
}

/** Of an interval, in milliseconds. */
export const stepMs = (plan: Plan): number => Number(plan.rule) * 1000

/** The latest moments of a plan from `first` to `now`, oldest first, at most `most`. `first` is one of them. */
export function dueMoments(plan: Plan, next: Next, first: number, now: number, most: number): number[] {
  if (plan.kind === 'at') return [first]
  if (plan.kind === 'every') {
    const step = stepMs(plan)
    const count = Math.floor((now - first) / step) + 1
    const shown = Math.min(count, most)
    return Array.from({ length: shown }, (_, at) => first + (count - shown + at) * step)
  }
  // A cron line tells only what comes after: the time before now is looked at in longer and longer pieces until there are enough.
  for (let piece = 3_600_000; ; piece *= 8) {
    const isWhole = now - piece <= first
    const moments = isWhole ? [first] : []
    for (let at = next(plan, isWhole ? first : now - piece); at !== null && at <= now; at = next(plan, at))
      moments.push(at)
    if (isWhole || moments.length >= most) return moments.slice(-most)
  }
}

/** The next moments of a plan, for people to look at before they say yes. */
export async function preview(plan: Plan, from: { last?: number; after: number }, count: number): Promise<number[]> {
  const next = await clockFor([plan])
  const moments: number[] = []
  let { last } = from
  for (let { after } = from; moments.length < count;) {
    const at = following(plan, next, last, after)
    if (at === null) break
    moments.push(at)
    last = at
    after = at
  }
  return moments
}
