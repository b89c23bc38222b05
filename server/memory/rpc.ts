import { NekodeError } from '@shared/errors'
import type { Core } from '../core'
import { callerOf } from '../rpc/caller'
import type { Handlers } from '../rpc/handlers'
import { onceFor } from '../rpc/once'
import { readPage } from '../rpc/page'
import { parseTarget } from '../rpc/target'
import type { MemoryService } from './service'
import { readMemory, scopeOf, wireMemory } from './wire'

export function memoryRpc(core: Core, memory: MemoryService): Handlers<'listAgentMemory' | 'upsertAgentMemory'> {
  return {
    async listAgentMemory(req, context) {
      const caller = callerOf(context)
      const agentId = req.agentId || (caller.kind === 'agent' ? caller.id : '')
      const target = parseTarget(req.target).target || undefined
      const about = { target: req.target, aggregateId: agentId }
      const page = await readPage(core.serverId, req, about, (cursor, limit) =>
        memory.list(caller, { agentId, target, scope: scopeOf(req.scope), limit, cursor }),
      )
      return { records: page.items.map(wireMemory), ...page.next }
    },

    async upsertAgentMemory(req, context) {
      const caller = callerOf(context)
      const { record } = req
      if (!record) throw new NekodeError('invalid', 'The record is missing.', { code: 'invalid_request' })
      const agentId = record.agentId || (caller.kind === 'agent' ? caller.id : '')
      const input = readMemory(record, req.expectedVersion)
      const once = onceFor(core.idempotency, caller, 'UpsertAgentMemory', req, { agentId, ...input })
      const written = await memory.upsert(caller, agentId, input, once)
      return {
        record: wireMemory(written.record),
        accepted: written.accepted,
        ...(written.accepted ? {} : { rejectionReason: 'version_conflict' }),
      }
    },
  }
}
