import type { Mount } from '../http/route'
import type { Artifacts } from './service'
import { SUMS } from '@shared/release/names'

export function artifactRoutes(mount: Mount, artifacts: Artifacts): void {
  mount('GET /api/daemon/artifacts/{name}', async ({ params }) => {
    const body = await artifacts.open(params.name)
    const headers = {
      'content-type': params.name === SUMS ? 'text/plain; charset=utf-8' : 'application/octet-stream',
      'cache-control': 'no-store',
      'x-content-type-options': 'nosniff',
    }
    return new Response(body, { headers })
  })
}
