import { z } from 'zod'
import { Id, Ok, Time, page } from './common'
import { routes } from './route'
import { AgentToken, MeasuredResources, RuntimeInfo } from './machines'

export * from './machines'

/** How busy and how full a computer is. */
export const ComputerResources = MeasuredResources.extend({
  /** When it was measured. */
  measuredAt: Time,
})
export type ComputerResources = z.infer<typeof ComputerResources>

export const Computer = z.object({
  id: Id,
  displayName: z.string(),
  hostname: z.string(),
  os: z.string(),
  arch: z.string(),
  version: z.string(),
  /** The computer that the server itself runs on. */
  local: z.boolean(),
  status: z.enum(['online', 'stale', 'offline']),
  lastSeenAt: Time.nullable(),
  runtimes: z.array(RuntimeInfo),
  /** Null for a daemon that does not measure them. An event tells when they have changed by a step worth seeing. */
  resources: ComputerResources.nullable(),
  createdAt: Time,
  updatedAt: Time,
})
export type Computer = z.infer<typeof Computer>

export const Enrollment = z.object({
  id: Id,
  computerId: Id,
  displayName: z.string(),
  status: z.enum(['pending', 'redeemed', 'connected', 'revoked', 'expired']),
  createdAt: Time,
  /** When the install code stops working. */
  expiresAt: Time,
  connectedAt: Time.nullable(),
})
export type Enrollment = z.infer<typeof Enrollment>

/** One-line installers. They hold a one-use code that expires, never a token. */
export const InstallCommands = z.object({ shell: z.string(), powershell: z.string() })

const ById = z.object({ id: Id })
const Code = z.object({ code: z.string().max(100) })

export const computerRoutes = routes({
  'GET /api/computers': { summary: 'Computers', tag: 'computers', who: ['user'], response: page(Computer) },
  'GET /api/computers/{id}': {
    summary: 'One computer',
    tag: 'computers',
    who: ['user'],
    params: ById,
    response: Computer,
  },
  'PATCH /api/computers/{id}': {
    summary: 'Rename a computer',
    tag: 'computers',
    who: ['user'],
    role: 'admin',
    scope: 'admin',
    params: ById,
    body: z.strictObject({ displayName: z.string().trim().min(1).max(80) }),
    response: Computer,
  },
  'DELETE /api/computers/{id}': {
    summary: 'Remove a computer: its token stops working and its open streams end',
    tag: 'computers',
    who: ['user'],
    role: 'admin',
    scope: 'admin',
    params: ById,
    response: Ok,
  },
  'POST /api/computers/{id}/refresh': {
    summary: 'Look for coding agents again',
    tag: 'computers',
    who: ['user'],
    role: 'member',
    status: 202,
    params: ById,
    response: Ok,
  },
  'POST /api/computers/{id}/runtimes/{kind}/install': {
    summary: 'Install a coding agent on the computer',
    tag: 'computers',
    who: ['user'],
    role: 'admin',
    scope: 'admin',
    status: 202,
    params: ById.extend({ kind: z.string().max(64) }),
    response: z.object({ operationId: Id }),
  },
  'GET /api/daemon/enrollments': {
    summary: 'Enrollments',
    tag: 'enrollment',
    who: ['user'],
    role: 'admin',
    scope: 'admin',
    response: page(Enrollment),
  },
  'POST /api/daemon/enrollments': {
    summary: 'Enroll a computer; the install code is in this answer only',
    tag: 'enrollment',
    who: ['user'],
    role: 'admin',
    scope: 'admin',
    status: 201,
    body: z.strictObject({
      displayName: z.string().trim().min(1).max(80).optional(),
      /** Enroll a known computer again: it keeps its identity, its old token stops working. */
      computerId: Id.optional(),
      ttlSeconds: z.number().int().min(60).max(86_400).optional(),
    }),
    response: z.object({ enrollment: Enrollment, commands: InstallCommands }),
  },
  'GET /api/daemon/enrollments/{id}': {
    summary: 'One enrollment',
    tag: 'enrollment',
    who: ['user'],
    role: 'admin',
    scope: 'admin',
    params: ById,
    response: Enrollment,
  },
  'POST /api/daemon/enrollments/{id}/revoke': {
    summary: 'Revoke an enrollment and its computer’s token',
    tag: 'enrollment',
    who: ['user'],
    role: 'admin',
    scope: 'admin',
    params: ById,
    response: Enrollment,
  },
  'GET /api/daemon/enrollments/{id}/install.sh': {
    summary: 'Install script for Linux and macOS',
    tag: 'enrollment',
    who: ['guest'],
    params: ById,
    query: Code,
    response: z.string(),
    media: 'text/x-shellscript',
    errors: ['code_invalid', 'code_expired', 'code_used', 'code_revoked'],
  },
  'GET /api/daemon/enrollments/{id}/install.ps1': {
    summary: 'Install script for Windows',
    tag: 'enrollment',
    who: ['guest'],
    params: ById,
    query: Code,
    response: z.string(),
    media: 'text/plain',
    errors: ['code_invalid', 'code_expired', 'code_used', 'code_revoked'],
  },
  'POST /api/daemon/enrollments/{id}/redeem': {
    summary: 'Exchange the install code for the computer’s token; works once',
    tag: 'enrollment',
    who: ['guest'],
    params: ById,
    body: z.strictObject({
      code: z.string().max(100),
      hostname: z.string().max(255).optional(),
      os: z.string().max(32).optional(),
      arch: z.string().max(32).optional(),
    }),
    response: z.object({ serverUrl: z.string(), token: z.string(), computerId: Id, displayName: z.string() }),
    errors: ['code_invalid', 'code_expired', 'code_used', 'code_revoked'],
  },
  'POST /api/daemon/agents/{id}/token': {
    summary: 'A fresh token for one of the computer’s own agents; the earlier one stops working',
    tag: 'enrollment',
    who: ['computer'],
    params: ById,
    response: AgentToken,
  },
  'GET /api/daemon/scripts/{name}': {
    summary: 'upgrade, reinstall and uninstall scripts (.sh, .ps1) for installed daemons',
    tag: 'enrollment',
    who: ['guest'],
    params: z.object({
      name: z.enum(['upgrade.sh', 'reinstall.sh', 'uninstall.sh', 'upgrade.ps1', 'reinstall.ps1', 'uninstall.ps1']),
    }),
    response: z.string(),
    media: 'text/plain',
  },
  'GET /api/daemon/release': {
    summary: 'The daemon that this server wants its computers to have, and where it is to be had besides the server',
    tag: 'enrollment',
    who: ['guest'],
    response: z.object({
      version: z.string(),
      /** A folder with archives and their SHA256SUMS.txt. */
      baseUrl: z.string(),
    }),
  },
  'GET /api/daemon/artifacts/{name}': {
    summary: 'A daemon archive that the server holds, or SHA256SUMS.txt',
    tag: 'enrollment',
    who: ['guest'],
    params: z.object({
      name: z
        .string()
        .regex(/^[A-Za-z0-9._-]+$/)
        .max(120),
    }),
    response: z.string(),
    media: 'application/octet-stream',
  },
})
