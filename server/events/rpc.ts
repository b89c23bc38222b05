import type { MessageInitShape } from '@bufbuild/protobuf'
import type { HandlerContext } from '@connectrpc/connect'
import { NekodeError } from '@shared/errors'
import { EventScopeType } from '@shared/gen/nekode/daemon/v1/common_pb'
import type {
  SubscribeServerEventsRequest,
  SubscribeServerEventsResponseSchema,
} from '@shared/gen/nekode/daemon/v1/events_pb'
import { EVENTS } from '@shared/limits'
import type { ActivityService } from '../activity/service'
import type { AgentPrincipal, ComputerPrincipal } from '../access/principal'
import type { Computers } from '../computers/service'
import type { Core } from '../core'
import type { LogEvent } from '../db/database'
import { callerOf, mustBeSelf } from '../rpc/caller'
import type { Handlers } from '../rpc/handlers'
import { Life } from '../rpc/life'
import { PING_MS } from '../rpc/limits'
import { PROTOCOL_VERSION } from '../rpc/wire'
import type { RunService } from '../runs/service'
import type { Tasks } from '../tasks/create'
import { collaboration, collaborationPing } from './collaboration'
import { DaemonEvents, type Outgoing, ping } from './daemon'
import { type Filter, type Scope, passes } from './filter'
import { eventsSince } from './past'
import { withPings } from './pings'
import { computerEvents, liveEvents, positionOf } from './subscription'

export interface EventServices {
  activity: ActivityService
  computers: Computers
  runs: RunService
  tasks: Tasks
}

type Method =
  | 'subscribeServerEvents'
  | 'acknowledgeServerEvents'
  | 'subscribeActivity'
  | 'acknowledgeActivityEvents'
  | 'listEventsSince'

type Frame = MessageInitShape<typeof SubscribeServerEventsResponseSchema>

export function eventRpc(
  core: Core,
  { activity, computers, runs, tasks }: EventServices,
  pingMs = PING_MS,
): Handlers<Method> {
  const daemon = new DaemonEvents(core, runs, computers.commands, tasks.book.ofDeliveries)
  const streams = new Streams(core)
  return {
    async *subscribeServerEvents(req, context) {
      const p = callerOf(context)
      if (p.kind === 'user') throw new NekodeError('forbidden', 'Only a computer or an agent may do this.')
      if (p.kind === 'computer') mustBeSelf(p, req.computerId)
      using life = streams.open(p, context)
      const after = positionOf(core, req.cursor) ?? (await startOf(core, computers, p))
      const frames = daemonFrames(core, daemon, p, { after, req, pingMs, signal: life.signal })
      yield* until(life, frames)
    },

    async acknowledgeServerEvents(req, context) {
      const p = callerOf(context)
      // An agent keeps its position by itself.
      if (p.kind !== 'computer') return { accepted: true, ...(req.cursor ? { cursor: req.cursor } : {}) }
      mustBeSelf(p, req.computerId)
      const before = await computers.acknowledged(p)
      const named = await core.hub.lastOf(`computer:${p.id}`, req.eventIds.slice(0, EVENTS.acknowledged), before)
      const sequence = Math.max(before, named, positionOf(core, req.cursor) ?? 0)
      if (sequence > before) await computers.acknowledge(p, sequence)
      return { accepted: true, cursor: wireCursor(core, sequence) }
    },

    async *subscribeActivity(req, context) {
      const caller = callerOf(context)
      using life = new Life(context, core)
      const after = positionOf(core, req.cursor) ?? core.hub.head
      const filter = { ...req, scopes: req.includeAllScopes ? [] : req.scopes }
      const log = liveEvents(core, caller, after, life.signal)
      let position = after
      const next = async () => {
        const events = await nextOf(log)
        const found = await collaboration(events, activity)
        position = events.at(-1)?.sequence ?? position
        return found.filter((one) => passes(filter, one)).map(({ event }) => ({ event }))
      }
      yield* until(
        life,
        withPings(next, () => ({ event: collaborationPing(position) }), pingMs),
      )
    },

    async acknowledgeActivityEvents(req, context) {
      callerOf(context)
      // Whoever follows activity says where to go on when it comes back, so there is nothing to remember here.
      return { accepted: true, ...(req.cursor ? { cursor: req.cursor } : {}) }
    },

    async listEventsSince(req, context) {
      const { found, sequence } = await eventsSince(core, callerOf(context), req, activity)
      const { target = '', aggregateId = '' } = req.cursor ?? {}
      return {
        events: found.map((one) => one.event),
        nextCursor: { ...wireCursor(core, sequence), target, aggregateId },
      }
    },
  }
}

/** Frames until the stream is over. Why it ended says more than how its reader noticed. */
async function* until<T>(life: Life, frames: AsyncGenerator<T>): AsyncGenerator<T> {
  try {
    yield* frames
  } catch (error) {
    throw life.signal.aborted ? life.signal.reason : error
  }
}

async function nextOf(log: AsyncGenerator<LogEvent[], void>): Promise<LogEvent[]> {
  const { value, done } = await log.next()
  if (done) throw new NekodeError('unavailable', 'The stream was closed.')
  return value
}

const wireCursor = (core: Core, sequence: number) => ({
  cursor: core.hub.cursor(sequence),
  sequence: BigInt(sequence),
  serverId: core.serverId,
  protocolVersion: PROTOCOL_VERSION,
})

/** A computer goes on where it acknowledged, an agent starts with what comes. */
const startOf = async (core: Core, computers: Computers, p: ComputerPrincipal | AgentPrincipal): Promise<number> =>
  p.kind === 'computer' ? computers.acknowledged(p) : core.hub.head

/** Each computer's one stream: a newer one ends the older, whose connection may be dead without anybody having noticed. */
class Streams {
  readonly #open = new Map<string, Life>()

  constructor(private readonly core: Core) {}

  open(p: ComputerPrincipal | AgentPrincipal, context: HandlerContext): Life {
    const life = new Life(context, this.core)
    if (p.kind !== 'computer') return life
    this.#open.get(p.id)?.end(
      new NekodeError('conflict', 'This computer opened another stream, which takes over.', {
        code: 'stream_replaced',
        next: 'Let only one daemon run with this computer’s token.',
      }),
    )
    this.#open.set(p.id, life)
    life.whenOver(() => {
      if (this.#open.get(p.id) === life) this.#open.delete(p.id)
    })
    return life
  }
}

interface Subscription {
  after: number
  req: SubscribeServerEventsRequest
  pingMs: number
  signal: AbortSignal
}

async function* daemonFrames(
  core: Core,
  daemon: DaemonEvents,
  p: ComputerPrincipal | AgentPrincipal,
  { after, req, pingMs, signal }: Subscription,
): AsyncGenerator<Frame> {
  const self: Scope =
    p.kind === 'computer'
      ? { scopeType: EventScopeType.COMPUTER, scopeId: p.id, target: '' }
      : { scopeType: EventScopeType.AGENT, scopeId: p.id, target: '' }
  let position = after
  const log = p.kind === 'computer' ? computerEvents(core, p, after, signal) : liveEvents(core, p, after, signal)
  const next = async (): Promise<Frame[]> => {
    const events = await nextOf(log)
    const out = p.kind === 'computer' ? await daemon.forComputer(p, events) : daemon.forAgent(p, events)
    position = events.at(-1)?.sequence ?? position
    return out.filter((one) => wanted(req, one)).map(({ event }) => ({ event }))
  }
  yield* withPings(next, () => ({ event: ping(position, self) }), pingMs)
}

function wanted(req: SubscribeServerEventsRequest, one: Outgoing): boolean {
  const { agentIds, includeAllAgents, includeAllTargets, includeAllScopes } = req
  const filter: Filter<Outgoing['kind']> = {
    kinds: req.kinds,
    operations: req.operations,
    scopes: includeAllScopes ? [] : req.scopes,
    // Only messages are chosen by conversation: work for an agent comes wherever it was asked.
    targets: includeAllTargets || one.event.payload?.case !== 'message' ? [] : req.targets,
  }
  const ours = includeAllAgents || !agentIds.length || one.agentId === '' || agentIds.includes(one.agentId)
  return ours && passes(filter, one)
}
