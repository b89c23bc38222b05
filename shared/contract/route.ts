import type { z } from 'zod'

/** Who a credential stands for. `guest` is a caller without one. */
export type PrincipalKind = 'guest' | 'user' | 'agent' | 'computer' | 'endpoint'

export type Role = 'owner' | 'admin' | 'member' | 'viewer'

/**
 * What an API token may be used for; a browser session has all of what its user has. `read` sees conversations and what belongs to
 * them, `write` takes part in them, `admin` is what reaches code execution, credentials, people or the server's settings.
 */
export type Scope = 'read' | 'write' | 'admin'

export interface RouteSpec {
  summary: string
  /** Groups the route in the OpenAPI document. */
  tag: string
  who: readonly PrincipalKind[]
  /** The least role a user needs; owners and admins pass `admin`. Default: any. */
  role?: 'member' | 'admin'
  /** The scope an API token needs. Default: `read` for GET, `write` for the rest. */
  scope?: Scope
  params?: z.ZodType
  query?: z.ZodType
  body?: z.ZodType
  /** A body whose bytes the handler needs as they are, such as for a signature; the handler reads and parses it. */
  rawBody?: z.ZodType
  /** Media types of a body that is a file: the handler streams it, and bounds it while it does. */
  upload?: readonly string[]
  /** Largest accepted body in bytes. Default 1 MiB. */
  bodyLimit?: number
  response: z.ZodType
  status?: 200 | 201 | 202 | 204
  /** What the response is when it is not JSON. */
  media?:
    'text/event-stream' | 'text/plain' | 'text/x-shellscript' | 'application/octet-stream' | 'text/html' | 'image/webp'
  /** Error codes that this route adds to the common ones, for the OpenAPI document. */
  errors?: readonly string[]
}

/** A table of routes keyed by `METHOD /path/{param}`. */
export type RouteTable = Record<`${'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'} /${string}`, RouteSpec>

/** Keeps the literal keys and schema types of a table while checking its shape. */
export const routes = <const T extends RouteTable>(table: T): T => table

type In<S, K extends 'params' | 'query' | 'body'> = S extends { [P in K]: infer Z extends z.ZodType }
  ? z.input<Z>
  : never

type Given<K extends string, T> = [T] extends [never]
  ? { [P in K]?: never }
  : Record<never, never> extends T
    ? { [P in K]?: T }
    : { [P in K]: T }

/** What a caller passes to a route: path parameters, query and body, each present only where the route has it. */
export type Input<S> = Given<'params', In<S, 'params'>> & Given<'query', In<S, 'query'>> & Given<'body', In<S, 'body'>>
export type Output<S> = S extends { response: infer Z extends z.ZodType } ? z.output<Z> : never
