import type { Context } from 'hono'
import type { z } from 'zod'
import type { Session } from './session'
import { JSON_BYTES } from './limits'
import { badRequest, forbidden, Refusal } from './refusal'

/** What is known of each request beside itself. */
export interface RouteEnv {
  Bindings: {
    /** Of whoever asks. */
    address: string
  }
  Variables: { session: Session }
}
export type RouteContext = Context<RouteEnv>

/**
 * The body of a request.
 * @throws Refusal 400, 413
 */
export async function bodyOf<S extends z.ZodType>(c: RouteContext, schema: S): Promise<z.infer<S>> {
  const text = await textOf(c.req.raw)
  if (text.trim() === '') throw badRequest('no data provided')
  const parsed = schema.safeParse(jsonOf(text))
  if (!parsed.success) throw badRequest('unable to parse provided data')
  return parsed.data
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    // Not JSON: the same to the caller as JSON of another shape.
    return undefined
  }
}

async function textOf(request: Request): Promise<string> {
  const pieces: Uint8Array[] = []
  let size = 0
  for await (const piece of request.body ?? []) {
    size += piece.length
    if (size > JSON_BYTES) throw new Refusal(413, 'the body is too large')
    pieces.push(piece)
  }
  return Buffer.concat(pieces).toString('utf8')
}

export function demandAdmin(session: Session): void {
  if (!session.profile.is_admin) throw forbidden('session is not admin')
}

export function demandWatch(session: Session): void {
  if (!session.profile.can_watch) throw forbidden('session cannot watch')
}

export function demandClipboard(session: Session): void {
  if (!session.profile.can_access_clipboard) throw forbidden('session cannot access clipboard')
}

/** What Neko answers when there is nothing to say. */
export const done = (c: RouteContext): Response => c.body(null, 204)

export const image = (bytes: Uint8Array, type: string): Response =>
  new Response(Buffer.from(bytes), { headers: { 'content-type': type, 'cache-control': 'no-store' } })
