import { type Actor, ARTIFACT_TTL, type Artifact } from '@shared/contract'
import { NekodeError } from '@shared/errors'
import {
  type AgentPrincipal,
  type ComputerPrincipal,
  type Principal,
  SYSTEM,
  type UserPrincipal,
  actorOf,
  administers,
} from '../access/principal'
import { type AttachmentService, senderOf } from '../attachments/service'
import type { AttachmentRow } from '../attachments/view'
import type { Arrived } from '../blobs/intake'
import type { Core } from '../core'
import type { Tx } from '../db/database'
import type { Channel } from '../directory/directory'
import type { Once } from '../idempotency/service'
import type { MessageWriter } from '../messages/writer'
import { parseTarget } from '../rpc/target'
import type { RunRow } from '../runs/view'
import { ArtifactStore } from './store'
import { artifactView, kindOf, openPath } from './view'

export type Publisher = UserPrincipal | AgentPrincipal | ComputerPrincipal

/** What is said of a file that is published. */
export interface NewArtifact {
  filename: string
  mimeType: string
  title?: string | undefined
  sha256?: string | undefined
  ttlSeconds?: number | undefined
}

/** Where an artifact is shown. */
export interface Place {
  channel: Channel | undefined
  threadId: string | null
  run: RunRow | undefined
}

export interface PublishedDeps {
  attachments: AttachmentService
  writer: MessageWriter
  /** The run that an agent is working on. */
  currentRun(agentId: string): Promise<RunRow | undefined>
  /** Where the server is reached, for readers elsewhere; without a slash at its end. */
  baseUrl?: string | undefined
  now?: () => number
}

interface Query {
  target?: string | undefined
  owner?: string | undefined
  runId?: string | undefined
  limit?: number | undefined
  cursor?: string | undefined
}

const PAGE = 50

/**
 * Files that people, agents and computers publish for a while. One in a channel is for who reads the channel; one without is for whoever
 * published it, for those who look after the agent that did, and of agents and computers for admins.
 */
export class PublishedService {
  readonly #store: ArtifactStore
  readonly #now: () => number
  readonly #attachments: AttachmentService
  /** Told of each end that is set. */
  #noted: (expiresAt: number) => void = () => {}

  constructor(
    private readonly core: Core,
    private readonly deps: PublishedDeps,
  ) {
    this.#store = new ArtifactStore(core.db)
    this.#now = deps.now ?? Date.now
    this.#attachments = deps.attachments
    // Whatever ends an artifact, whoever looks at a list of them learns of it with the same transaction.
    deps.attachments.whenGone((tx, row, by) => this.#emit(tx, row, 'deleted', by))
  }

  /** Calls `noted` with the end of each artifact that is published here. */
  whenPublished(noted: (expiresAt: number) => void): void {
    this.#noted = noted
  }

  /** When the next artifact ends; undefined: none is there. */
  nextEnd(): Promise<number | undefined> {
    return this.#store.nextEnd()
  }

  /**
   * Where a file is to be shown, before any of it is read.
   * @throws NekodeError `not_found`, `forbidden`, `channel_archived`
   */
  async place(p: Publisher, target: string | undefined): Promise<Place> {
    const run = p.kind === 'agent' ? await this.deps.currentRun(p.id) : undefined
    if (target !== undefined) {
      const { target: at, threadId } = parseTarget(target)
      const channel = this.core.access.channel(p, 'write', at)
      if (threadId !== undefined && !(await this.#store.isRoot(threadId, channel.id)))
        throw new NekodeError('not_found', `There is no thread ${threadId} in ${channel.target}.`)
      return { channel, threadId: threadId ?? null, run }
    }
    if (!run) return { channel: undefined, threadId: null, run }
    const channel = this.core.access.channelById(p, 'write', run.channelId)
    return { channel, threadId: run.threadId, run }
  }

  /**
   * Publishes a file that arrived, and says so where it is shown. The file is gone from the intake afterwards, whether this succeeds or not.
   * @throws NekodeError invalid `checksum_mismatch`; full `quota_exceeded`, `storage_full`
   */
  async publish(
    p: Publisher,
    about: NewArtifact,
    arrived: Arrived,
    { channel, threadId, run }: Place,
    { once, address = '' }: { once?: Once; address?: string } = {},
  ): Promise<Artifact> {
    const owner = senderOf(p)
    const { filename, mimeType, sha256, ttlSeconds = ARTIFACT_TTL.usual } = about
    const title = about.title === undefined || about.title === '' ? filename.slice(0, 200) : about.title
    const { id } = await this.#attachments.keep(
      owner,
      {
        channel,
        filename,
        mimeType,
        sha256,
        artifact: { title, ttlSeconds, threadId, runId: run?.id ?? null },
      },
      arrived,
      {
        ...(once ? { once } : {}),
        also: async (tx, row) => {
          this.#emit(tx, row, 'created', owner)
          await this.core.audit.record(tx, {
            by: p,
            action: 'artifact.publish',
            subject: row.id,
            detail: facts(row),
            address,
          })
          await this.#tell(tx, row, channel)
        },
      },
    )
    const made = await this.row(p, id)
    this.#noted(made.expiresAt ?? 0)
    return artifactView(made)
  }

  /** Newest first. */
  async list(
    p: Publisher,
    { target, owner, runId, limit = PAGE, cursor }: Query,
  ): Promise<{ items: Artifact[]; nextCursor?: string }> {
    const channel = target === undefined ? undefined : this.core.access.channel(p, 'read', target)
    const { access, directory } = this.core
    const agents = directory.agents().filter((agent) => access.withAgent(p, 'settings', agent))
    const seen = {
      channelIds: channel ? [channel.id] : access.visibleChannels(p),
      ownerIds: channel ? [] : [p.id, ...agents.map((agent) => agent.id)],
      machines: !channel && administers(p),
    }
    const rows = await this.#store.list(seen, this.#now(), {
      channelId: channel?.id,
      ownerId: owner,
      runId,
      before: cursor,
      limit: limit + 1,
    })
    const items = rows.slice(0, limit)
    const last = items.at(-1)
    return { items: items.map(artifactView), ...(rows.length > limit && last ? { nextCursor: last.id } : {}) }
  }

  async get(p: Principal, id: string): Promise<Artifact> {
    return artifactView(await this.row(p, id))
  }

  /** @throws NekodeError not_found for what the caller may not see either */
  async row(p: Principal, id: string): Promise<AttachmentRow> {
    const row = await this.#attachments.row(p, id)
    if (!row.artifact) throw unknown()
    return row
  }

  /** One that is there, for whoever holds an address of it that this server signed. @throws NekodeError gone */
  async stored(id: string): Promise<AttachmentRow> {
    const row = await this.#attachments.stored(id)
    if (!row?.artifact || (row.expiresAt ?? 0) <= this.#now())
      throw new NekodeError('gone', 'This is not there any more: its time is over, or somebody took it back.', {
        next: 'Ask whoever published it to do so again.',
      })
    return row
  }

  /** Takes an artifact back before its time. @throws NekodeError forbidden `not_owner` */
  async revoke(p: Publisher, id: string, address = ''): Promise<void> {
    const seen = await this.row(p, id)
    if (!this.#mayRevoke(p, seen))
      throw new NekodeError(
        'forbidden',
        'Only whoever published this, and who looks after its channel, can take it back.',
        {
          code: 'not_owner',
          next: 'Ask whoever published it, or an admin of the channel.',
        },
      )
    await this.core.db.tx(async (tx) => {
      if (!(await this.#attachments.drop(tx, id, actorOf(p)))) return
      await this.core.audit.record(tx, { by: p, action: 'artifact.revoke', subject: id, detail: facts(seen), address })
    })
  }

  /** Its owner; who looks after its channel, or after the agent that made it; of what belongs to no channel also admins. */
  #mayRevoke(p: Publisher, row: AttachmentRow): boolean {
    const { access, directory } = this.core
    if (p.id === row.ownerId) return true
    const agent = row.owner.kind === 'agent' ? directory.agent(row.ownerId) : undefined
    if (agent && p.kind === 'user' && access.withAgent(p, 'settings', agent)) return true
    if (row.channelId === null) return row.owner.kind !== 'human' && administers(p)
    const channel = directory.channel(row.channelId)
    return channel !== undefined && access.can(p, 'manage', channel)
  }

  /** Removes what is over. Returns how many files. */
  sweep(): Promise<number> {
    return this.#attachments.sweep()
  }

  #emit(tx: Tx, row: AttachmentRow, operation: 'created' | 'deleted', actor: Actor): void {
    tx.emit({
      kind: 'artifact',
      operation,
      aggregateId: row.id,
      audience: audienceOf(row),
      target: row.target,
      actor,
      payload: artifactView(row),
    })
  }

  /** Says in the conversation what there is to be seen. */
  async #tell(tx: Tx, row: AttachmentRow, channel: Channel | undefined): Promise<void> {
    if (!channel) return
    const { id, owner, title, filename } = row
    const { baseUrl } = this.deps
    const url = baseUrl === undefined ? '' : `${baseUrl}${openPath(id)}`
    await this.deps.writer.write(tx, {
      channel,
      threadId: row.threadId,
      sender: SYSTEM,
      content: `@${owner.name} published “${title}” (${filename}, ${id})${url ? `: ${url}` : '.'}`,
      system: { type: 'artifact.published', data: { artifactId: id, by: owner.name, title, filename, url } },
    })
  }
}

/** Who learns that it is there, as who may see it. */
function audienceOf({ channelId, owner, ownerId }: AttachmentRow): string {
  if (channelId !== null) return `channel:${channelId}`
  if (owner.kind === 'human') return `user:${ownerId}`
  return owner.kind === 'agent' ? `agent:${ownerId}` : 'admin'
}

/** For the audit log, which is every admin's: what is said in a private channel is its members' only. */
const facts = (row: AttachmentRow): Record<string, unknown> => ({
  kind: kindOf(row),
  sizeBytes: row.sizeBytes,
  channelId: row.channelId,
  runId: row.runId,
  expiresAt: row.expiresAt,
})

const unknown = (): NekodeError =>
  new NekodeError('not_found', 'There is no such artifact, or it is not for you to see.')
