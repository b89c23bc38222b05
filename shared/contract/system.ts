import { z } from 'zod'
import { Time } from './common'
import { routes } from './route'

const Check = z.object({ name: z.string(), ok: z.boolean(), detail: z.string() })

/** How the server is. Sizes in bytes; null where it is not known. */
export const ServerStatus = z.object({
  version: z.string(),
  commit: z.string(),
  buildTime: z.string(),
  runtime: z.string(),
  platform: z.string(),
  startedAt: Time,
  /** Those of /ready, and whether there is room on the disk. */
  checks: z.array(Check),
  database: z.object({ kind: z.string(), bytes: z.number().nullable() }),
  /** Of the data folder. */
  disk: z.object({ total: z.number(), available: z.number() }).nullable(),
  /** That people and agents have uploaded. */
  files: z.object({ files: z.number(), bytes: z.number() }).nullable(),
  memoryBytes: z.number(),
  streams: z.number(),
  eventReaders: z.number(),
  eventsHead: z.number(),
  /** Since the start: requests, those that the server failed, and those that a limit refused. */
  requests: z.number(),
  failed: z.number(),
  refused: z.number(),
  /** Milliseconds of a request, half and 95 of 100 take less; null before the first. */
  p50: z.number().nullable(),
  p95: z.number().nullable(),
  /** For each caller; 0 is no limit. */
  limits: z.object({
    perSecond: z.number(),
    perSecondOfGuests: z.number(),
    streams: z.number(),
    streamsOfAddress: z.number(),
  }),
  /** Days that something is kept; 0 is for ever. */
  kept: z.object({ eventDays: z.number(), detailDays: z.number(), auditDays: z.number() }),
  /** The last downloads of a backup. Those that the command line made are not known here. */
  backups: z.array(z.object({ at: Time, by: z.string() })),
})
export type ServerStatus = z.infer<typeof ServerStatus>

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
      checks: z.array(Check),
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
  'GET /api/server/status': {
    summary: 'How the server is: what answers, how full and how busy it is',
    tag: 'system',
    who: ['user'],
    role: 'admin',
    scope: 'admin',
    response: ServerStatus,
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
