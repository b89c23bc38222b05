import type { AgentSession } from '@shared/contract'
import { version } from '@shared/version'
import type { ActivityService } from '../activity/service'
import type { AgentService } from '../agents/service'
import type { Core } from '../core'
import type { Addresses } from '../http/address'
import type { Mount } from '../http/route'
import type { RunService } from '../runs/service'
import { PRESETS } from '../runtimes/presets'
import { PROTOCOL } from '../system/protocol'

export interface StatusServices {
  agents: AgentService
  activity: ActivityService
  runs: RunService
  addresses: Addresses
  /** Where daemons connect, when that is another address than the public one. */
  daemonUrl: string | undefined
}

const USUAL = 50
const AWAY = new Set(['stale', 'offline', 'degraded'])

/** How the server and its agents are, for programs. */
export function statusRoutes(mount: Mount, core: Core, services: StatusServices): void {
  const { agents, activity, runs, addresses, daemonUrl } = services
  mount('GET /api/sessions', async ({ principal }) => ({
    items: agents
      .list(principal)
      .map(({ id, name, computerId, runtimeKind, channels, status, createdAt }): AgentSession => ({
        id,
        agentId: id,
        agent: name,
        computerId,
        runtimeKind,
        channels,
        status,
        createdAt,
      })),
  }))
  mount('GET /api/sessions/{id}/runs', async ({ principal, params, query }) => {
    const { id: agentId } = agents.get(principal, params.id)
    return runs.list(principal, { ...query, agentId })
  })
  mount('GET /api/daemon/info', async ({ principal, c }) => {
    const statuses = agents.list(principal).map(({ status }) => status)
    const ailing = statuses.some(({ health, presence }) => health !== 'ok' || AWAY.has(presence))
    return {
      serverId: core.serverId,
      serverName: 'Nekode',
      version,
      ...PROTOCOL.compatibility,
      daemonRpcUrl: daemonUrl ?? addresses.publicUrl(c),
      serverTime: Date.now(),
      health: ailing ? ('degraded' as const) : statuses.length ? ('ok' as const) : ('idle' as const),
    }
  })
  mount('GET /api/daemon/activity', async ({ principal, query: { limit = USUAL, ...query } }) => {
    const { items, nextCursor } = await activity.list(principal, { ...query, limit })
    return {
      items: items.map(({ id, target, agentId, kind, summary, detail, runId, stepId, createdAt }) => ({
        id,
        target: target || null,
        agentId: agentId || null,
        kind,
        summary,
        detail,
        runId,
        stepId,
        createdAt,
      })),
      ...(nextCursor === undefined ? {} : { nextCursor }),
    }
  })
  mount('GET /api/runtime-presets', async ({ query }) => ({
    items: PRESETS.filter(({ kind }) => kind.startsWith(query.kindPrefix ?? '')).map(
      ({ capabilities, aliases, defaultArgs, envVarNames, installHint, ...preset }) => ({
        ...preset,
        aliases: [...aliases],
        defaultArgs: [...defaultArgs],
        envVarNames: [...envVarNames],
        installHint: [...installHint],
        capabilities: capabilities.map(({ name }) => name),
      }),
    ),
  }))
}
