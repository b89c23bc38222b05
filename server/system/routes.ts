import type { ServerStatus } from '@shared/contract'
import { NekodeError } from '@shared/errors'
import { buildTime, commit, version } from '@shared/version'
import type { Addresses } from '../http/address'
import { openapi } from '../http/openapi'
import type { Mount } from '../http/route'
import { docsPage } from './docs'
import { PROTOCOL } from './protocol'
import type { SystemService } from './service'

export function systemRoutes(
  mount: Mount,
  system: SystemService,
  addresses: Addresses,
  status: () => Promise<ServerStatus>,
): void {
  let document: Record<string, unknown> | undefined
  const describe = (): Record<string, unknown> => (document ??= openapi(version))

  mount('GET /health', async () => system.health())
  mount('GET /ready', async () => {
    const checks = await system.ready()
    const ok = checks.every((check) => check.ok)
    const body = { status: ok ? ('ready' as const) : ('unavailable' as const), checks }
    return ok
      ? body
      : Response.json(body, { status: 503, headers: { 'cache-control': 'no-store', 'retry-after': '5' } })
  })
  mount('GET /metrics', async ({ principal, c }) => {
    // A public route lets everybody in: a computer's or an agent's token counts for nothing here.
    if (principal.kind !== 'user' && !addresses.isLocal(c))
      throw new NekodeError('unauthenticated', 'Metrics are for this machine, or for an API token.', {
        code: 'login_required',
        next: 'Send “Authorization: Bearer …” with a token of the scope read.',
      })
    if (
      principal.kind === 'user' &&
      principal.scopes &&
      !principal.scopes.has('read') &&
      !principal.scopes.has('admin')
    )
      throw new NekodeError('forbidden', 'This API token lacks the scope “read”.', { code: 'scope_missing' })
    return new Response(system.metrics.render(), {
      headers: { 'content-type': 'text/plain; version=0.0.4; charset=utf-8', 'cache-control': 'no-store' },
    })
  })
  mount('GET /api/version', async () => ({ version, commit, buildTime }))
  mount('GET /api/server/status', status)
  mount('GET /api/protocol', async () => PROTOCOL)
  mount('GET /api/openapi.json', async () => describe())
  mount('GET /api/docs', async () => docsPage(describe()))
}
