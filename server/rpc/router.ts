import {
  Code,
  ConnectError,
  type ConnectRouter,
  type ConnectRouterOptions,
  type Interceptor,
} from '@connectrpc/connect'
import { compressionBrotli, compressionGzip } from '@connectrpc/connect-node'
import { NekodeError } from '@shared/errors'
import { DaemonControlService } from '@shared/gen/nekode/daemon/v1/service_pb'
import { activityRpc } from '../activity/rpc'
import { ActivityService } from '../activity/service'
import { agentRpc } from '../agents/rpc'
import type { AgentService } from '../agents/service'
import type { Files } from '../attachments/create'
import { attachmentRpc } from '../attachments/rpc'
import { archiveRpc } from '../archive/rpc'
import type { ArchiveService } from '../archive/service'
import { channelRpc } from '../channels/rpc'
import type { ChannelService } from '../channels/service'
import { computerRpc } from '../computers/rpc'
import type { Computers } from '../computers/service'
import { coordinationRpc } from '../coordination/rpc'
import type { CoordinationService } from '../coordination/service'
import type { Core } from '../core'
import { decisionRpc } from '../decisions/rpc'
import type { DecisionService } from '../decisions/service'
import { eventRpc } from '../events/rpc'
import { memoryRpc } from '../memory/rpc'
import type { MemoryService } from '../memory/service'
import { endpointRpc } from '../endpoints/rpc'
import type { EndpointService } from '../endpoints/service'
import { outboundRpc } from '../outbound/rpc'
import type { OutboundService } from '../outbound/service'
import { messageRpc } from '../messages/rpc'
import type { MessageService } from '../messages/service'
import { promptRpc } from '../prompts/rpc'
import type { PromptService } from '../prompts/service'
import { reminderRpc } from '../reminders/rpc'
import type { ReminderService } from '../reminders/service'
import { runRpc } from '../runs/rpc'
import type { RunService } from '../runs/service'
import type { StepPages } from '../runs/pages'
import type { PermitService } from '../runs/permits'
import type { StepService } from '../runs/steps'
import { resourceRpc } from '../resources/rpc'
import type { ResourceService } from '../resources/service'
import { systemRpc } from '../system/rpc'
import { workspaceRpc } from '../workspaces/rpc'
import type { WorkspaceService } from '../workspaces/service'
import { type TunnelServices, tunnelRpc } from '../tunnels/rpc'
import { gateRpc } from '../gates/rpc'
import type { GateService } from '../gates/service'
import { graphRpc } from '../graph/rpc'
import type { GraphService } from '../graph/service'
import type { SplitService } from '../graph/splits'
import type { Tasks } from '../tasks/create'
import { taskRpc } from '../tasks/rpc'
import { type AddressOf, admitCaller } from './caller'
import { toConnectError } from './errors'
import { savedRpc } from '../saved/rpc'
import type { SavedService } from '../saved/service'
import { threadRpc } from '../threads/rpc'
import type { ThreadService } from '../threads/service'
import { MESSAGE_BYTES, PING_MS } from './limits'

export interface RpcServices extends TunnelServices {
  workspaces: WorkspaceService
  computers: Computers
  agents: AgentService
  channels: ChannelService
  messages: MessageService
  threads: ThreadService
  saved: SavedService
  files: Files
  runs: RunService
  steps: StepService
  pages: StepPages
  permits: PermitService
  prompts: PromptService
  endpoints: EndpointService
  outbound: OutboundService
  decisions: DecisionService
  coordination: CoordinationService
  memory: MemoryService
  reminders: ReminderService
  tasks: Tasks
  graph: GraphService
  splits: SplitService
  gates: GateService
  resources: ResourceService
  archive: ArchiveService
}

export interface RpcOptions {
  /** Milliseconds between the signs of life of a stream. Default: 15 s. */
  pingMs?: number
  /** Default: the other end of the connection. */
  addressOf?: AddressOf
}

/**
 * The service of the wire contract. Methods whose feature is not there yet say so. `options` recognises callers, decides
 * what they may call and shapes errors; `routes` is nothing without it, because every handler asks for its caller.
 */
export function createRpc(
  core: Core,
  services: RpcServices,
  { pingMs = PING_MS, addressOf = (_, peer) => peer() }: RpcOptions = {},
): { routes: (router: ConnectRouter) => void; options: ConnectRouterOptions } {
  const activity = new ActivityService(core, services.runs)
  const implementation = {
    ...systemRpc(core),
    ...computerRpc(core, services),
    ...runRpc(core, services),
    ...promptRpc(core, services.prompts),
    ...threadRpc(core, services.threads),
    ...savedRpc(core, services.saved, services.messages),
    ...messageRpc(core, services.messages, services.tasks.comments),
    ...channelRpc(core, services.channels),
    ...agentRpc(core, services),
    ...attachmentRpc(core, services.files),
    ...activityRpc(core, { ...services, activity }),
    ...eventRpc(core, { ...services, activity }, pingMs),
    ...archiveRpc(core, services.archive),
    ...endpointRpc(core, services.endpoints),
    ...outboundRpc(core, services.outbound),
    ...decisionRpc(core, services.decisions),
    ...coordinationRpc(core, services.coordination),
    ...memoryRpc(core, services.memory),
    ...reminderRpc(core, services.reminders),
    ...tunnelRpc(core, services),
    ...workspaceRpc(core, services.workspaces),
    ...taskRpc(core, services.tasks),
    ...graphRpc(core, services),
    ...gateRpc(core, services),
    ...resourceRpc(core, services.resources),
  }
  return {
    routes: (router) => router.service(DaemonControlService, implementation),
    options: {
      readMaxBytes: MESSAGE_BYTES,
      acceptCompression: [compressionGzip, compressionBrotli],
      requestGate: async (context) => {
        try {
          await admitCaller(context, core, addressOf)
        } catch (error) {
          throw toConnectError(error, context.method.name, core.log)
        }
      },
      interceptors: [errors(core)],
    },
  }
}

/** Turns what handlers throw into Connect errors, also in the middle of a stream. */
const errors =
  ({ log }: Core): Interceptor =>
  (next) =>
  async (req) => {
    const translate = (error: unknown): ConnectError => {
      // The caller hung up or its deadline passed: nobody is left to tell, and nothing went wrong here.
      if (req.signal.aborted && error === req.signal.reason && !(error instanceof NekodeError))
        return ConnectError.from(error, Code.Canceled)
      return toConnectError(error, req.method.name, log)
    }
    try {
      const response = await next(req)
      return response.stream ? { ...response, message: translated(response.message, translate) } : response
    } catch (error) {
      throw translate(error)
    }
  }

async function* translated<T>(messages: AsyncIterable<T>, translate: (error: unknown) => Error): AsyncGenerator<T> {
  try {
    yield* messages
  } catch (error) {
    throw translate(error)
  }
}
