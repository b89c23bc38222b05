import { create } from '@bufbuild/protobuf'
import { MAX_ATTACHMENTS } from '@shared/contract'
import { NekodeError } from '@shared/errors'
import { type Actor, ActorSchema } from '@shared/gen/nekode/daemon/v1/common_pb'
import { FILES } from '@shared/limits'
import type { Core } from '../core'
import { authorOf, participants } from '../rpc/acting'
import { type Caller, callerOf } from '../rpc/caller'
import type { Handlers } from '../rpc/handlers'
import { keyOf, onceFor } from '../rpc/once'
import { parseTarget } from '../rpc/target'
import type { Files } from './create'
import { senderOf } from './service'
import type { AttachmentRow } from './view'
import { attachmentView } from './view'
import { wireAttachment } from './wire'

type Method = 'uploadAttachment' | 'getAttachment'

export function attachmentRpc(core: Core, { attachments, uploads, blobs }: Files): Handlers<Method> {
  return {
    async uploadAttachment(req, context) {
      const caller = callerOf(context)
      const author = authorOf(core, caller, owning(caller, req.ownerId) ?? req.context?.actor)
      const { target } = parseTarget(req.target)
      const channel = attachments.place(author, target)
      const { filename, mimeType } = req
      if (req.preferPresignedUrl && req.content.length === 0) {
        const upload = await uploads.begin(author, { target, filename, mimeType, sizeBytes: null })
        const { url, expiresAt } = uploads.link(upload.id)
        const uploadUrl = attachments.links.absolute(url)
        return {
          attachment: {
            target: channel.target,
            ownerId: author.id,
            filename,
            mimeType,
            uploadUrl,
            expiresTimeUnix: BigInt(Math.floor(expiresAt / 1000)),
          },
          uploadUrl,
        }
      }
      const arrived = await attachments.receive(author, once(req.content))
      const about = { channel, filename, mimeType }
      const key = keyOf(req) === undefined ? undefined : { target: channel.target, filename, hash: arrived.hash }
      const keep = key ? onceFor(core.idempotency, caller, 'UploadAttachment', req, key) : undefined
      const attachment = await attachments.keep(senderOf(author), about, arrived, keep ? { once: keep } : {})
      return { attachment: wireAttachment(attachment) }
    },

    async getAttachment(req, context) {
      const caller = callerOf(context)
      const row = await seenBy(req.requesterAgentId, caller, req.attachmentId)
      if (req.target !== '' && core.directory.channelAt(parseTarget(req.target).target)?.id !== row.channelId)
        throw unknown()
      if (row.sizeBytes > FILES.inlineBytes) {
        const link = attachments.links.download(row.id)
        return {
          attachment: wireAttachment(attachmentView(row), { ...link, url: attachments.links.absolute(link.url) }),
        }
      }
      const body = await blobs.read(row.blobHash, row.sizeBytes, { verify: true })
      return { attachment: wireAttachment(attachmentView(row)), content: await new Response(body).bytes() }
    },
  }

  /** The file, for whoever of the caller's may see it. */
  async function seenBy(agentId: string, caller: Caller, id: string): Promise<AttachmentRow> {
    const readers = participants(core, caller).filter((p) => agentId === '' || p.id === agentId)
    for (const reader of readers) {
      try {
        return await attachments.row(reader, id)
      } catch (error) {
        if (!(error instanceof NekodeError) || error.kind !== 'not_found') throw error
      }
    }
    throw unknown()
  }
}

/** Whom the request names as the owner, in the terms of those who act. */
const owning = (caller: Caller, ownerId: string) =>
  ownerId === '' ? undefined : caller.kind === 'user' ? actor({ userId: ownerId }) : actor({ agentId: ownerId })

const actor = (named: { userId?: string; agentId?: string }): Actor => create(ActorSchema, named)

/** Ids of files, bounded before anything is looked up. */
export function attachmentIdsOf(ids: readonly string[]): readonly string[] {
  if (ids.length > MAX_ATTACHMENTS)
    throw new NekodeError('invalid', `A message carries at most ${MAX_ATTACHMENTS} files.`, { code: 'invalid_request' })
  return ids
}

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes
}

const unknown = (): NekodeError => new NekodeError('not_found', 'There is no such file, or it is not for you to see.')
