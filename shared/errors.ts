/** What went wrong, in the terms of a caller. Each adapter maps it once: HTTP status, Connect code, exit code. */
export type ErrorKind =
  | 'invalid'
  | 'unauthenticated'
  | 'forbidden'
  | 'not_found'
  | 'conflict'
  | 'gone'
  | 'precondition'
  | 'too_large'
  /** There is no room, or none left for the caller. */
  | 'full'
  /** A range of bytes that is not there. */
  | 'unsatisfiable'
  | 'unsupported_media'
  | 'throttled'
  | 'unimplemented'
  | 'unavailable'
  | 'internal'

/** What each kind is over HTTP. */
export const HTTP_STATUS = {
  invalid: 400,
  unauthenticated: 401,
  forbidden: 403,
  not_found: 404,
  conflict: 409,
  gone: 410,
  precondition: 412,
  too_large: 413,
  unsupported_media: 415,
  unsatisfiable: 416,
  throttled: 429,
  internal: 500,
  unimplemented: 501,
  unavailable: 503,
  full: 507,
} as const satisfies Record<ErrorKind, number>

export interface ErrorOptions {
  /** Stable, for programs: `name_taken`. Default: the kind. */
  code?: string
  /** What the reader does next. */
  next?: string
  details?: { path: string; message: string }[]
  /** What a program needs to go on: what is allowed, what is there now. Only what the caller may see anyway. */
  data?: Record<string, unknown>
  retryAfterSeconds?: number
  cause?: unknown
}

/** The one error type. Made where the fact is known; `message` and `next` are for people and for agents. */
export class NekodeError extends Error {
  readonly code: string
  readonly next: string | undefined
  readonly details: { path: string; message: string }[] | undefined
  readonly data: Record<string, unknown> | undefined
  readonly retryAfterSeconds: number | undefined

  constructor(
    readonly kind: ErrorKind,
    message: string,
    options: ErrorOptions = {},
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause })
    this.name = 'NekodeError'
    this.code = options.code ?? kind
    this.next = options.next
    this.details = options.details
    this.data = options.data
    this.retryAfterSeconds = options.retryAfterSeconds
  }
}

/** The text of anything that was thrown. */
export const errorText = (e: unknown): string => (e instanceof Error ? e.message : String(e))
