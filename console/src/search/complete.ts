import { state } from '../store/state'
import { channels, browsable, channelTitle, dms } from '../app/unread'
import { fit } from '../app/fuzzy'
import { FILTERS, type Filter } from './query'

/** One value that a filter may have. */
export interface Choice {
  value: string
  label: string
  hint?: string | undefined
}

const day = (ms: number) => new Date(ms).toISOString().slice(0, 10)

/** Days that somebody may mean, by name. */
export function days(now = Date.now()): { value: string; key: 'today' | 'yesterday' | 'week' | 'month' | 'year' }[] {
  const ago = (n: number) => day(now - n * 86_400_000)
  return [
    { value: ago(0), key: 'today' },
    { value: ago(1), key: 'yesterday' },
    { value: ago(7), key: 'week' },
    { value: ago(30), key: 'month' },
    { value: ago(365), key: 'year' },
  ]
}

const people = (): Choice[] =>
  [
    ...Object.values(state.users).map((user) => ({ value: `@${user.username}`, label: user.displayName })),
    ...Object.values(state.agents).map((agent) => ({ value: `@${agent.name}`, label: agent.displayName })),
  ].map((choice) => ({ ...choice, hint: choice.value }))

const places = (): Choice[] =>
  [...channels(), ...dms(), ...browsable()].map((channel) => ({
    value: channel.target,
    label: channel.kind === 'dm' ? channelTitle(channel) : channel.target,
  }))

/** What `filter` may be, best fit first. Dates have their names from `dayLabel`. */
export function choices(
  filter: Filter,
  typed: string,
  labels: { value: (filter: Filter, value: string) => string; day: (key: string) => string },
): Choice[] {
  const fixed = FILTERS[filter]
  const all: Choice[] =
    filter === 'from'
      ? people()
      : filter === 'in'
        ? places()
        : fixed
          ? fixed.map((value) => ({ value, label: labels.value(filter, value), hint: `${filter}:${value}` }))
          : days().map(({ value, key }) => ({ value, label: labels.day(key), hint: value }))
  return all
    .map((choice) => ({ choice, score: Math.max(fit(choice.label, typed), fit(choice.value, typed)) }))
    .filter(({ score }) => score > 0)
    .sort((a, b) => b.score - a.score)
    .slice(0, 8)
    .map(({ choice }) => choice)
}
