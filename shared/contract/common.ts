import { z } from 'zod'

/**
 * The vocabulary of the HTTP API. Every field that ends in `At` is Unix time in milliseconds; every id is
 * `<prefix>_` and 32 hex digits of a UUIDv7, so ids of one kind sort by creation.
 */
export const Id = z.string().regex(/^[a-z]{2,8}_[0-9A-Za-z_-]{1,64}$/, 'not an id')
export const Time = z.number().int().nonnegative()

/** `#name` for a channel, `dm:…` for a direct conversation. The `#` may be left out in paths. */
export const Target = z.string().min(1).max(200)

/** A channel may also be given as `room` or `chat`, as programs of before do. `targetIn` makes one of the three. */
export const ChannelFields = { target: Target.optional(), room: Target.optional(), chat: Target.optional() }

/** The channel that a request names by one of `ChannelFields`; none or several are an issue. For a `transform`. */
export function targetIn<
  T extends { target?: string | undefined; room?: string | undefined; chat?: string | undefined },
>(
  { target, room, chat, ...rest }: T,
  context: z.RefinementCtx,
): Omit<T, 'target' | 'room' | 'chat'> & { target: string } {
  const [named, another] = [target, room, chat].filter((name) => name !== undefined)
  if (named !== undefined && another === undefined) return { ...rest, target: named }
  context.addIssue({ code: 'custom', path: ['target'], message: 'name one channel, as target, room or chat' })
  return z.NEVER
}

/** What a person or an agent is mentioned by: `@name`. Lower case, so that one name is one someone. */
export const Handle = z
  .string()
  .regex(/^[a-z0-9][a-z0-9._-]{0,30}[a-z0-9]$|^[a-z0-9]$/, 'use 1 to 32 of a-z, 0-9, dot, dash and underscore')

export const ActorKind = z.enum(['human', 'agent', 'daemon', 'endpoint', 'system'])
export type ActorKind = z.infer<typeof ActorKind>

export const Actor = z.object({
  kind: ActorKind,
  id: z.string(),
  name: z.string(),
  displayName: z.string(),
})
export type Actor = z.infer<typeof Actor>

/** Every error response. `code` is stable and for programs, `error` is for the reader, `next` says what to do. */
export const ErrorBody = z.object({
  error: z.string(),
  code: z.string(),
  next: z.string().optional(),
  details: z.array(z.object({ path: z.string(), message: z.string() })).optional(),
  /** For programs, by `code`: what is allowed instead, or what is there now. */
  data: z.record(z.string(), z.unknown()).optional(),
})
export type ErrorBody = z.infer<typeof ErrorBody>

export const Ok = z.object({ ok: z.literal(true) })

/** A keyset page: `nextCursor` is opaque and absent on the last page. */
export const page = <T extends z.ZodType>(item: T) =>
  z.object({ items: z.array(item), nextCursor: z.string().optional() })

/** Page size and position, as query text. */
export const PageQuery = z.object({
  limit: z.coerce.number().int().min(1).max(200).optional(),
  cursor: z.string().max(500).optional(),
})

/** `true`/`1` in a query string. */
export const Flag = z.enum(['true', 'false', '1', '0']).transform((v) => v === 'true' || v === '1')
