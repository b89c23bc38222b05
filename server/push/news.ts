import { z } from 'zod'
import type { LogEvent } from '../db/database'
import type { PushMessage } from './sender'

/** Something that people may want to be told of while they do not look. */
export interface News {
  kind: Exclude<PushMessage['kind'], 'test'>
  /** Undefined: those who may decide in the channel. */
  userId?: string
  target: string
  by: string
  /** Who did it is not told of it. */
  byId: string
  text: string
  path: string
  /** The message whose author and words these are, when the event does not have them. */
  messageId?: string
  /** Ids of people whom it calls. */
  called?: readonly string[]
}

const Inbox = z.object({
  item: z.object({
    kind: z.string(),
    state: z.string(),
    target: z.string(),
    reason: z.string().nullable(),
    taskId: z.string().nullable(),
    messageId: z.string().nullable(),
  }),
})
const Said = z.object({
  content: z.string(),
  target: z.string(),
  permalink: z.string(),
  sender: z.object({ id: z.string(), displayName: z.string(), name: z.string() }),
  mentions: z.array(z.object({ kind: z.string(), id: z.string() })),
  system: z.unknown(),
})
const Asked = z.object({ agentId: z.string(), target: z.string(), title: z.string() })

/**
 * What a commit brings that is worth a notification. Looks at the kind first: nearly all events are none.
 * @param isLoud whether somebody is told of every message of a channel
 */
export function newsOf(
  e: Pick<LogEvent, 'kind' | 'operation' | 'audience' | 'target' | 'payload' | 'actor'>,
  isLoud: (target: string) => boolean = () => false,
): News | undefined {
  if (e.kind === 'inbox' && (e.operation === 'created' || e.operation === 'updated')) return ofInbox(e)
  if (e.operation !== 'created') return undefined
  if (e.kind === 'message' && e.target?.startsWith('dm:')) return ofMessage(e.payload, 'dm')
  if (e.kind === 'message' && e.target && isLoud(e.target)) return ofMessage(e.payload, 'message')
  if (e.kind === 'approval') return ofApproval(e.payload)
  return undefined
}

function ofInbox({ audience, payload, actor }: Pick<LogEvent, 'audience' | 'payload' | 'actor'>): News | undefined {
  const item = Inbox.safeParse(JSON.parse(payload)).data?.item
  if (item?.state !== 'unread' || !audience.startsWith('user:')) return undefined
  const base = {
    userId: audience.slice('user:'.length),
    target: item.target,
    by: '',
    byId: actor.id,
    text: '',
    path: '/inbox',
  }
  // What is said in a direct conversation is told of as that.
  if (item.kind === 'mention' && item.messageId !== null && !item.target.startsWith('dm:'))
    return { ...base, kind: 'mention', messageId: item.messageId }
  if (item.kind !== 'task' || item.taskId === null) return undefined
  const path = `/tasks/${item.taskId}`
  if (item.reason === 'assigned') return { ...base, kind: 'task', path }
  return item.reason === 'review' ? { ...base, kind: 'review', path } : undefined
}

function ofMessage(payload: string, kind: 'dm' | 'message'): News | undefined {
  const said = Said.safeParse(JSON.parse(payload)).data
  if (!said || said.system) return undefined
  const { sender, target, content, permalink, mentions } = said
  const called = mentions.flatMap((one) => (one.kind === 'human' ? one.id : []))
  return {
    kind,
    called,
    target,
    by: sender.displayName || sender.name,
    byId: sender.id,
    text: content,
    path: permalink,
  }
}

function ofApproval(payload: string): News | undefined {
  const asked = Asked.safeParse(JSON.parse(payload)).data
  if (!asked) return undefined
  return { kind: 'approval', target: asked.target, by: '', byId: asked.agentId, text: asked.title, path: '/approvals' }
}
