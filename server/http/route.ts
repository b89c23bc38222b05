import { type Api, type Output, type RouteKey, type RouteSpec, api } from '@shared/contract'
import { NekodeError } from '@shared/errors'
import { BODY_BYTES } from '@shared/limits'
import type { Context, Hono } from 'hono'
import { ZodError, type z } from 'zod'
import { type Principal, isAdmin } from '../access/principal'
import type { Credentials } from '../auth/credentials'
import type { Limits } from '../limits/service'
import { authenticate } from './authenticate'
import { fromZod, normalise, statusOf } from './errors'
import { parseJson } from './json'

type Parsed<S, K extends 'params' | 'query' | 'body'> = S extends { [P in K]: infer Z extends z.ZodType }
  ? z.output<Z>
  : undefined
type PrincipalOf<S> = S extends { who: readonly (infer K)[] } ? Extract<Principal, { kind: K }> : never

export interface RouteInput<K extends RouteKey> {
  principal: PrincipalOf<Api[K]>
  params: Parsed<Api[K], 'params'>
  query: Parsed<Api[K], 'query'>
  body: Parsed<Api[K], 'body'>
  /** The caller's key for making a repeated request safe. */
  idempotencyKey: string | undefined
  /** The caller's address, for throttling and the audit log. */
  address: string
  /** Headers to send along with the answer, by lower-case name. */
  headers: Record<string, string>
  c: Context
}

export type Handler<K extends RouteKey> = (input: RouteInput<K>) => Promise<Output<Api[K]> | Response>
export type Mount = <K extends RouteKey>(key: K, handler: Handler<K>) => void

export interface RouterOptions {
  credentials: Credentials
  limits: Limits
  addressOf: (c: Context) => string
  /** Also hold answers to their schemas: for tests, where an answer that drifts from its contract has to fail. */
  checkResponses: boolean
  /** Called after each request: for metrics. */
  observe?: (key: RouteKey, status: number, ms: number) => void
}

/** Mounts handlers by their key in the route table, which decides who may call, what is valid, and how big a body may be. */
export function router(app: Hono, options: RouterOptions): { mount: Mount; mounted: ReadonlySet<string> } {
  const mounted = new Set<string>()
  const mount: Mount = (key, handler) => {
    const spec: RouteSpec = api[key]
    const [method = '', path = ''] = key.split(' ')
    mounted.add(key)
    const answer = async (c: Context): Promise<Response> => {
      const principal = await callerOf(c, spec, options)
      admit(principal, spec, method)
      const headers: Record<string, string> = { 'cache-control': 'no-store' }
      const input = {
        principal,
        params: parse(spec.params, c.req.param(), 'address'),
        query: parse(spec.query, c.req.query(), 'query'),
        body: spec.body
          ? parse(spec.body, await json(c.req.raw, spec.bodyLimit ?? BODY_BYTES.http), 'body')
          : undefined,
        idempotencyKey: keyOf(c.req.header('idempotency-key')),
        address: options.addressOf(c),
        headers,
        c,
      }
      // The schemas of this very route have just been applied, which the compiler cannot follow through the table.
      const output = await handler(input as unknown as RouteInput<typeof key>)
      if (output instanceof Response) return output
      if (options.checkResponses) spec.response.parse(output)
      return Response.json(output, { status: spec.status ?? 200, headers })
    }
    app.on(method, path.replace(/\{(\w+)\}/g, ':$1'), async (c) => {
      const start = performance.now()
      try {
        const response = await answer(c)
        options.observe?.(key, response.status, performance.now() - start)
        return response
      } catch (error) {
        options.observe?.(key, statusOf(normalise(error)), performance.now() - start)
        throw error
      }
    })
  }
  return { mount, mounted }
}

/** A route for guests alone ignores credentials: an old cookie must not keep anybody from logging in. */
async function callerOf(
  c: Context,
  spec: RouteSpec,
  { credentials, limits, addressOf }: RouterOptions,
): Promise<Principal> {
  const guest = (): Principal => {
    limits.admitGuest(addressOf(c))
    return { kind: 'guest' }
  }
  if (spec.who.every((kind) => kind === 'guest')) return guest()
  const principal = await authenticate(c.req.raw, credentials).catch((error: unknown) => {
    guest()
    throw error
  })
  if (principal.kind === 'guest') return guest()
  limits.admit(principal)
  return principal
}

function admit(p: Principal, spec: RouteSpec, method: string): void {
  // A public route is public for everybody, logged in or not.
  if (spec.who.includes('guest')) return
  if (p.kind === 'guest')
    throw new NekodeError('unauthenticated', 'This needs a login or a token.', {
      code: 'login_required',
      next: 'Log in, or send “Authorization: Bearer …”.',
    })
  if (!spec.who.includes(p.kind))
    throw new NekodeError('forbidden', `A token of this kind (${p.kind}) may not do this.`, { code: 'wrong_principal' })
  if (p.kind !== 'user') return
  const scope = spec.scope ?? (method === 'GET' ? 'read' : 'write')
  if (p.scopes && !p.scopes.has(scope) && !p.scopes.has('admin'))
    throw new NekodeError('forbidden', `This API token lacks the scope “${scope}”.`, {
      code: 'scope_missing',
      next: 'Make a token with that scope in your settings.',
    })
  if (spec.role === 'admin' && !isAdmin(p))
    throw new NekodeError('forbidden', 'Only an admin may do this.', { code: 'admin_only' })
  if (spec.role === 'member' && p.role === 'viewer')
    throw new NekodeError('forbidden', 'You may read here, but not change anything.', { code: 'viewer' })
}

function parse(schema: z.ZodType | undefined, value: unknown, what: string): unknown {
  if (!schema) return undefined
  const result = schema.safeParse(value)
  if (!result.success) throw fromZod(result.error instanceof ZodError ? result.error : new ZodError([]), what)
  return result.data
}

function keyOf(header: string | undefined): string | undefined {
  if (header !== undefined && !/^[\x21-\x7e]{1,128}$/.test(header))
    throw new NekodeError('invalid', 'Idempotency-Key is 1 to 128 visible ASCII characters.', {
      code: 'invalid_request',
    })
  return header
}

/** The body as JSON: bounded while it is read, strict UTF-8, one value. */
async function json(request: Request, limit: number): Promise<unknown> {
  const type = request.headers.get('content-type') ?? ''
  if (!/^application\/(\S+\+)?json\b/i.test(type))
    throw new NekodeError('unsupported_media', 'The body has to be JSON.', {
      next: 'Send “Content-Type: application/json”.',
    })
  const bytes = await bounded(request, limit)
  let text: string
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch (cause) {
    throw new NekodeError('invalid', 'The body is not valid UTF-8.', { code: 'invalid_request', cause })
  }
  return parseJson(text)
}

/** A body of at most so many bytes. Throws `too_large`. */
export async function bounded(request: Request, limit: number): Promise<Uint8Array> {
  const tooLarge = (): NekodeError => new NekodeError('too_large', `The body is larger than ${limit} bytes.`)
  if (Number(request.headers.get('content-length') ?? 0) > limit) throw tooLarge()
  const chunks: Uint8Array[] = []
  let size = 0
  try {
    // A body of known size is read in one go; only one of unknown size has to be watched.
    if (request.headers.has('content-length')) chunks.push(await request.bytes())
    else if (request.body)
      for await (const chunk of request.body) {
        size += chunk.length
        if (size > limit) break
        chunks.push(chunk)
      }
  } catch (cause) {
    // Whoever hung up is not there to read this, and it is not for the log either: anybody can do it, as often as they like.
    throw new NekodeError('invalid', 'The connection was closed in the middle of the body.', {
      code: 'invalid_request',
      cause,
    })
  }
  const body = chunks.length === 1 && chunks[0] ? chunks[0] : Buffer.concat(chunks)
  if (Math.max(size, body.length) > limit) throw tooLarge()
  return body
}
