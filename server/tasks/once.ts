import type { Core } from '../core'
import { type Once, always } from '../idempotency/service'
import type { Worker } from './book'

/** Makes a repeated HTTP request safe by the key of its caller. */
export function onceOf(core: Core, p: Worker, method: string, key: string | undefined, request: unknown): Once {
  if (key === undefined) return always
  const call = { principal: `${p.kind}:${p.id}`, method, key, request }
  return (tx, perform, keep) => core.idempotency.once(tx, call, perform, keep)
}
