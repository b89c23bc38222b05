import type * as chrono from 'chrono-node'
import * as english from 'chrono-node/en'
import * as chinese from 'chrono-node/zh/hans'
import { type Plan, invalid } from './plan'
import { wallTime, zoned } from './zone'

const MAX_WORDS = 200
/** When only a day is said. */
const USUAL_HOUR = 9

const HINT = 'Say it as “tomorrow at 9”, “in 20 minutes”, “every weekday 8:30”, “明天上午9点” or “每天9点”.'

/** Words that say about when in a day; the hour that is meant is then the library’s to know. */
const TIME_OF_DAY = /tonight|night|morning|noon|evening|凌晨|早|上午|中午|下午|晚/

const DAYS = ['SU', 'MO', 'TU', 'WE', 'TH', 'FR', 'SA'] as const
type Time = { hour: number; minute: number }
type Rule = Omit<Plan, 'timezone'>

/**
 * Reads a time, or times, in English or Chinese. All of the words have to be about that: what was passed over could have been what
 * mattered.
 * @throws NekodeError invalid `schedule_invalid`
 */
export function understandWords(words: string, timezone: string, now: number): Plan {
  if (words.length > MAX_WORDS) throw invalid(`That is too long to be a time; ${MAX_WORDS} characters at most.`, HINT)
  const text = words
    .normalize('NFKC')
    .toLowerCase()
    .replace(/^(?:please\s+)?remind me\s+/, '')
    .replace(/\s+/g, ' ')
    .trim()
  const rule = recurringEnglish(text, now) ?? recurringChinese(text, now)
  if (rule) return { ...rule, timezone }
  const anchorAt = momentIn(text, timezone, now)
  if (anchorAt === undefined) throw invalid(`“${words}” says no time that could be understood.`, HINT)
  return { kind: 'at', rule: '', anchorAt, timezone }
}

function momentIn(text: string, timezone: string, now: number): number | undefined {
  const reference = { instant: new Date(now), timezone: zoned(now, timezone).offsetNanoseconds / 60e9 }
  for (const { casual } of [english, chinese]) {
    const [found, ...more] = casual.parse(text, reference, { forwardDate: true })
    if (found && !more.length && !found.end && found.text.trim().length === text.length)
      return atOf(found.start, timezone, TIME_OF_DAY.test(text))
  }
  return undefined
}

function atOf(start: chrono.ParsedComponents, timezone: string, saysPart: boolean): number {
  // “in 20 minutes” is a moment whatever clocks do until then; “tomorrow at 9” is what they show.
  if (start.isCertain('timezoneOffset')) return start.date().getTime()
  const part = (name: 'year' | 'month' | 'day' | 'hour' | 'minute' | 'second'): number => start.get(name) ?? 0
  const hasHour = saysPart || start.isCertain('hour')
  const time = new Temporal.PlainDateTime(
    part('year'),
    part('month'),
    part('day'),
    hasHour ? part('hour') : USUAL_HOUR,
    hasHour ? part('minute') : 0,
    hasHour ? part('second') : 0,
  )
  return wallTime(time, timezone)
}

const SECONDS: Record<string, number> = { minute: 60, min: 60, hour: 3600, hr: 3600, day: 86_400, week: 604_800 }
const EN_TIME = String.raw`(?:(?: at)? (\d{1,2})(?::(\d{2}))? ?(am|pm)?|(?: at)? (noon|midnight))?`
const EN_DAY = String.raw`(?:sun|mon|tue|tues|wed|wednes|thu|thur|thurs|fri|sat|satur)(?:day)?s?`

const en = {
  interval: /^every (\d{1,4}) (minute|min|hour|hr|day|week)s?$/,
  hourly: /^(?:every hour|hourly)$/,
  daily: new RegExp(`^(?:every day|daily|each day)${EN_TIME}$`),
  workdays: new RegExp(`^(?:every |on )?(?:weekday|workday|working day)s?${EN_TIME}$`),
  weekend: new RegExp(`^every weekend${EN_TIME}$`),
  weekly: new RegExp(
    `^(?:every|weekly on|each)(?: (other|\\d{1,2})(?: weeks on)?)? (${EN_DAY}(?:(?:, ?| and |, and )${EN_DAY})*)${EN_TIME}$`,
  ),
  monthly: new RegExp(`^(?:every month|monthly)(?: on)? the (\\d{1,2})(?:st|nd|rd|th)?${EN_TIME}$`),
}

function recurringEnglish(text: string, now: number): Rule | undefined {
  const interval = en.interval.exec(text)
  if (interval) return every(Number(interval[1]) * (SECONDS[interval[2] ?? ''] ?? 60), now)
  if (en.hourly.test(text)) return every(3600, now)
  const daily = en.daily.exec(text)
  if (daily) return cron(englishTime(daily.slice(1)), '* * *', now)
  const workdays = en.workdays.exec(text)
  if (workdays && /^every|s\b/.test(text)) return cron(englishTime(workdays.slice(1)), '* * 1-5', now)
  const weekend = en.weekend.exec(text)
  if (weekend) return cron(englishTime(weekend.slice(1)), '* * 0,6', now)
  const monthly = en.monthly.exec(text)
  if (monthly) return cron(englishTime(monthly.slice(2)), `${dayOfMonth(monthly[1])} * *`, now)
  const weekly = en.weekly.exec(text)
  if (!weekly) return undefined
  const days = (weekly[2] ?? '').split(/,? and |, ?/).map((day) => dayIndex(day))
  const time = englishTime(weekly.slice(3))
  const weeks = weekly[1] === undefined ? 1 : weekly[1] === 'other' ? 2 : Number(weekly[1])
  return weeks === 1 ? cron(time, `* * ${days.join(',')}`, now) : biweekly(weeks, days, time, now)
}

const dayIndex = (day: string): number => DAYS.findIndex((name) => day.slice(0, 2).toUpperCase() === name)

function englishTime([hour, minute, half, word]: (string | undefined)[]): Time {
  if (word) return { hour: word === 'noon' ? 12 : 0, minute: 0 }
  if (hour === undefined) return { hour: USUAL_HOUR, minute: 0 }
  const number = Number(hour)
  if (half && (number < 1 || number > 12)) throw invalid(`“${hour} ${half}” is not a time of day.`, HINT)
  return clock(half ? (number % 12) + (half === 'pm' ? 12 : 0) : number, Number(minute ?? 0))
}

const ZH_NUMBER = '[\\d一二两三四五六七八九十]{1,3}'
const ZH_TIME = String.raw`(?:的|在)? ?(凌晨|早上|早晨|上午|中午|下午|傍晚|晚上)? ?(?:(${ZH_NUMBER})(?:点|时|:)(半|一刻|三刻|${ZH_NUMBER})?(?:分|整)?)?`
const zh = {
  interval: new RegExp(`^每隔?(${ZH_NUMBER})?个?(分钟|小时|钟头|天|周)$`),
  daily: new RegExp(`^(?:每天|每日|天天)${ZH_TIME}$`),
  workdays: new RegExp(`^每个?工作日${ZH_TIME}$`),
  weekend: new RegExp(`^每个?周末${ZH_TIME}$`),
  weekly: new RegExp(
    `^每个?(?:周|星期|礼拜)([一二三四五六日天](?:[、,和及]?(?:周|星期)?[一二三四五六日天])*)${ZH_TIME}$`,
  ),
  monthly: new RegExp(`^每个?月(${ZH_NUMBER})[号日]${ZH_TIME}$`),
}
const ZH_SECONDS: Record<string, number> = { 分钟: 60, 小时: 3600, 钟头: 3600, 天: 86_400, 周: 604_800 }

function recurringChinese(text: string, now: number): Rule | undefined {
  const daily = zh.daily.exec(text)
  if (daily) return cron(chineseTime(daily.slice(1)), '* * *', now)
  const interval = zh.interval.exec(text)
  if (interval) return every(chineseNumber(interval[1] ?? '1') * (ZH_SECONDS[interval[2] ?? ''] ?? 60), now)
  const workdays = zh.workdays.exec(text)
  if (workdays) return cron(chineseTime(workdays.slice(1)), '* * 1-5', now)
  const weekend = zh.weekend.exec(text)
  if (weekend) return cron(chineseTime(weekend.slice(1)), '* * 0,6', now)
  const monthly = zh.monthly.exec(text)
  if (monthly)
    return cron(chineseTime(monthly.slice(2)), `${dayOfMonth(String(chineseNumber(monthly[1] ?? '')))} * *`, now)
  const weekly = zh.weekly.exec(text)
  if (!weekly) return undefined
  const days = Array.from((weekly[1] ?? '').matchAll(/[一二三四五六日天]/g), ([day]) =>
    Math.max(0, '日一二三四五六'.indexOf(day)),
  )
  return cron(chineseTime(weekly.slice(2)), `* * ${days.join(',')}`, now)
}

function chineseTime([part, hour, minute]: (string | undefined)[]): Time {
  if (hour === undefined) return { hour: part === '中午' ? 12 : part === '晚上' ? 20 : USUAL_HOUR, minute: 0 }
  const number = chineseNumber(hour)
  const isLate = part === '下午' || part === '傍晚' || part === '晚上' || (part === '中午' && number < 11)
  const minutes = { 半: 30, 一刻: 15, 三刻: 45 }[minute ?? ''] ?? (minute ? chineseNumber(minute) : 0)
  return clock(isLate && number < 12 ? number + 12 : number, minutes)
}

/** Up to 99: `15`, `十五`, `二十`, `两`. */
function chineseNumber(text: string): number {
  if (/^\d+$/.test(text)) return Number(text)
  const digit = (one: string | undefined): number => (one === '两' ? 2 : ' 一二三四五六七八九'.indexOf(one ?? ' '))
  const [tens, ones] = text.includes('十') ? text.split('十') : ['', text]
  const number = text.includes('十') ? (tens ? digit(tens) : 1) * 10 + (ones ? digit(ones) : 0) : digit(ones)
  if (number > 0) return number
  throw invalid(`“${text}” is not a number that could be understood.`, HINT)
}

function clock(hour: number, minute: number): Time {
  if (hour > 23 || minute > 59) throw invalid(`There is no ${hour}:${String(minute).padStart(2, '0')} in a day.`, HINT)
  return { hour, minute }
}

function dayOfMonth(text: string | undefined): number {
  const day = Number(text)
  if (day >= 1 && day <= 31) return day
  throw invalid(`A month has no day ${text}.`, HINT)
}

const every = (seconds: number, now: number): Rule => {
  if (seconds < 1) throw invalid('An interval is longer than nothing.', HINT)
  return { kind: 'every', rule: String(seconds), anchorAt: now }
}

const cron = ({ hour, minute }: Time, days: string, now: number): Rule => ({
  kind: 'cron',
  rule: `${minute} ${hour} ${days}`,
  anchorAt: now,
})

function biweekly(weeks: number, days: number[], { hour, minute }: Time, now: number): Rule {
  if (weeks < 1) throw invalid('An interval is longer than nothing.', HINT)
  const byDay = days.map((day) => DAYS[day]).join(',')
  return {
    kind: 'rrule',
    rule: `FREQ=WEEKLY;INTERVAL=${weeks};BYDAY=${byDay};BYHOUR=${hour};BYMINUTE=${minute}`,
    anchorAt: Math.floor(now / 60_000) * 60_000,
  }
}
