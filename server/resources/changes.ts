import { EventPayload } from '@shared/contract'
import { STREAM } from '@shared/limits'
import type { AgentPrincipal } from '../access/principal'
import type { Core } from '../core'
import type { LogEvent } from '../db/database'
import type { SubscriptionRow } from './store'

/** Rows of the log that one call looks through for one subscription. The cursor says how far it came. */
const SCANNED = 4 * STREAM.pageEvents
/** Bytes of one answer: with what is around it, it has to fit into one message. */
export const ANSWER_BYTES = 3 << 20

/** Kinds of events that make a conversation's content: how a run gets on is not for those who watch what is said. */
const SPOKEN = ['message', 'task', 'decision', 'coordination', 'member', 'channel'] as const

export interface Changes {
  events: LogEvent[]
  /** How far the log was looked through. */
  at: number
}

/** What changed of a resource after a position of the log, oldest first, as far as the agent may see it now. */
export async function changesOf(
  core: Core,
  p: AgentPrincipal,
  s: SubscriptionRow,
  after: number,
  limit: number,
): Promise<Changes> {
  if (!isSeen(core, p, s)) return { events: [], at: after }
  const { audience, only } = where(core, s)
  const events: LogEvent[] = []
  let at = after
  let bytes = 0
  for (let left = SCANNED; left > 0;) {
    const page = await core.hub.ofAudience(audience, at, STREAM.pageEvents, only)
    for (const event of page) {
      at = event.sequence
      if (!isAbout(event, s)) continue
      bytes += event.payload.length
      if (bytes > ANSWER_BYTES && events.length) return { events, at: event.sequence - 1 }
      events.push(event)
      if (events.length === limit) return { events, at }
    }
    if (page.length < STREAM.pageEvents) return { events, at }
    left -= page.length
  }
  return { events, at }
}

/** Whoever left a channel hears nothing more of it, and goes on where they were when they come back. */
function isSeen(core: Core, p: AgentPrincipal, s: SubscriptionRow): boolean {
  if (s.kind === 'memory') return s.subjectId === p.id
  const channel = core.directory.channel(s.channelId)
  return channel !== undefined && core.access.can(p, 'read', channel)
}

/** Where in the log it stands. All that an agent remembers goes to its computer as well, and so stands in one place. */
function where(core: Core, s: SubscriptionRow): { audience: string; only: { kinds: readonly string[]; id?: string } } {
  if (s.kind === 'memory') {
    const computerId = core.directory.agent(s.subjectId)?.computerId ?? ''
    return { audience: `computer:${computerId}`, only: { kinds: ['memory'] } }
  }
  const audience = `channel:${s.channelId}`
  if (s.kind === 'task') return { audience, only: { kinds: ['task'], id: s.subjectId } }
  return { audience, only: { kinds: s.kind === 'thread' ? ['message'] : SPOKEN } }
}

function isAbout(event: LogEvent, s: SubscriptionRow): boolean {
  if (s.kind === 'conversation' || s.kind === 'task') return true
  const payload: unknown = JSON.parse(event.payload)
  if (s.kind === 'memory') return EventPayload.memory.safeParse(payload).data?.agentId === s.subjectId
  const message = EventPayload.message.safeParse(payload).data
  return message !== undefined && (message.id === s.subjectId || message.threadId === s.subjectId)
}
