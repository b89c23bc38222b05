import { type MessageInitShape, create } from '@bufbuild/protobuf'
import type { SavedMessage } from '@shared/contract'
import { NekodeError } from '@shared/errors'
import { ActorSchema } from '@shared/gen/nekode/daemon/v1/common_pb'
import type { SavedMessageRecordSchema } from '@shared/gen/nekode/daemon/v1/messages_pb'
import type { Core } from '../core'
import type { MessageService } from '../messages/service'
import { wireMessage } from '../messages/wire'
import { type Participant, authorOf } from '../rpc/acting'
import { callerOf } from '../rpc/caller'
import type { Handlers } from '../rpc/handlers'
import { MESSAGES_USUAL } from '../rpc/limits'
import { onceFor } from '../rpc/once'
import { readPage } from '../rpc/page'
import { parseTarget } from '../rpc/target'
import { seconds } from '../rpc/wire'
import type { SavedService } from './service'

type Method = 'saveMessage' | 'unsaveMessage' | 'listSavedMessages'

/** Whose list it is, as a request says; it has to agree with the credential. */
interface Named {
  savedByAgentId: string
  savedByUserId: string
}

export function savedRpc(core: Core, saved: SavedService, messages: MessageService): Handlers<Method> {
  const owner = (context: Parameters<typeof callerOf>[0], { savedByAgentId: agentId, savedByUserId: userId }: Named) =>
    authorOf(core, callerOf(context), create(ActorSchema, { agentId, userId }))
  /** The message has to be where the caller says that it is. */
  const check = async (p: Participant, messageId: string, address: string): Promise<void> => {
    const { target } = parseTarget(address)
    if (target === '') return
    const { message } = await messages.get(p, messageId)
    if (core.directory.channelAt(target)?.target !== message.target)
      throw new NekodeError('not_found', `There is no such message in ${target}.`)
  }
  return {
    async saveMessage(req, context) {
      const p = owner(context, req)
      const { messageId } = req
      await check(p, messageId, req.target)
      return { saved: true, savedMessage: wireSaved(p, await saved.save(p, messageId)) }
    },

    async unsaveMessage(req, context) {
      const p = owner(context, req)
      const once = onceFor(core.idempotency, callerOf(context), 'UnsaveMessage', req, {
        messageId: req.messageId,
        owner: p.id,
      })
      const { removed, savedMessage } = await saved.unsave(p, req.messageId, once)
      return { removed, ...(savedMessage ? { savedMessage: wireSaved(p, savedMessage) } : {}) }
    },

    async listSavedMessages(req, context) {
      const p = owner(context, req)
      const { target } = parseTarget(req.target)
      const about = { target: req.target, usual: MESSAGES_USUAL }
      const page = await readPage(core.serverId, req, about, (cursor, limit) =>
        saved.list(p, { target: target || undefined, cursor, limit }),
      )
      return { savedMessages: page.items.map((item) => wireSaved(p, item)), ...page.next }
    },
  }
}

const wireSaved = (
  p: Participant,
  s: Omit<SavedMessage, 'message'> & Partial<SavedMessage>,
): MessageInitShape<typeof SavedMessageRecordSchema> => ({
  savedMessageId: s.id,
  target: s.target,
  threadId: s.threadId ?? '',
  messageId: s.messageId,
  savedByAgentId: p.kind === 'agent' ? p.id : '',
  savedByUserId: p.kind === 'user' ? p.id : '',
  savedTimeUnix: seconds(s.savedAt),
  ...(s.message ? { message: wireMessage(s.message) } : {}),
})
