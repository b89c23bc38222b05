import type { Hono } from 'hono'
import { z } from 'zod'
import { bodyOf, type RouteEnv } from '../http'
import { BATCH } from '../limits'

const Requests = z
  .array(
    z.object({
      path: z.string().max(4096),
      method: z.enum(['GET', 'POST', 'PUT', 'PATCH', 'DELETE']).default('GET'),
      body: z.unknown().optional(),
    }),
  )
  .max(BATCH)
type SubRequest = z.infer<typeof Requests>[number]

const EXCLUDED = new Set(['/api/batch', '/api/ws'])

/** Several requests in one. @param whole answers each, in its place below `prefix` */
export function batchRoute(app: Hono<RouteEnv>, whole: Hono<RouteEnv>, prefix: string): void {
  app.post('/batch', async (c) => {
    const results = []
    for (const one of await bodyOf(c, Requests)) results.push(await answer(one, c.req.raw, c.env))
    return c.json(results)
  })

  async function answer({ path, method, body }: SubRequest, outer: Request, env: RouteEnv['Bindings']) {
    const { pathname } = new URL(path, 'http://localhost')
    const refuse = (message: string) => ({ path, method, body: { code: 400, message }, status: 400 })
    if (!path.startsWith('/api/') || !pathname.startsWith('/api/'))
      return refuse('this path is not allowed in batch requests')
    if (EXCLUDED.has(pathname)) return refuse('this path is excluded from batch requests')
    const headers = new Headers(outer.headers)
    for (const name of ['content-length', 'content-type', 'transfer-encoding']) headers.delete(name)
    const has = body !== undefined && method !== 'GET'
    if (has) headers.set('content-type', 'application/json')
    const inner = new Request(new URL(`${prefix}${path}`, outer.url), {
      method,
      headers,
      ...(has ? { body: JSON.stringify(body) } : {}),
    })
    const reply = await whole.fetch(inner, env)
    const text = await reply.text()
    const said = text === '' ? undefined : jsonOf(text)
    if (text !== '' && said === undefined)
      return { path, method, body: { code: 500, message: 'this answer is no JSON' }, status: 500 }
    return { path, method, ...(said === undefined ? {} : { body: said }), status: reply.status }
  }
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    // A picture, say: it has no place in the answer.
    return undefined
  }
}
