import { z } from 'zod'
import { routes } from './route'

export const systemRoutes = routes({
  'GET /health': {
    summary: 'The process answers',
    tag: 'system',
    who: ['guest'],
    response: z.object({ status: z.literal('ok'), version: z.string() }),
  },
  'GET /ready': {
    summary: 'The server can take work: storage answers and migrations are applied',
    tag: 'system',
    who: ['guest'],
    response: z.object({
      status: z.enum(['ready', 'unavailable']),
      checks: z.array(z.object({ name: z.string(), ok: z.boolean(), detail: z.string() })),
    }),
    errors: ['unavailable'],
  },
  'GET /metrics': {
    summary: 'Prometheus metrics',
    tag: 'system',
    who: ['guest', 'user'],
    response: z.string(),
    media: 'text/plain',
  },
  'GET /api/version': {
    summary: 'Version of this build',
    tag: 'system',
    who: ['guest'],
    response: z.object({ version: z.string(), commit: z.string(), buildTime: z.string() }),
  },
  'GET /api/protocol': {
    summary: 'The daemon protocol that this server speaks',
    tag: 'system',
    who: ['guest'],
    response: z.object({
      name: z.string(),
      protoPath: z.string(),
      documentation: z.string(),
      compatibility: z.object({
        protocolVersion: z.number(),
        minProtocolVersion: z.number(),
        maxProtocolVersion: z.number(),
      }),
    }),
  },
  'GET /api/openapi.json': {
    summary: 'This document',
    tag: 'system',
    who: ['guest'],
    response: z.record(z.string(), z.unknown()),
  },
  'GET /api/docs': {
    summary: 'This API as a page',
    tag: 'system',
    who: ['guest'],
    response: z.string(),
    media: 'text/html',
  },
})
