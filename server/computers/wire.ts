import type { MessageInitShape } from '@bufbuild/protobuf'
import {
  AgentControlAction,
  type AgentControlOperationSchema,
  AgentControlState,
} from '@shared/gen/nekode/daemon/v1/agents_pb'
import { seconds } from '../rpc/wire'
import { runtimeProfileId } from '../runs/wire'
import { ControlAction, type Operation } from './commands'

const ACTIONS: Record<ControlAction, AgentControlAction> = {
  terminate: AgentControlAction.TERMINATE,
  restart: AgentControlAction.RESTART,
  restart_reset_session: AgentControlAction.RESTART_RESET_SESSION,
  restart_full_reset: AgentControlAction.RESTART_FULL_RESET,
}

const STATES: Record<Operation['state'], AgentControlState> = {
  queued: AgentControlState.QUEUED,
  running: AgentControlState.RUNNING,
  completed: AgentControlState.COMPLETED,
  failed: AgentControlState.FAILED,
  unsupported: AgentControlState.UNSUPPORTED,
}

/** The wire's action for one of our own; `undefined` for a command, which only the server gives. */
export function controlAction(action: AgentControlAction): ControlAction | undefined {
  return ControlAction.options.find((name) => ACTIONS[name] === action)
}

/** An order as its daemon gets it: a command travels as JSON in the reason. */
export function wireOperation(o: Operation): MessageInitShape<typeof AgentControlOperationSchema> {
  const named = ControlAction.safeParse(o.action).data
  return {
    operationId: o.id,
    agentId: o.agentId ?? '',
    computerId: o.computerId,
    runtimeProfileId: o.agentId === null ? '' : runtimeProfileId(o.agentId),
    action: named ? ACTIONS[named] : AgentControlAction.CUSTOM,
    state: STATES[o.state],
    reason: o.reason,
    requestedByAgentId: o.requestedBy.startsWith('agent_') ? o.requestedBy : '',
    createdTimeUnix: seconds(o.createdAt),
    updatedTimeUnix: seconds(o.updatedAt),
  }
}
