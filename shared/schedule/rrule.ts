import { type Plan, invalid } from './plan'
import { wallTime, zoned } from './zone'

const MAX_COUNT = 1000
/** Days and times that are looked at for one answer: some milliseconds of work. A rule that needs more has no next time for us. */
const MAX_ITERATIONS = 5000
const MAX_CANDIDATES = 50_000

const WEEKDAY = /^(?:[+-]?[1-9]\d?)?(?:MO|TU|WE|TH|FR|SA|SU)$/

/** What a list may hold: numbers of this size, or negative ones that count from the end. */
const NUMBERS: Record<string, { least: number; most: number; fromEnd: boolean; items: number }> = {
  BYHOUR: { least: 0, most: 23, fromEnd: false, items: 24 },
  BYMINUTE: { least: 0, most: 59, fromEnd: false, items: 12 },
  BYMONTH: { least: 1, most: 12, fromEnd: false, items: 12 },
  BYMONTHDAY: { least: 1, most: 31, fromEnd: true, items: 62 },
  BYYEARDAY: { least: 1, most: 366, fromEnd: true, items: 62 },
  BYWEEKNO: { least: 1, most: 53, fromEnd: true, items: 53 },
  BYSETPOS: { least: 1, most: 366, fromEnd: true, items: 31 },
}

/** Takes apart `DTSTART:…` and `RRULE:…` as calendars write them; either prefix may be missing. */
export function dtstartOf(text: string): { start: string | undefined; rule: string } {
  const match = /^DTSTART:(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)(Z?)\s+(?:RRULE:)?(\S+)$/.exec(text)
  if (!match) return { start: undefined, rule: text.replace(/^RRULE:/, '') }
  const [, year, month, day, hour, minute, second, utc, rule = ''] = match
  return { start: `${year}-${month}-${day}T${hour}:${minute}:${second}${utc}`, rule }
}

/**
 * Checks a rule part by part, because libraries pass over what they do not know.
 * @returns the rule with its `UNTIL` in UTC
 * @throws NekodeError invalid `schedule_invalid`
 */
export function checkRrule(text: string, timezone: string): string {
  const parts = text
    .toUpperCase()
    .split(';')
    .map((part) => part.split('='))
  const seen = new Set<string>()
  const checked = parts.map(([name = '', value = '', ...rest]) => {
    if (seen.has(name) || rest.length)
      throw invalid(`“${text}” is not an RRULE.`, 'As FREQ=WEEKLY;BYDAY=MO,WE;BYHOUR=9.')
    seen.add(name)
    return `${name}=${checkPart(name, value, timezone)}`
  })
  if (!seen.has('FREQ')) throw invalid('An RRULE needs its FREQ.', 'As FREQ=WEEKLY;BYDAY=MO,WE;BYHOUR=9.')
  if (seen.has('COUNT') && seen.has('UNTIL')) throw invalid('An RRULE ends with COUNT or with UNTIL, not with both.')
  return checked.join(';')
}

function checkPart(name: string, value: string, timezone: string): string {
  const numbers = NUMBERS[name]
  if (numbers) {
    const { least, most, fromEnd, items } = numbers
    const list = value.split(',')
    const fits = (item: string): boolean => {
      const number = /^[+-]?\d{1,3}$/.test(item) ? Number(item) : Number.NaN
      const size = fromEnd ? Math.abs(number) : number
      return size >= least && size <= most
    }
    if (list.length <= items && list.every(fits)) return value
    throw invalid(`${name} takes at most ${items} numbers from ${fromEnd ? -most : least} to ${most}.`)
  }
  switch (name) {
    case 'FREQ':
      if (['HOURLY', 'DAILY', 'WEEKLY', 'MONTHLY', 'YEARLY'].includes(value)) return value
      throw invalid('FREQ is HOURLY, DAILY, WEEKLY, MONTHLY or YEARLY.')
    case 'INTERVAL':
    case 'COUNT': {
      const most = name === 'COUNT' ? MAX_COUNT : 366
      if (/^\d{1,5}$/.test(value) && Number(value) >= 1 && Number(value) <= most) return value
      throw invalid(`${name} is a number from 1 to ${most}.`)
    }
    case 'BYDAY': {
      const list = value.split(',')
      if (list.length <= 31 && list.every((day) => WEEKDAY.test(day))) return value
      throw invalid('BYDAY takes days such as MO, or 1MO and -1FR for the first and the last of a month.')
    }
    case 'WKST':
      if (/^(?:MO|TU|WE|TH|FR|SA|SU)$/.test(value)) return value
      throw invalid('WKST is a day such as MO.')
    case 'UNTIL':
      return until(value, timezone)
    default:
      throw invalid(`An RRULE here has no part “${name.slice(0, 20)}”.`)
  }
}

/** A day is meant as a whole, and a time without a zone in the zone of the rule. */
function until(value: string, timezone: string): string {
  const match = /^(\d{4})(\d\d)(\d\d)(?:T(\d\d)(\d\d)(\d\d)(Z?))?$/.exec(value)
  try {
    const [, year, month, day, hour = '23', minute = '59', second = '59', utc] = match ?? []
    const time = Temporal.PlainDateTime.from(`${year}-${month}-${day}T${hour}:${minute}:${second}`)
    const at = wallTime(time, utc ? 'UTC' : timezone)
    return `${new Date(at).toISOString().replace(/[-:]|\.\d+/g, '')}`
  } catch {
    // Not a day of any calendar.
    throw invalid(`UNTIL=${value.slice(0, 20)} is not a time.`, 'As UNTIL=20271231 or UNTIL=20271231T090000Z.')
  }
}

/** Loads the library, and gives what finds the next time of an RRULE. */
export async function loadRrule(): Promise<(plan: Plan, after: number) => number | null> {
  const { RRuleTemporal } = await import('rrule-temporal')
  return ({ rule, anchorAt, timezone }, after) => {
    try {
      const recurrence = new RRuleTemporal({
        rruleString: rule,
        dtstart: zoned(anchorAt, timezone),
        tzid: timezone,
        strict: true,
        cache: false,
        maxIterations: MAX_ITERATIONS,
        maxCandidateEvaluations: MAX_CANDIDATES,
      })
      return recurrence.next(new Date(after))?.epochMilliseconds ?? null
    } catch (error) {
      // Out of iterations: there is no time, or none that could be waited for.
      if (error instanceof Error && /exceeded/i.test(error.message)) return null
      throw invalid(error instanceof Error ? `This RRULE does not work: ${error.message}` : 'This RRULE does not work.')
    }
  }
}
