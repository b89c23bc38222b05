import { NekodeError } from '@shared/errors'
import type { EventCursor } from '@shared/gen/nekode/daemon/v1/common_pb'
import { MessageSearchSort, type SearchMessagesRequest } from '@shared/gen/nekode/daemon/v1/messages_pb'
import type { Core } from '../core'
import { type Participant, authorOf, readerAt } from '../rpc/acting'
import { callerOf } from '../rpc/caller'
import type { Handlers } from '../rpc/handlers'
import { MESSAGES_USUAL, TEXT } from '../rpc/limits'
import { policyOf } from '../outbound/wire'
import { keyOf } from '../rpc/once'
import { readPage } from '../rpc/page'
import { parseTarget } from '../rpc/target'
import { cut } from '../rpc/text'
import { attachmentIdsOf } from '../attachments/rpc'
import { contentOf } from './content'
import type { MessageService } from './service'
import { messageKind, metadataOf, wireMessage } from './wire'

type Method = 'readMessages' | 'searchMessages' | 'sendMessage'

/** Older clients take a task's own id for its thread. */
export interface TaskThreads {
  /** The thread of a task that has one. */
  threadOf(taskId: string): Promise<string | undefined>
  /** The thread of a task, begun when there is none. */
  begin(p: Participant, taskId: string): Promise<string>
}

const isTask = (id: string | undefined): id is string => id?.startsWith('tsk_') === true

export function messageRpc(core: Core, messages: MessageService, tasks: TaskThreads): Handlers<Method> {
  return {
    async readMessages(req, context) {
      const caller = callerOf(context)
      const { target, threadId: named } = place(req)
      const threadId = isTask(named) ? ((await tasks.threadOf(named)) ?? named) : named
      const reader = readerAt(core, caller, target)
      const about = { target: req.target, aggregateId: threadId ?? target, usual: MESSAGES_USUAL }
      const page = await readPage(core.serverId, req, about, (cursor, limit) =>
        messages.list(reader, { target, threadId, limit, cursor }),
      )
      return { messages: page.items.map((message) => wireMessage(message)), ...page.next }
    },

    async searchMessages(req, context) {
      const caller = callerOf(context)
      const q = cut(req.query.trim(), TEXT.query)
      if (q === '') throw new NekodeError('invalid', 'The query is empty.', { code: 'invalid_request' })
      const senderId = senderOf(core, req)
      if (senderId === null) return { messages: [] }
      const { target } = parseTarget(req.target)
      const about = { target: req.target, usual: MESSAGES_USUAL }
      const sort = req.sort === MessageSearchSort.RECENT ? 'recent' : 'relevance'
      const page = await readPage(core.serverId, req, about, (cursor, limit) =>
        messages.search(caller, { q, target: target || undefined, senderId, sort, limit, cursor }),
      )
      return { messages: page.items.map((message) => wireMessage(message)), ...page.next }
    },

    async sendMessage(req, context) {
      const author = authorOf(core, callerOf(context), req.sender ?? req.context?.actor)
      const { target, threadId } = parseTarget(req.target)
      const named = req.replyToMessageId || threadId
      const { message } = await messages.post(author, {
        target,
        content: contentOf(req.content),
        threadId: isTask(named) ? await tasks.begin(author, named) : named,
        kind: messageKind(req.kind),
        requestId: keyOf(req),
        outbound: policyOf(req.outboundPolicy),
        metadata: metadataOf(req),
        attachmentIds: attachmentIdsOf(req.attachmentIds),
      })
      return { accepted: true, message: wireMessage(message) }
    },
  }
}

/** A thread is named in the target, or in the cursor of a client that pages through one. */
function place({ target: text, cursor }: { target: string; cursor?: EventCursor | undefined }) {
  const { target, threadId } = parseTarget(text)
  const named = /^(?:msg|tsk)_/.test(cursor?.aggregateId ?? '') ? cursor?.aggregateId : undefined
  return { target, threadId: threadId ?? named }
}

/** Whose messages are searched: an id, undefined for everybody's, null for somebody who is not here. */
function senderOf({ directory }: Core, { sender, senderHandle }: SearchMessagesRequest): string | undefined | null {
  const id = sender?.agentId || sender?.userId
  if (id) return id
  if (senderHandle === '') return undefined
  return directory.byHandle(senderHandle.replace(/^@/, ''))?.id ?? null
}
