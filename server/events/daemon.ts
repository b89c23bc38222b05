import type { MessageInitShape } from '@bufbuild/protobuf'
import { EventPayload, type OutboundStatus } from '@shared/contract'
import { EventOperation, EventScopeType } from '@shared/gen/nekode/daemon/v1/common_pb'
import { type ServerEventSchema, ServerEventKind } from '@shared/gen/nekode/daemon/v1/events_pb'
import { newId } from '@shared/ids'
import type { AgentPrincipal, ComputerPrincipal } from '../access/principal'
import type { Commands, Control } from '../computers/commands'
import type { Core } from '../core'
import type { LogEvent } from '../db/database'
import { wireMemory } from '../memory/wire'
import { wireOperation } from '../computers/wire'
import { MessageHistory } from '../messages/history'
import { wireMessage } from '../messages/wire'
import { wireOutbound } from '../outbound/wire'
import { STREAM_TIMEOUT_SECONDS } from '../rpc/limits'
import { PROTOCOL_VERSION, seconds } from '../rpc/wire'
import { askedBy } from '../runs/asked'
import type { RunService } from '../runs/service'
import type { RunRow } from '../runs/view'
import { ownRun } from '../runs/wire'
import { type Scope, operationOf } from './filter'

type ServerEventInit = MessageInitShape<typeof ServerEventSchema>

/** An event for a daemon or an agent, with what it is filtered by. */
export interface Outgoing {
  kind: ServerEventKind
  operation: EventOperation
  scope: Scope
  target: string
  /** Whom it is for; empty for the computer as a whole. */
  agentId: string
  sequence: number
  event: ServerEventInit
}

/** Turns the log into what daemons and agents get from their stream. */
export class DaemonEvents {
  readonly #history: MessageHistory

  constructor(
    core: Core,
    private readonly runs: RunService,
    private readonly commands: Commands,
    /** Which tasks deliveries are about. */
    private readonly tasksOf: (deliveryIds: string[]) => Promise<Map<string, string>>,
  ) {
    this.#history = new MessageHistory(core)
  }

  /**
   * A computer's work. A run is sent as it is now, not as it was: what was assigned and killed while the computer was away must not
   * be started when it is back.
   */
  async forComputer(p: ComputerPrincipal, events: readonly LogEvent[]): Promise<Outgoing[]> {
    const ids = events.filter((e) => e.kind === 'run').map((e) => e.aggregateId)
    const runs = await this.runs.ofComputer(p, [...new Set(ids)])
    const out: Outgoing[] = []
    for (const e of events) {
      const run = e.kind === 'run' ? runs.get(e.aggregateId) : undefined
      if (run) out.push(await this.#run(e, run))
      const control =
        e.kind === 'operation' && e.operation === 'created' ? await this.commands.control(e.aggregateId) : undefined
      if (control) out.push(this.#control(e, control))
      const memory = e.kind === 'memory' ? memoryEvent(e) : undefined
      if (memory) out.push(memory)
    }
    return out
  }

  async #run(e: LogEvent, run: RunRow): Promise<Outgoing> {
    return outgoing(
      e,
      {
        kind: ServerEventKind.RUN_ASSIGNED,
        operation: run.state === 'queued' ? EventOperation.CREATED : EventOperation.UPDATED,
        scope: { scopeType: EventScopeType.RUN, scopeId: run.id, target: run.target },
        target: run.target,
        agentId: run.agentId,
      },
      { case: 'run', value: { ...ownRun(run, await askedBy(this.#history, run)), taskId: await this.#taskOf(run) } },
    )
  }

  async #taskOf({ deliveryId }: RunRow): Promise<string> {
    return deliveryId === null ? '' : ((await this.tasksOf([deliveryId])).get(deliveryId) ?? '')
  }

  #control(e: LogEvent, control: Control): Outgoing {
    const { agentId, computerId } = control.operation
    return outgoing(
      e,
      {
        kind: ServerEventKind.AGENT_CONTROL,
        operation: EventOperation.CREATED,
        scope:
          agentId === null
            ? { scopeType: EventScopeType.COMPUTER, scopeId: computerId, target: '' }
            : { scopeType: EventScopeType.AGENT, scopeId: agentId, target: '' },
        target: agentId ?? computerId,
        agentId: agentId ?? '',
      },
      { case: 'agentControl', value: wireOperation(control.operation) },
    )
  }

  /** What is written in an agent's channels, and what becomes of it on its way elsewhere. The reader has left out what the agent may not see. */
  forAgent(p: AgentPrincipal, events: readonly LogEvent[]): Outgoing[] {
    return events.flatMap((e) => {
      if (e.kind === 'outbound_delivery') return outboundEvent(p, e) ?? []
      if (e.kind !== 'message' || e.operation !== 'created') return []
      const message = EventPayload.message.safeParse(JSON.parse(e.payload)).data
      if (!message) return []
      return outgoing(
        e,
        {
          kind: ServerEventKind.MESSAGE,
          operation: EventOperation.APPENDED,
          scope: { scopeType: EventScopeType.TARGET, scopeId: message.target, target: message.target },
          target: message.target,
          agentId: p.id,
        },
        { case: 'message', value: wireMessage(message, e.sequence) },
      )
    })
  }
}

function outboundEvent(p: AgentPrincipal, e: LogEvent): Outgoing | undefined {
  const delivery = EventPayload.outbound_delivery.safeParse(JSON.parse(e.payload)).data
  if (!delivery) return undefined
  const { target } = delivery
  const about = {
    kind: ServerEventKind.OUTBOUND_DELIVERY,
    operation: ENDS[delivery.status] ?? operationOf(e.operation),
    scope: { scopeType: EventScopeType.TARGET, scopeId: target, target },
    target,
    agentId: p.id,
  }
  return outgoing(e, about, { case: 'outboundDelivery', value: wireOutbound(delivery) })
}

/** Ends that the wire has an operation for. */
const ENDS: Partial<Record<OutboundStatus, EventOperation>> = {
  failed: EventOperation.FAILED,
  canceled: EventOperation.CANCELED,
}

/** What changed in the memory of one of the computer's agents, whose copy is then made anew. */
function memoryEvent(e: LogEvent): Outgoing | undefined {
  const memory = EventPayload.memory.safeParse(JSON.parse(e.payload)).data
  if (!memory) return undefined
  const { agentId } = memory
  return outgoing(
    e,
    {
      kind: ServerEventKind.MEMORY,
      operation: operationOf(e.operation),
      scope: { scopeType: EventScopeType.AGENT, scopeId: agentId, target: memory.target ?? '' },
      target: memory.target ?? '',
      agentId,
    },
    { case: 'memoryRecord', value: wireMemory(memory) },
  )
}

/** A sign of life. Its sequence is that of the last event before it, so that a daemon may take it for its position. */
export function ping(sequence: number, scope: Scope): ServerEventInit {
  const now = seconds(Date.now())
  return {
    eventId: newId('evt'),
    sequence: BigInt(sequence),
    aggregateId: scope.scopeId,
    target: scope.scopeId,
    kind: ServerEventKind.PING,
    createdTimeUnix: now,
    protocolVersion: PROTOCOL_VERSION,
    operation: EventOperation.HEARTBEAT,
    scope,
    payload: { case: 'ping', value: { serverTimeUnix: now, timeoutSeconds: STREAM_TIMEOUT_SECONDS } },
  }
}

function outgoing(
  e: LogEvent,
  about: Omit<Outgoing, 'sequence' | 'event'>,
  payload: NonNullable<ServerEventInit['payload']>,
): Outgoing {
  const { kind, operation, scope, target } = about
  return {
    ...about,
    sequence: e.sequence,
    event: {
      eventId: e.id,
      sequence: BigInt(e.sequence),
      aggregateId: e.aggregateId,
      target,
      kind,
      operation,
      scope,
      createdTimeUnix: seconds(e.createdAt),
      protocolVersion: PROTOCOL_VERSION,
      payload,
    },
  }
}
