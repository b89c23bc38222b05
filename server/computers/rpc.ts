import { NekodeError } from '@shared/errors'
import type { ComputerInfo } from '@shared/gen/nekode/daemon/v1/computers_pb'
import type { AgentService } from '../agents/service'
import { readStatus } from '../agents/wire'
import type { Core } from '../core'
import { callerOf, computerOf, mustBeSelf } from '../rpc/caller'
import type { Handlers } from '../rpc/handlers'
import { pagesOf, readPage } from '../rpc/page'
import { seconds, wireLease } from '../rpc/wire'
import type { RunService } from '../runs/service'
import { listPresets } from '../runtimes/presets'
import { readInventory } from './inventory'
import { readResources } from './resources'
import type { Computers, Lease } from './service'
import type { Facts } from './view'

type Method = 'registerComputer' | 'heartbeatComputer' | 'syncComputerInventory' | 'listRuntimePresets'

/** What daemons before this protocol call the inventory that they never report. They do not renew the leases of their runs either. */
const LEGACY_INVENTORY = 'daemon-minimal-v1'
/** Their runs end by themselves after ten minutes; one that is still there later has lost its process. */
const LEGACY_RUN_MS = 15 * 60_000

/** What a registration's inventory is called: it carries no version of its own. */
const INITIAL = 'initial'

export function computerRpc(
  core: Core,
  { computers, agents, runs }: { computers: Computers; agents: AgentService; runs: RunService },
): Handlers<Method> {
  const lease = (computerId: string, { id, expiresAt }: Lease, info: ComputerInfo | undefined) =>
    wireLease({ id, holder: info?.daemonId || computerId, type: 'computer', resource: computerId, expiresAt })
  return {
    async registerComputer({ info, inventory }, context) {
      const p = computerOf(context)
      mustBeSelf(p, info?.computerId)
      if (!info) throw new NekodeError('invalid', 'The computer’s info is missing.', { code: 'invalid_request' })
      const found = { runtimes: readInventory(inventory), version: INITIAL }
      const made = await computers.register(
        p,
        factsOf(info),
        found,
        readResources(info.capabilities, Date.now()) ?? null,
      )
      return { accepted: true, serverTimeUnix: seconds(Date.now()), lease: lease(p.id, made, info) }
    },

    async heartbeatComputer(req, context) {
      const p = computerOf(context)
      const { info, inventory, inventoryVersion, leaseId } = req
      mustBeSelf(p, info?.computerId)
      const complete = req.inventoryFullSnapshot && inventory !== undefined
      const renewed = await computers.heartbeat(p, {
        leaseId,
        ...(info ? { facts: factsOf(info), resources: readResources(info.capabilities, Date.now()) } : {}),
        ...(complete ? { inventory: { runtimes: readInventory(inventory), version: inventoryVersion } } : {}),
      })
      for (const status of req.agentStatuses) {
        // An agent that moved away or that an older daemon made up is no reason to call the computer dead.
        if (core.directory.agent(status.agentId)?.computerId !== p.id) continue
        await agents.reportStatus(p, status.agentId, readStatus(status))
      }
      if (inventoryVersion === LEGACY_INVENTORY) await runs.renewAll(p, LEGACY_RUN_MS)
      return {
        accepted: true,
        serverTimeUnix: seconds(Date.now()),
        nextHeartbeatAfterSeconds: renewed.heartbeatAfterSeconds,
        lease: lease(p.id, renewed, info),
      }
    },

    async syncComputerInventory({ info, inventory, inventoryVersion }, context) {
      const p = computerOf(context)
      mustBeSelf(p, info?.computerId)
      const { version } = await computers.syncInventory(p, info ? factsOf(info) : {}, {
        runtimes: readInventory(inventory),
        version: inventoryVersion,
      })
      return { accepted: true, inventoryVersion: version, serverTimeUnix: seconds(Date.now()) }
    },

    async listRuntimePresets(req, context) {
      callerOf(context)
      const { includeExperimental, kindPrefix } = req
      const presets = listPresets({ includeExperimental, kindPrefix })
      const page = await readPage(
        core.serverId,
        req,
        {},
        pagesOf(presets, (preset) => preset.kind),
      )
      return {
        presets: page.items.map(({ aliases, defaultArgs, envVarNames, installHint, capabilities, ...rest }) => ({
          ...rest,
          aliases: [...aliases],
          defaultArgs: [...defaultArgs],
          envVarNames: [...envVarNames],
          installHint: [...installHint],
          capabilities: [...capabilities],
        })),
        ...page.next,
      }
    },
  }
}

const factsOf = (info: ComputerInfo): Facts => ({
  daemonId: info.daemonId,
  displayName: info.displayName,
  hostname: info.hostname,
  os: info.os,
  arch: info.arch,
  version: info.version,
})
