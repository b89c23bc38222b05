import { NekodeError } from '@shared/errors'
import { z } from 'zod'

/** What an answer depends on. Credentials are no part of it: the tenant tells callers apart. */
export interface KeyParts {
  /** Whose answer it is; a hit never crosses. */
  tenant: string
  /** Whole address of the call at its endpoint. */
  address: string
  /** Headers that change the answer, such as `anthropic-version`. */
  headers: Readonly<Record<string, string>>
  /** The request as JSON: model, parameters, tools, messages. */
  body: Readonly<Record<string, unknown>>
}

/** The answer does not depend on these: who asks, and how the provider keeps its own cache. */
const BESIDE = new Set([
  'user',
  'metadata',
  'client_metadata',
  'safety_identifier',
  'prompt_cache_key',
  'prompt_cache_retention',
])

/** Nesting beyond this is no request that a model understands. */
const MAX_DEPTH = 200

/**
 * The key of a request: SHA-256 in hex over one canonical form of what the answer depends on.
 * @throws NekodeError invalid `not_canonical` for a body of which two different ones would have the same key
 */
export function keyOf({ tenant, address, headers, body }: KeyParts): string {
  const { stream, ...asking } = Object.fromEntries(Object.entries(body).filter(([name]) => !BESIDE.has(name)))
  const rest = Array.isArray(asking.input) ? { ...asking, input: asking.input.map(withoutLabel) } : asking
  // `stream: false` is what leaving it out means.
  const asked = canonical(stream === true ? { ...rest, stream } : rest)
  return digest(`call\n${canonical([tenant, address, headers])}\n${asked}`)
}

/** What a person says in the Responses API may carry an id, which Codex makes anew each time; the model does not see it. */
function withoutLabel(item: unknown): unknown {
  if (typeof item !== 'object' || item === null || !Said.safeParse(item).success) return item
  return Object.fromEntries(Object.entries(item).filter(([name]) => name !== 'id'))
}

const Said = z.looseObject({ type: z.literal('message').optional(), role: z.enum(['user', 'developer', 'system']) })

/** The key of a value that a program keeps under a name of its own choice. */
export const valueKey = (tenant: string, name: string): string => digest(`value\n${canonical([tenant, name])}`)

const digest = (text: string): string => new Bun.CryptoHasher('sha256').update(text).digest('hex')

/**
 * A JSON value as text in one form, as RFC 8785 has it: names sorted by their UTF-16 code units, nothing between.
 * @throws NekodeError invalid `not_canonical`
 */
export function canonical(value: unknown, depth = 0): string {
  if (typeof value === 'number') return number(value)
  if (typeof value !== 'object' || value === null) return JSON.stringify(value) ?? 'null'
  if (depth > MAX_DEPTH) throw refused(`nests deeper than ${MAX_DEPTH}`)
  if (Array.isArray(value)) return `[${value.map((item) => canonical(item, depth + 1)).join(',')}]`
  const fields = Object.entries(value)
    .filter(([, field]) => field !== undefined)
    .sort(([a], [b]) => (a < b ? -1 : 1))
  return `{${fields.map(([name, field]) => `${JSON.stringify(name)}:${canonical(field, depth + 1)}`).join(',')}}`
}

/** A whole number beyond 2^53 has lost digits when it was read, so that another one would look the same. */
function number(value: number): string {
  if (!Number.isFinite(value) || (Number.isInteger(value) && !Number.isSafeInteger(value)))
    throw refused('has a number that cannot be read exactly')
  return JSON.stringify(value)
}

const refused = (why: string): NekodeError =>
  new NekodeError('invalid', `The request ${why}; it is not cached.`, { code: 'not_canonical' })
