import type { ErrorBody } from '@shared/contract'
import { HTTP_STATUS, NekodeError } from '@shared/errors'
import type { Context } from 'hono'
import type { ContentfulStatusCode } from 'hono/utils/http-status'
import { HTTPException } from 'hono/http-exception'
import { ZodError } from 'zod'
import type { Logger } from '@shared/log'

export const statusOf = (e: NekodeError): ContentfulStatusCode => HTTP_STATUS[e.kind]

/** What failed in a schema, as a sentence and a list. */
export function fromZod(error: ZodError, what: string): NekodeError {
  const details = error.issues.slice(0, 20).map((issue) => ({ path: issue.path.join('.'), message: issue.message }))
  const first = details[0]
  const where = first?.path ? `${first.path}: ` : ''
  return new NekodeError('invalid', `The ${what} is not valid: ${where}${first?.message ?? 'unknown problem'}.`, {
    code: 'invalid_request',
    details,
  })
}

/** Any error as the one type; what nobody foresaw becomes `internal`, with its text in the log only. */
export function normalise(error: unknown): NekodeError {
  if (error instanceof NekodeError) return error
  if (error instanceof ZodError) return fromZod(error, 'request')
  if (error instanceof HTTPException)
    return new NekodeError(error.status === 413 ? 'too_large' : 'invalid', error.message)
  return new NekodeError('internal', 'The server failed to handle this request.', {
    next: 'Try again; if it happens again, look at the server’s log.',
    cause: error,
  })
}

/** The one place where errors become HTTP responses. */
export const onError =
  (log: Logger) =>
  (error: unknown, c: Context): Response => {
    const e = normalise(error)
    if (e.kind === 'internal')
      log.error('request failed', { path: c.req.path, method: c.req.method, error: e.cause ?? e })
    return errorResponse(e)
  }

/** What an error says to whoever asked. */
export function errorBody(e: NekodeError): ErrorBody {
  const body: ErrorBody = { error: e.message, code: e.code }
  if (e.next) body.next = e.next
  if (e.details) body.details = e.details
  if (e.data) body.data = e.data
  return body
}

export function errorResponse(e: NekodeError): Response {
  const headers: Record<string, string> = { 'cache-control': 'no-store' }
  if (e.retryAfterSeconds !== undefined) headers['retry-after'] = String(e.retryAfterSeconds)
  if (e.kind === 'unauthenticated') headers['www-authenticate'] = 'Bearer'
  return Response.json(errorBody(e), { status: statusOf(e), headers })
}
