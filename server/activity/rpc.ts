import { NekodeError } from '@shared/errors'
import type { LogActivityRequest } from '@shared/gen/nekode/daemon/v1/activity_pb'
import type { Computers } from '../computers/service'
import { OperationReport } from '../computers/commands'
import type { Core } from '../core'
import { callerOf } from '../rpc/caller'
import type { Handlers } from '../rpc/handlers'
import { TEXT } from '../rpc/limits'
import { onceFor } from '../rpc/once'
import { readPage } from '../rpc/page'
import { parseTarget } from '../rpc/target'
import { cut, cutVisibly, firstLine } from '../rpc/text'
import type { ActivityService, NewActivity } from './service'
import { wireActivity } from './wire'

/** The kind of an activity that says what became of an order. */
const OPERATION = 'operation'

export function activityRpc(
  core: Core,
  { activity, computers }: { activity: ActivityService; computers: Computers },
): Handlers<'logActivity' | 'listActivity'> {
  return {
    async logActivity(req, context) {
      const caller = callerOf(context)
      if (caller.kind === 'user') throw new NekodeError('forbidden', 'Only a computer or an agent may do this.')
      if (req.kind === OPERATION && caller.kind === 'computer') {
        const done = await computers.commands.report(caller, readReport(req.detail))
        // The order's own event tells people; a second note about it would be noise.
        const { id, agentId, action, detail, updatedAt: createdAt } = done
        const none = { channelId: null, target: '', runId: null, stepId: null }
        const row = { ...none, id, agentId: agentId ?? '', kind: OPERATION, summary: action, detail, createdAt }
        return { activity: wireActivity(row) }
      }
      const input = readActivity(req)
      const once = onceFor(core.idempotency, caller, 'LogActivity', req, { ...input })
      return { activity: wireActivity(await activity.log(caller, input, once)) }
    },

    async listActivity(req, context) {
      const caller = callerOf(context)
      const { target } = parseTarget(req.target)
      const page = await readPage(core.serverId, req, { target: req.target }, (cursor, limit) =>
        activity.list(caller, { target: target || undefined, agentId: req.agentId || undefined, limit, cursor }),
      )
      return { activities: page.items.map((row) => wireActivity(row)), ...page.next }
    },
  }
}

const readActivity = (req: LogActivityRequest): NewActivity => ({
  target: parseTarget(req.target).target,
  agentId: cut(req.agentId, 64),
  kind: cut(req.kind.trim(), 64),
  summary: firstLine(req.summary, TEXT.line),
  detail: cutVisibly(req.detail, TEXT.detail),
  runId: cut(req.runId, 64),
  stepId: cut(req.stepId, 64),
})

function readReport(detail: string): OperationReport {
  try {
    return OperationReport.parse(JSON.parse(detail))
  } catch (cause) {
    throw new NekodeError('invalid', 'The detail is not the report of an operation.', {
      code: 'invalid_request',
      next: 'Send JSON with operationId, state and detail.',
      cause,
    })
  }
}
