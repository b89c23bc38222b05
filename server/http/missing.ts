import type { RouteTable } from '@shared/contract'
import { NekodeError } from '@shared/errors'
import type { Handler } from 'hono'
import { errorResponse } from './errors'

/** Answers what no route took: 405 when the address takes other methods, else 404. */
export function notFound(routes: RouteTable): Handler {
  const patterns = Object.keys(routes).map((key) => {
    const [method = '', path = ''] = key.split(' ')
    return { method, pattern: new RegExp(`^${path.replaceAll('.', '\\.').replace(/\{\w+\}/g, '[^/]+')}$`) }
  })
  return (c) => {
    const allowed = [...new Set(patterns.filter(({ pattern }) => pattern.test(c.req.path)).map(({ method }) => method))]
    if (!allowed.length)
      return errorResponse(
        new NekodeError('not_found', 'The API has nothing at this address.', { next: 'Look at GET /api/docs.' }),
      )
    const response = errorResponse(
      new NekodeError('unimplemented', `This address does not take ${c.req.method}.`, {
        code: 'method_not_allowed',
        next: `Use ${allowed.join(' or ')}.`,
      }),
    )
    return new Response(response.body, {
      status: 405,
      headers: { ...Object.fromEntries(response.headers), allow: allowed.join(', ') },
    })
  }
}
