import { ErrorBody, type RouteSpec, api } from '@shared/contract'
import { z } from 'zod'

type Json = Record<string, unknown>

function schemaOf(schema: z.ZodType, io: 'input' | 'output'): Json {
  // The document says once, by its version, which JSON Schema it is.
  const { $schema: _, ...json } = z.toJSONSchema(schema, { io, unrepresentable: 'any', target: 'draft-2020-12' })
  return json
}

/** Every code that an error of this route may have, beyond those of the transport (`throttled`, `too_large`, `internal`). */
function errorCodes(spec: RouteSpec): string[] {
  const isOpen = spec.who.includes('guest')
  const people = spec.who.includes('user')
  const takes = spec.params ?? spec.query ?? spec.body ?? spec.rawBody ?? spec.upload
  return [
    ...(takes ? ['invalid_request'] : []),
    ...(isOpen ? [] : ['login_required', 'token_invalid', 'wrong_principal']),
    ...(people && !isOpen ? ['scope_missing'] : []),
    ...(spec.role === 'admin' ? ['admin_only'] : spec.role === 'member' ? ['viewer'] : []),
    ...(spec.params ? ['not_found'] : []),
    ...(spec.errors ?? []),
  ]
}

/** Path or query parameters out of an object schema. */
function parameters(schema: z.ZodType | undefined, where: 'path' | 'query'): Json[] {
  if (!schema) return []
  const { properties, required } = z
    .object({ properties: z.record(z.string(), z.unknown()).default({}), required: z.array(z.string()).default([]) })
    .parse(schemaOf(schema, 'input'))
  return Object.entries(properties).map(([name, s]) => ({
    name,
    in: where,
    required: where === 'path' || required.includes(name),
    schema: s,
  }))
}

/** A file as it is sent: its bytes, or a form whose field `file` it is. */
const fileOf = (types: readonly string[]): Json =>
  Object.fromEntries(
    types.map((type) => [
      type,
      type === 'multipart/form-data'
        ? {
            schema: {
              type: 'object',
              properties: { target: { type: 'string' }, file: { type: 'string', format: 'binary' } },
              required: ['file'],
            },
          }
        : { schema: { type: 'string', format: 'binary' } },
    ]),
  )

function operation(key: string, spec: RouteSpec): Json {
  const media = spec.media ?? 'application/json'
  const parts = [`For: ${spec.who.join(', ')}.`]
  if (spec.role) parts.push(`Role: ${spec.role} or above.`)
  if (spec.errors?.length) parts.push(`Error codes: ${spec.errors.join(', ')}.`)
  const op: Json = {
    operationId: key.replace(/[^A-Za-z0-9]+(\w)/g, (_, c: string) => c.toUpperCase()).replace(/\W+/g, ''),
    summary: spec.summary,
    description: parts.join(' '),
    tags: [spec.tag],
    parameters: [...parameters(spec.params, 'path'), ...parameters(spec.query, 'query')],
    responses: {
      [spec.status ?? 200]: {
        description: 'Success',
        ...(spec.status === 204
          ? {}
          : { content: { [media]: { schema: spec.media ? { type: 'string' } : schemaOf(spec.response, 'output') } } }),
      },
      default: {
        description: 'Error',
        'x-error-codes': [...new Set(errorCodes(spec))],
        content: { 'application/json': { schema: { $ref: '#/components/schemas/Error' } } },
      },
    },
  }
  const body = spec.body ?? spec.rawBody
  if (body) op.requestBody = { required: true, content: { 'application/json': { schema: schemaOf(body, 'input') } } }
  if (spec.upload) op.requestBody = { required: true, content: fileOf(spec.upload) }
  op.security = spec.who.includes('guest') ? [] : [{ bearer: [] }, { session: [] }]
  return op
}

/** OpenAPI 3.1 from the very schemas that validate requests. */
export function openapi(version: string): Json {
  const paths: Record<string, Json> = {}
  for (const [key, spec] of Object.entries(api)) {
    const [method = '', path = ''] = key.split(' ')
    paths[path] = { ...paths[path], [method.toLowerCase()]: operation(key, spec) }
  }
  return {
    openapi: '3.1.0',
    info: {
      title: 'Nekode',
      version,
      description:
        'Times are Unix milliseconds. Lists are pages: pass `nextCursor` back as `cursor`. `Idempotency-Key` makes posting the same message again safe for 24 hours.',
    },
    servers: [{ url: '/' }],
    paths,
    components: {
      schemas: { Error: schemaOf(ErrorBody, 'output') },
      securitySchemes: {
        bearer: {
          type: 'http',
          scheme: 'bearer',
          description: 'An API token (nup_…), an agent’s (nat_…) or a computer’s (ndt_…).',
        },
        session: {
          type: 'apiKey',
          in: 'cookie',
          name: 'nekode_session',
          description: 'A browser session; mutating requests also send x-csrf-token.',
        },
      },
    },
  }
}
