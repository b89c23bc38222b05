import { NekodeError } from '@shared/errors'
import { type Idempotency, type Once, always } from '../idempotency/service'
import type { Caller } from './caller'

/** What every write has in common. */
export interface Keyed {
  requestId: string
  idempotencyKey: string
}

/** The caller's key for making a repetition safe: `idempotency_key`, or `request_id` of older clients. */
export function keyOf(request: Keyed): string | undefined {
  const key = request.idempotencyKey || request.requestId
  if (key.length > 128)
    throw new NekodeError('invalid', 'An idempotency key has at most 128 characters.', { code: 'invalid_request' })
  return key || undefined
}

/**
 * Makes a call's work happen once for the caller's key.
 * @param about what the key stands for: the same key with anything else is `idempotency_conflict`
 */
export function onceFor(
  idempotency: Idempotency,
  caller: Caller,
  method: string,
  request: Keyed,
  about: Record<string, unknown>,
): Once {
  const key = keyOf(request)
  if (key === undefined) return always
  const call = { principal: `${caller.kind}:${caller.id}`, method, key, request: about }
  return (tx, perform, keep) => idempotency.once(tx, call, perform, keep)
}
