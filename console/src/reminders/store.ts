import type { Reminder } from '@shared/contract'
import { call } from '../api/client'
import { createCollection } from '../store/collection'

/** Reminders that somebody has asked for since the page was loaded, kept up to date by events. */
export const reminders = createCollection<Reminder>({
  ofEvent: (event) => (event.kind === 'reminder' ? event.payload : undefined),
  idOf: ({ id }) => id,
  age: ({ version }) => version,
})

export type Shelf = 'upcoming' | 'fired' | 'canceled'

const statuses: Record<Shelf, Reminder['status'][]> = {
  upcoming: ['active', 'paused'],
  fired: ['done', 'failed'],
  canceled: ['canceled'],
}

/** Those of one shelf: what comes next first; of what is over, the latest first. */
export const onShelf = (all: Reminder[], shelf: Shelf): Reminder[] =>
  all
    .filter(({ status }) => statuses[shelf].includes(status))
    .sort((a, b) =>
      shelf === 'upcoming'
        ? (a.nextRunAt ?? Infinity) - (b.nextRunAt ?? Infinity) || b.createdAt - a.createdAt
        : b.updatedAt - a.updatedAt,
    )

/** Fetches a page of a shelf. Returns where the next one starts. */
export async function fetchShelf(shelf: Shelf, cursor?: string): Promise<string | undefined> {
  const page = await call('GET /api/reminders', {
    query: { status: statuses[shelf].join(','), limit: 100, ...(cursor ? { cursor } : {}) },
  })
  reminders.put(...page.items)
  return page.nextCursor
}
