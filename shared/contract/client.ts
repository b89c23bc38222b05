import type { Api, ErrorBody, Input, Output, RouteKey } from './index'

/** An error response, or no response at all (`status` 0, `code` `unreachable`). */
export class ApiError extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
    message: string,
    readonly next?: string,
    readonly details?: ErrorBody['details'],
    readonly data?: ErrorBody['data'],
  ) {
    super(message)
    this.name = 'ApiError'
  }
}

export interface ClientOptions {
  /** `https://host:port`; empty in a browser, where the page's own origin serves the API. */
  baseUrl: string
  /** Headers for each request: a bearer token, or the CSRF token of a cookie session. */
  headers?: () => Record<string, string>
  fetch?: (url: string, init: RequestInit) => Promise<Response>
}

export type Call = <K extends RouteKey>(route: K, ...input: CallArguments<K>) => Promise<Output<Api[K]>>
type CallInput<K extends RouteKey> = Input<Api[K]> & { signal?: AbortSignal; idempotencyKey?: string }
type CallArguments<K extends RouteKey> =
  Record<never, never> extends Input<Api[K]> ? [input?: CallInput<K>] : [input: CallInput<K>]

interface LooseInput {
  params?: unknown
  query?: unknown
  body?: unknown
  signal?: AbortSignal
  idempotencyKey?: string
}

const entries = (v: unknown): [string, unknown][] => (typeof v === 'object' && v !== null ? Object.entries(v) : [])

/** `GET /api/channels/{target}` and `{target: '#a b'}` → `['GET', '/api/channels/%23a%20b']`. */
function address(route: string, input: LooseInput): [method: string, path: string] {
  const [method = 'GET', template = '/'] = route.split(' ')
  const params = new Map(entries(input.params))
  const path = template.replace(/\{(\w+)\}/g, (_, name: string) => encodeURIComponent(String(params.get(name) ?? '')))
  const query = new URLSearchParams()
  for (const [k, v] of entries(input.query)) if (v !== undefined) query.set(k, String(v))
  return [method, query.size ? `${path}?${query}` : path]
}

/** A typed client of the HTTP API: `call('GET /api/messages', { query: { target } })`. Throws `ApiError`. */
export function createApiClient(options: ClientOptions): Call {
  const send = options.fetch ?? ((url, init) => fetch(url, init))
  return async (route, ...rest) => {
    const input: LooseInput = rest[0] ?? {}
    const [method, path] = address(route, input)
    const headers: Record<string, string> = { accept: 'application/json', ...options.headers?.() }
    if (input.body !== undefined) headers['content-type'] = 'application/json'
    if (input.idempotencyKey) headers['idempotency-key'] = input.idempotencyKey
    const init: RequestInit = { method, headers, credentials: 'same-origin' }
    if (input.body !== undefined) init.body = JSON.stringify(input.body)
    if (input.signal) init.signal = input.signal
    let response: Response
    try {
      response = await send(options.baseUrl + path, init)
    } catch (cause) {
      if (input.signal?.aborted) throw cause
      throw new ApiError(
        0,
        'unreachable',
        'The server cannot be reached.',
        'Check that it runs and that the address is right.',
      )
    }
    const text = await response.text()
    if (!response.ok) throw failure(response.status, text)
    return response.headers.get('content-type')?.includes('json') ? JSON.parse(text) : text
  }
}

/** An error response as an `ApiError`: what it says when it is ours, else its status. */
export function failure(status: number, text: string): ApiError {
  try {
    const body: Partial<ErrorBody> = JSON.parse(text)
    return new ApiError(status, body.code ?? 'unknown', body.error ?? text, body.next, body.details, body.data)
  } catch {
    // Not our JSON: a proxy's page, or a truncated answer.
    return new ApiError(status, 'unknown', `The server answered ${status}.`)
  }
}
