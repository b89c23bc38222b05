import type { RuntimeInfo } from '@shared/contract'
import { NekodeError } from '@shared/errors'
import type { Computers, Lease } from '../computers/service'
import type { Mount } from '../http/route'
import { PRESETS } from '../runtimes/presets'

/** Being there, for a program that answers an agent's deliveries over HTTP instead of a daemon. */
export function presenceRoutes(mount: Mount, computers: Computers): void {
  mount('POST /api/computers/connect', async ({ principal, body: { runtimes, hostname = '', ...facts } }) => {
    const { os = '', arch = '', version = '' } = facts
    const lease = await computers.register(
      principal,
      { daemonId: '', displayName: '', hostname, os, arch, version },
      { runtimes: [...new Set(runtimes)].map(runtimeOf), version: 'http' },
    )
    return { ...beat(lease), computer: await computers.get(principal.id) }
  })
  mount('POST /api/computers/{id}/heartbeat', async ({ principal, params, body }) => {
    if (params.id !== principal.id)
      throw new NekodeError('forbidden', `This token belongs to the computer ${principal.id}, not to ${params.id}.`, {
        code: 'foreign_computer',
      })
    return beat(await computers.heartbeat(principal, { leaseId: body.leaseId ?? '' }))
  })
}

const beat = ({ id, expiresAt, heartbeatAfterSeconds }: Lease) => ({ leaseId: id, expiresAt, heartbeatAfterSeconds })

/** What a program says it can answer for is there; more than that is not known of it. */
const runtimeOf = (kind: string): RuntimeInfo => ({
  kind,
  displayName: PRESETS.find((preset) => preset.kind === kind)?.displayName ?? kind,
  installed: true,
  version: '',
  login: 'unknown',
  nextStep: '',
  installCommand: '',
  canInstall: false,
  models: [],
  demo: kind === 'demo',
})
