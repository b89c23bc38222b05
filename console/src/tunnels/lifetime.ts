import { t } from '../i18n'
import '../i18n/en/machines'

/** How long something may be kept open, in seconds, as a form offers it. */
export const lifetimes = ['1800', '3600', '7200', '28800', '86400'] as const
export type Lifetime = (typeof lifetimes)[number]

/** “30 minutes”, “2 hours”, “a day”. */
export function lifetimeText(value: Lifetime): string {
  const minutes = Number(value) / 60
  if (minutes >= 1440) return t('machine.day')
  return minutes < 60 ? t('machine.minutes', { n: minutes }) : t('machine.hours', { n: minutes / 60 })
}
