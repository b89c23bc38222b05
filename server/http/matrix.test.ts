import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { ErrorBody, type RouteSpec, api } from '@shared/contract'
import { type Caller, type TestServer, startTestServer } from '../testing'

const KINDS = [
  'guest',
  'viewer',
  'member',
  'admin',
  'owner',
  'agent',
  'computer',
  'endpoint',
  'token that may read',
  'token that may write',
  'token that may administer',
] as const
type Kind = (typeof KINDS)[number]

/*
 * What reaches code execution, credentials, people or settings, written down once more and not taken from the table: a scope that
 * is dropped there by mistake fails here. Whoever may only write can do none of it.
 */
const ADMIN_SCOPE = `
  POST /api/auth/password
  DELETE /api/auth/sessions/{id}
  POST /api/tokens
  DELETE /api/tokens/{id}
  POST /api/users
  GET /api/users/removed
  PATCH /api/users/{id}
  DELETE /api/users/{id}
  POST /api/users/{id}/restore
  POST /api/users/{id}/reset
  GET /api/users/{id}/sessions
  DELETE /api/users/{id}/sessions
  DELETE /api/users/{id}/sessions/{session}
  DELETE /api/users/{id}/second-factor
  DELETE /api/auth/sessions
  POST /api/auth/second-factor
  POST /api/auth/second-factor/confirm
  POST /api/auth/second-factor/recovery-codes
  POST /api/auth/second-factor/disable
  GET /api/invites
  POST /api/invites
  DELETE /api/invites/{id}
  GET /api/audit
  GET /api/audit/export
  GET /api/server/status
  POST /api/agents
  POST /api/agents/onboard
  POST /api/agents/{agent}/assignment
  POST /api/computers/provision
  PATCH /api/agents/{id}
  DELETE /api/agents/{id}
  PUT /api/agents/{id}/env
  GET /api/agents/{id}/settings
  POST /api/approvals/{id}/decision
  POST /api/tunnels
  POST /api/tunnels/{id}/approve
  POST /api/tunnels/{id}/extend
  PATCH /api/computers/{id}
  DELETE /api/computers/{id}
  POST /api/computers/{id}/runtimes/{kind}/install
  GET /api/daemon/enrollments
  POST /api/daemon/enrollments
  GET /api/daemon/enrollments/{id}
  POST /api/daemon/enrollments/{id}/revoke`
  .trim()
  .split(/\n\s*/)

/** What the table says about a caller: let through, or the status and code of the refusal. */
function verdict(kind: Kind, method: string, spec: RouteSpec): 'through' | `${number} ${string}` {
  const { who, role } = spec
  // Open to this machine, and to those who may read: it looks at the caller itself.
  if (spec === api['GET /metrics'] && kind === 'token that may write') return '403 scope_missing'
  if (who.includes('guest')) return 'through'
  if (kind === 'guest') return '401 login_required'
  if (kind === 'agent' || kind === 'computer' || kind === 'endpoint')
    return who.includes(kind) ? 'through' : '403 wrong_principal'
  if (!who.includes('user')) return '403 wrong_principal'
  const scope = spec.scope ?? (method === 'GET' ? 'read' : 'write')
  if (kind === 'token that may read') return scope === 'read' ? 'through' : '403 scope_missing'
  if (kind === 'token that may write') return scope === 'write' ? 'through' : '403 scope_missing'
  const administers = kind === 'admin' || kind === 'owner' || kind === 'token that may administer'
  if (role === 'admin' && !administers) return '403 admin_only'
  if (role === 'member' && kind === 'viewer') return '403 viewer'
  return 'through'
}

const REFUSALS = ['login_required', 'wrong_principal', 'scope_missing', 'admin_only', 'viewer', 'token_invalid', 'csrf']

let server: TestServer
let callers: Record<Kind, Pick<Caller, 'fetch'>>
beforeAll(async () => {
  server = await startTestServer()
  callers = {
    guest: server.guest,
    viewer: await server.as('viewer'),
    member: await server.as('member'),
    admin: await server.as('admin'),
    owner: await server.as('owner'),
    agent: await server.agent(),
    computer: await server.computer(),
    endpoint: await server.endpoint(),
    'token that may read': await server.apiToken('read'),
    'token that may write': await server.apiToken('write'),
    'token that may administer': await server.apiToken('admin'),
  }
})
afterAll(() => server.stop())

test('every route of the table is mounted, and nothing else', () => {
  expect([...server.routes].toSorted()).toEqual(Object.keys(api).toSorted())
})

const table: [string, RouteSpec][] = Object.entries(api)

test('what reaches code execution, credentials, people or settings needs the scope “admin”', () => {
  const scopes = new Map(table.map(([key, { scope }]) => [key, scope]))
  expect(ADMIN_SCOPE.filter((key) => scopes.get(key) !== 'admin')).toEqual([])
})

test('whatever only admins may do needs the scope “admin” of a token', () => {
  expect(table.filter(([, { role, scope }]) => role === 'admin' && scope !== 'admin').map(([key]) => key)).toEqual([])
})

// It ends the very sessions that the other routes are asked with.
const ends = 'POST /api/auth/logout'
const ordered = [...table.filter(([key]) => key !== ends), ...table.filter(([key]) => key === ends)]

describe.each(ordered)('%s', (key, spec) => {
  const [method = '', template = ''] = key.split(' ')
  const path = template.replace('{target}', '%23general').replace(/\{\w+\}/g, 'xyz_0')

  test.each(KINDS.map((kind) => [kind, verdict(kind, method, spec)] as const))('%s: %s', async (kind, expected) => {
    const before = await server.events()
    const init = method === 'GET' ? {} : { method, body: '{}', headers: { 'content-type': 'application/json' } }
    const response = await callers[kind].fetch(path, init)
    if (expected === 'through') {
      const denied = response.status === 401 || response.status === 403
      const code = denied ? ErrorBody.parse(await response.json()).code : ''
      // A service may still refuse, for reasons of its own; a stream goes on.
      if (!denied) await response.body?.cancel()
      expect(REFUSALS).not.toContain(code)
      return
    }
    const { code } = ErrorBody.parse(await response.json())
    expect(`${response.status} ${code}`).toBe(expected)
    expect(await server.events()).toBe(before)
  })
})
