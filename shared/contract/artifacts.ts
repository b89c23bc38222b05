import { z } from 'zod'
import { Attachment, Filename, MimeType, TOO_MUCH } from './attachments'
import { Id, Ok, PageQuery, Target, Time, page } from './common'
import { routes } from './route'

/** Longest and usual life of an artifact, in seconds. */
export const ARTIFACT_TTL = { least: 60, most: 90 * 86_400, usual: 7 * 86_400 }

/** How an artifact is shown: `page` is HTML; a `file` can only be downloaded. */
export const ArtifactKind = z.enum(['page', 'image', 'audio', 'video', 'text', 'file'])
export type ArtifactKind = z.infer<typeof ArtifactKind>

/** A file that somebody published for a while: a page, a report, a picture, data. */
export const Artifact = Attachment.omit({ messageId: true }).extend({
  kind: ArtifactKind,
  /** The thread that it was published in; null at the top level of its channel. */
  threadId: z.string().nullable(),
  /** The run that made it. */
  runId: z.string().nullable(),
  expiresAt: Time,
  /** Path that shows it to whoever may see it, at an address that has nothing of the console. */
  openUrl: z.string(),
})
export type Artifact = z.infer<typeof Artifact>

const ArtifactTtl = z.coerce.number().int().min(ARTIFACT_TTL.least).max(ARTIFACT_TTL.most)

/** What is said of a file that is published; a form says it in its fields. */
const ArtifactQuery = z.object({
  /** The channel, or a thread in it (`#general:msg_…`). Without one an agent's is that of its run; anybody else's is nobody else's. */
  target: Target.optional(),
  filename: Filename.optional(),
  mime: MimeType.optional(),
  title: z.string().trim().max(200).optional(),
  ttl: ArtifactTtl.optional(),
})

const ArtifactList = PageQuery.extend({
  target: Target.optional(),
  /** Who published it: the id of a person, an agent or a computer. */
  owner: Id.optional(),
  runId: Id.optional(),
})

const one = z.object({ id: Id })
const Signed = z.object({ expires: z.coerce.number().int().positive(), signature: z.string().min(1).max(100) })

export const artifactRoutes = routes({
  'GET /api/artifacts': {
    summary: 'Artifacts that the caller may see, newest first',
    tag: 'artifacts',
    who: ['user', 'agent', 'computer'],
    query: ArtifactList,
    response: page(Artifact),
  },
  'GET /api/workbench/artifacts': {
    summary: 'The same as GET /api/artifacts',
    tag: 'artifacts',
    who: ['user', 'agent', 'computer'],
    query: ArtifactList,
    response: page(Artifact),
  },
  'POST /api/artifacts': {
    summary: 'Publish a file with a title for a while: the bytes with a query, or a form',
    tag: 'artifacts',
    who: ['user', 'agent', 'computer'],
    role: 'member',
    query: ArtifactQuery,
    upload: ['application/octet-stream', 'multipart/form-data'],
    status: 201,
    response: Artifact.extend({
      /** The whole address that shows it. */
      url: z.string(),
    }),
    errors: [...TOO_MUCH, 'idempotency_conflict', 'channel_archived'],
  },
  'GET /api/artifacts/{id}': {
    summary: 'One artifact',
    tag: 'artifacts',
    who: ['user', 'agent', 'computer'],
    params: one,
    response: Artifact,
  },
  'POST /api/artifacts/{id}/link': {
    summary: 'An address that shows an artifact to a browser without a login, for ten minutes',
    tag: 'artifacts',
    who: ['user', 'agent', 'computer'],
    params: one,
    // Nothing is changed by it, and whoever may read the bytes may pass them on.
    scope: 'read',
    response: z.object({ url: z.string(), expiresAt: Time }),
  },
  'GET /api/artifacts/{id}/open': {
    summary: 'Go to an artifact: leads a browser whose user may see it to where it is shown',
    tag: 'artifacts',
    who: ['guest', 'user'],
    params: one,
    response: z.string(),
    media: 'text/html',
  },
  'GET /api/artifacts/{id}/view': {
    summary: 'An artifact by a signed address, where previews have no address of their own; its scripts do not run',
    tag: 'artifacts',
    who: ['guest'],
    params: one,
    query: Signed,
    response: z.string(),
    media: 'application/octet-stream',
    errors: ['link_invalid', 'link_expired', 'range_invalid', 'blob_missing'],
  },
  'POST /api/artifacts/{id}/revoke': {
    summary: 'Take an artifact back before its time',
    tag: 'artifacts',
    who: ['user', 'agent', 'computer'],
    role: 'member',
    params: one,
    response: Ok,
    errors: ['not_owner'],
  },
  'POST /api/artifacts/cleanup': {
    summary:
      'Remove what nobody needs any more now instead of in a while: artifacts whose time is over, and contents of no file',
    tag: 'artifacts',
    who: ['user'],
    role: 'admin',
    scope: 'admin',
    response: z.object({ removed: z.number().int() }),
  },
})
