import type { LogEvent } from '../db/database'

const cache = new WeakMap<LogEvent, string>()

/** An event as the HTTP API shows it. Written once however many readers there are: the payload is JSON text already. */
export function eventJson(e: LogEvent): string {
  const known = cache.get(e)
  if (known !== undefined) return known
  const head = JSON.stringify({
    sequence: e.sequence,
    id: e.id,
    kind: e.kind,
    operation: e.operation,
    aggregateId: e.aggregateId,
    target: e.target,
    actor: e.actor,
    createdAt: e.createdAt,
  })
  const text = `${head.slice(0, -1)},"payload":${e.payload}}`
  cache.set(e, text)
  return text
}
