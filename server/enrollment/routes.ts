import { NekodeError } from '@shared/errors'
import type { Context } from 'hono'
import { errorResponse } from '../http/errors'
import type { Mount } from '../http/route'
import { type Release, type ScriptKind, installCommands, releaseUrl } from '../install/release'
import type { Enrollments } from './service'

export interface EnrollmentRouteOptions {
  /** The address of this server for others, as a request shows it or as it is configured. No slash at the end. */
  publicUrl: (c: Context) => string
  /** Where daemons connect, when that is another address. */
  daemonUrl: string | undefined
  release: Release
}

const TYPES: Record<ScriptKind, string> = {
  sh: 'text/x-shellscript; charset=utf-8',
  ps1: 'text/plain; charset=utf-8',
}

export function enrollmentRoutes(
  mount: Mount,
  enrollments: Enrollments,
  { publicUrl, daemonUrl, release }: EnrollmentRouteOptions,
): void {
  mount('GET /api/daemon/enrollments', async () => ({ items: await enrollments.list() }))
  mount('POST /api/daemon/enrollments', async ({ principal, body, address, c }) => {
    const serverUrl = publicUrl(c)
    const { enrollment, code } = await enrollments.create(principal, body, address)
    return { enrollment, commands: installCommands(serverUrl, enrollment.id, code) }
  })
  mount('GET /api/daemon/enrollments/{id}', ({ params }) => enrollments.get(params.id))
  mount('POST /api/daemon/enrollments/{id}/revoke', ({ principal, params, address }) =>
    enrollments.revoke(principal, params.id, address),
  )

  const install = (kind: ScriptKind, id: string, code: string, c: Context): Promise<Response> =>
    asText(async () => {
      const { displayName } = await enrollments.check(id, code)
      const context = { serverUrl: publicUrl(c), release }
      const { installScript } = await import('../install/scripts')
      return script(kind, installScript(kind, context, { id, code, daemonUrl: daemonUrl ?? publicUrl(c), displayName }))
    })
  mount('GET /api/daemon/enrollments/{id}/install.sh', ({ params, query, c }) =>
    install('sh', params.id, query.code, c),
  )
  mount('GET /api/daemon/enrollments/{id}/install.ps1', ({ params, query, c }) =>
    install('ps1', params.id, query.code, c),
  )
  mount('GET /api/daemon/scripts/{name}', ({ params, c }) =>
    asText(async () => {
      const kind = params.name.endsWith('.sh') ? 'sh' : 'ps1'
      const { managementScript } = await import('../install/scripts')
      return script(kind, managementScript(params.name, { serverUrl: publicUrl(c), release }))
    }),
  )
  mount('GET /api/daemon/release', () => Promise.resolve({ version: release.version, baseUrl: releaseUrl(release) }))

  mount('POST /api/daemon/enrollments/{id}/redeem', async ({ params, body, address, c }) => ({
    serverUrl: daemonUrl ?? publicUrl(c),
    ...(await enrollments.redeem(params.id, body, address)),
  }))
  mount('POST /api/daemon/agents/{id}/token', ({ principal, params }) => enrollments.agentToken(principal, params.id))
}

// Without `no-store` a code or a new installer would live on in some proxy.
const script = (kind: ScriptKind, text: string): Response =>
  new Response(text, {
    headers: { 'content-type': TYPES[kind], 'cache-control': 'no-store', 'x-content-type-options': 'nosniff' },
  })

/** These routes are opened by `curl -f` and by people in a browser: errors are sentences, not JSON. */
async function asText(make: () => Promise<Response>): Promise<Response> {
  try {
    return await make()
  } catch (error) {
    if (!(error instanceof NekodeError)) throw error
    const { status, headers } = errorResponse(error)
    headers.set('content-type', 'text/plain; charset=utf-8')
    return new Response(`${[error.message, error.next].filter(Boolean).join('\n')}\n`, { status, headers })
  }
}
