import type { NotificationKind, Resolution } from '@shared/contract'
import type { RouteRow } from '../endpoints/book'

export type Reason = Resolution['dropped'][number]['reason']
export interface Scored {
  route: RouteRow
  score: number
}

export interface About {
  /** What it is; a message that mentions somebody is a message and a mention. */
  kinds: readonly Exclude<NotificationKind, 'all'>[]
  threadId: string | null
}

/**
 * Where something goes: at most one route an endpoint, the best one. A route for the very thread counts 4, for the very kind of event 2,
 * for all kinds 1; of equal ones the one that was changed last, then the lower id. What is disabled or muted takes no part.
 * @param routes those of the channel
 * @param isOpen whether anything can go to an endpoint
 */
export function resolve(
  routes: readonly RouteRow[],
  about: About,
  isOpen: (endpointId: string) => boolean,
): { items: Scored[]; dropped: { route: RouteRow; reason: Reason }[] } {
  const dropped: { route: RouteRow; reason: Reason }[] = []
  const fitting: Scored[] = []
  for (const route of routes) {
    const score = scoreOf(route, about)
    if (typeof score === 'number') fitting.push({ route, score })
    else dropped.push({ route, reason: score })
  }
  fitting.sort(
    (a, b) => b.score - a.score || b.route.updatedAt - a.route.updatedAt || (a.route.id < b.route.id ? -1 : 1),
  )
  const items: Scored[] = []
  const taken = new Set<string>()
  for (const { route, score } of fitting) {
    if (taken.has(route.endpointId)) dropped.push({ route, reason: 'outscored' })
    else if (!isOpen(route.endpointId)) dropped.push({ route, reason: 'endpoint_off' })
    else {
      taken.add(route.endpointId)
      items.push({ route, score })
    }
  }
  return { items, dropped }
}

function scoreOf(route: RouteRow, { kinds, threadId }: About): number | Reason {
  if (!route.enabled) return 'disabled'
  if (route.preference === 'muted') return 'muted'
  if (route.threadId !== '' && route.threadId !== threadId) return 'other_thread'
  const named = kinds.filter((kind) => route.eventKind === 'all' || route.eventKind === kind)
  if (!named.length) return 'other_kind'
  if (route.preference === 'mentions' && !named.includes('mention')) return 'mentions_only'
  return (route.threadId === '' ? 0 : 4) + (route.eventKind === 'all' ? 1 : 2)
}
