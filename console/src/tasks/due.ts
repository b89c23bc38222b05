import { locale, t } from '../i18n'
import '../i18n/en/tasks'
import { dayOf } from '../i18n/dates'

const day = 86_400_000
const format = (ms: number, options: Intl.DateTimeFormatOptions) =>
  new Intl.DateTimeFormat(locale(), options).format(ms)

/** “Today 17:00”, “Fri 5 Jun”: as short as it can be and still be understood. */
export function dueLabel(ms: number, now = Date.now()): string {
  const days = Math.round((dayOf(ms) - dayOf(now)) / day)
  const time = isWholeDay(ms) ? '' : `, ${format(ms, { hour: '2-digit', minute: '2-digit' })}`
  if (days === 0) return t('task.due.today') + time
  if (days === 1) return t('task.due.tomorrow') + time
  if (days === -1) return t('task.due.yesterday') + time
  const sameYear = new Date(ms).getFullYear() === new Date(now).getFullYear()
  return format(ms, { day: 'numeric', month: 'short', ...(sameYear ? {} : { year: 'numeric' }) }) + time
}

/** How urgent a due time is: the colour of its badge. */
export const dueInk = (ms: number, now = Date.now()): string =>
  ms < now ? 'text-bad' : ms < now + day ? 'text-warn' : 'text-soft'

/** What is due on a day is due at its end. */
export const endOfDay = (ms: number): number => new Date(ms).setHours(23, 59, 0, 0)
const isWholeDay = (ms: number): boolean => endOfDay(ms) === new Date(ms).setSeconds(0, 0)

/** The end of today, and so many days later. */
export const inDays = (days: number, now = Date.now()): number => {
  const date = new Date(now)
  date.setDate(date.getDate() + days)
  return endOfDay(date.getTime())
}

/** The time that words such as “next friday” or “明天下午5点” mean; undefined when they mean none. The parser is loaded when it is needed. */
export async function parseDue(text: string, now = new Date()): Promise<number | undefined> {
  const { parse } = locale() === 'zh-CN' ? await import('chrono-node/zh/hans') : await import('chrono-node/en')
  const found = parse(text, now, { forwardDate: true })[0]?.start
  if (!found) return undefined
  const ms = found.date().getTime()
  return found.isCertain('hour') ? ms : endOfDay(ms)
}
