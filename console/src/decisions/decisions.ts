import { createMemo, createRoot } from 'solid-js'
import type { Decision } from '@shared/contract'
import { call } from '../api/client'
import { createCollection } from '../store/collection'

/** The decisions that were asked for. */
export const decisions = createCollection<Decision>({
  ofEvent: (event) => (event.kind === 'decision' ? event.payload : undefined),
  idOf: (decision) => decision.id,
  age: (decision) => decision.version,
})

const byMessage = createRoot(() =>
  createMemo(() => new Map(Object.values(decisions.items).map((decision) => [decision.messageId, decision.id]))),
)

/** The decision that a message shows, once it is here. */
export const decisionOf = (messageId: string): Decision | undefined => decisions.items[byMessage().get(messageId) ?? '']

/** The decisions of a conversation that are here, the newest first. */
export const decisionsIn = (target: string): Decision[] =>
  Object.values(decisions.items)
    .filter((decision) => decision.target === target)
    .sort((a, b) => b.id.localeCompare(a.id))

interface Reach {
  era: number
  /** Where the next older page starts; null after the last. */
  next: string | null | undefined
  loading: Promise<void> | undefined
}
const reached = new Map<string, Reach>()

/** Whether older decisions of a conversation are not here yet. */
export const hasOlder = (target: string): boolean => {
  const reach = reached.get(target)
  return !reach || reach.era !== decisions.era() || reach.next !== null
}

/** Loads the next older page of a conversation's decisions; requests of the same moment share one. Throws `ApiError`. */
export function loadDecisions(target: string): Promise<void> {
  const era = decisions.era()
  let reach = reached.get(target)
  if (!reach || reach.era !== era) reached.set(target, (reach = { era, next: undefined, loading: undefined }))
  const of = reach
  if (of.next === null) return Promise.resolve()
  return (of.loading ??= page(target, of).finally(() => (of.loading = undefined)))
}

async function page(target: string, reach: Reach): Promise<void> {
  const query = { limit: 100, ...(reach.next ? { cursor: reach.next } : {}) }
  const { items, nextCursor } = await call('GET /api/channels/{target}/decisions', { params: { target }, query })
  decisions.put(...items)
  reach.next = nextCursor ?? null
}

/** Loads decisions back to the one that `messageId` shows. */
export async function findDecision(target: string, messageId: string): Promise<void> {
  while (!decisionOf(messageId) && hasOlder(target)) {
    await loadDecisions(target)
    const oldest = decisionsIn(target).at(-1)
    if (oldest && oldest.messageId < messageId) return
  }
}
