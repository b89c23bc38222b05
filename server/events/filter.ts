import { EventOperation, type EventScope, type EventScopeType } from '@shared/gen/nekode/daemon/v1/common_pb'

/** What an event belongs to. */
export interface Scope {
  scopeType: EventScopeType
  scopeId: string
  target: string
}

/** Filters of a subscription. Those that are empty let everything through. */
export interface Filter<K> {
  kinds: readonly K[]
  operations: readonly EventOperation[]
  scopes: readonly EventScope[]
  targets: readonly string[]
}

export function passes<K>(
  filter: Filter<K>,
  event: { kind: K; operation: EventOperation; scope: Scope; target: string },
): boolean {
  const { kinds, operations, scopes, targets } = filter
  return (
    (!kinds.length || kinds.includes(event.kind)) &&
    (!operations.length || operations.includes(event.operation)) &&
    (!targets.length || targets.includes(event.target)) &&
    (!scopes.length || scopes.some((scope) => covers(scope, event)))
  )
}

/** What a filter leaves empty it does not ask about. */
const covers = (filter: EventScope, { scope, target }: { scope: Scope; target: string }): boolean =>
  (!filter.scopeType || filter.scopeType === scope.scopeType) &&
  (filter.scopeId === '' || filter.scopeId === scope.scopeId) &&
  (filter.target === '' || filter.target === target)

const OPERATIONS: Record<string, EventOperation> = {
  created: EventOperation.CREATED,
  updated: EventOperation.UPDATED,
  deleted: EventOperation.DELETED,
  state_changed: EventOperation.STATE_CHANGED,
  appended: EventOperation.APPENDED,
}

export const operationOf = (operation: string): EventOperation => OPERATIONS[operation] ?? EventOperation.UNSPECIFIED
