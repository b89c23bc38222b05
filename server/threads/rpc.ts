import { type MessageInitShape, create } from '@bufbuild/protobuf'
import type { Thread } from '@shared/contract'
import { NekodeError } from '@shared/errors'
import { ActorSchema } from '@shared/gen/nekode/daemon/v1/common_pb'
import type { ThreadRecordSchema } from '@shared/gen/nekode/daemon/v1/threads_pb'
import type { Core } from '../core'
import { authorOf, participants, readerAt } from '../rpc/acting'
import { type Caller, callerOf } from '../rpc/caller'
import type { Handlers } from '../rpc/handlers'
import { readPage } from '../rpc/page'
import { parseTarget } from '../rpc/target'
import { TEXT } from '../rpc/limits'
import { firstLine } from '../rpc/text'
import { seconds } from '../rpc/wire'
import type { ThreadService } from './service'

type Method = 'listThreads' | 'getThread' | 'followThread' | 'unfollowThread'

export function threadRpc(core: Core, threads: ThreadService): Handlers<Method> {
  /** A thread by its full address, and the reader in whose name it is asked for. */
  const one = (address: string): { target: string; id: string } => {
    const { target, threadId } = parseTarget(address)
    if (threadId === undefined)
      throw new NekodeError('invalid', 'This names no thread.', {
        code: 'invalid_request',
        next: 'Use its full address: #channel:msg_…',
      })
    return { target, id: threadId }
  }
  const there = (thread: Thread, target: string): Thread => {
    if (core.directory.channelAt(target)?.target === thread.target) return thread
    throw new NekodeError('not_found', `There is no such thread in ${target}.`, { code: 'thread_unknown' })
  }
  const follower = (caller: Caller, agentId: string) => authorOf(core, caller, create(ActorSchema, { agentId }))

  return {
    async listThreads(req, context) {
      const caller = callerOf(context)
      const { target } = parseTarget(req.targetPrefix)
      const readers = target ? [readerAt(core, caller, target)] : participants(core, caller)
      const page = await readPage(core.serverId, req, { target }, (cursor, limit) =>
        threads.listFor(readers, { target: target || undefined, cursor, limit }),
      )
      return { threads: page.items.map(wireThread), ...page.next }
    },

    async getThread(req, context) {
      const { target, id } = one(req.target)
      const reader = readerAt(core, callerOf(context), target)
      return { thread: wireThread(there(await threads.get(reader, id), target)) }
    },

    async followThread(req, context) {
      const { target, id } = one(req.target)
      const p = follower(callerOf(context), req.agentId)
      there(await threads.get(p, id), target)
      await threads.follow(p, id)
      return { accepted: true }
    },

    async unfollowThread(req, context) {
      const { target, id } = one(req.target)
      const p = follower(callerOf(context), req.agentId)
      there(await threads.get(p, id), target)
      await threads.unfollow(p, id)
      return { accepted: true }
    },
  }
}

const wireThread = (t: Thread): MessageInitShape<typeof ThreadRecordSchema> => ({
  target: `${t.target}:${t.id}`,
  threadId: t.id,
  topic: firstLine(t.root.content, TEXT.line),
  messageCount: t.replyCount,
  createdTimeUnix: seconds(t.root.createdAt),
  updatedTimeUnix: seconds(t.lastReplyAt ?? t.root.createdAt),
  followed: t.followed,
})
