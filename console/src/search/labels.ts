import { t, type PlainKey } from '../i18n'
import '../i18n/en/search'
import type { Filter } from './query'

const values: Record<string, PlainKey> = {
  'has:link': 'search.has.link',
  'has:code': 'search.has.code',
  'has:file': 'search.has.file',
  'has:image': 'search.has.image',
  'is:message': 'search.is.message',
  'is:task': 'search.is.task',
  'is:file': 'search.is.file',
  'kind:note': 'kind.note',
  'kind:decision': 'kind.decision',
  'kind:blocker': 'kind.blocker',
  'kind:status': 'kind.status',
}
const days: Record<string, PlainKey> = {
  today: 'date.today',
  yesterday: 'date.yesterday',
  week: 'search.day.week',
  month: 'search.day.month',
  year: 'search.day.year',
}

/** What the values of filters are called. */
export const labels = {
  value: (filter: Filter, value: string): string => {
    const key = values[`${filter}:${value}`]
    return key ? t(key) : value
  },
  day: (key: string): string => {
    const label = days[key]
    return label ? t(label) : key
  },
}
