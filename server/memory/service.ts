import {
  type Actor,
  MAX_MEMORIES,
  MAX_MEMORY_BYTES,
  type MemoryRecord,
  type MemoryScope,
  type NewMemory,
  SHARED_SCOPES,
} from '@shared/contract'
import { NekodeError } from '@shared/errors'
import { newId } from '@shared/ids'
import {
  type AgentPrincipal,
  type ComputerPrincipal,
  type Principal,
  type UserPrincipal,
  actorOf,
} from '../access/principal'
import type { Core } from '../core'
import type { Tx } from '../db/database'
import type { Agent, Channel } from '../directory/directory'
import { type Once, always } from '../idempotency/service'
import { parseTarget } from '../rpc/target'
import { MemoryStore } from './store'
import { type MemoryRow, memoryView } from './view'

export type Rememberer = UserPrincipal | AgentPrincipal | ComputerPrincipal

const PAGE = 100

export interface MemoryQuery {
  agentId: string
  scope?: MemoryScope | undefined
  target?: string | undefined
  path?: string | undefined
  /** Words to look for, anywhere in a note. */
  q?: string | undefined
  limit?: number | undefined
  cursor?: string | undefined
}

/** A write, and whether it was done: one that is based on an older version is answered with the present one. */
export interface Written {
  record: MemoryRecord
  accepted: boolean
}

/** What agents remember between conversations, as far as the server knows it. */
export class MemoryService {
  readonly #store: MemoryStore

  constructor(private readonly core: Core) {
    this.#store = new MemoryStore(core.db)
  }

  /** Latest change first, of what the caller may see. */
  async list(p: Principal, query: MemoryQuery): Promise<{ items: MemoryRecord[]; nextCursor?: string }> {
    const agent = this.#agent(query.agentId)
    const limit = query.limit ?? PAGE
    const channelId = query.target === undefined ? undefined : this.#place(p, agent, query.target)
    const rows = await this.#store.list({
      agentId: agent.id,
      own: channelId === undefined && this.#sees(p, agent),
      channelIds: channelId === undefined ? this.#channels(p, agent) : [channelId],
      scope: query.scope,
      path: query.path,
      text: query.q?.toLowerCase(),
      before: positionOf(query.cursor),
      limit: limit + 1,
    })
    const items = rows.slice(0, limit)
    const last = items.at(-1)
    return {
      items: items.map((row) => this.#view(row)),
      ...(rows.length > limit && last ? { nextCursor: `${last.updatedAt}.${last.id}` } : {}),
    }
  }

  async get(p: Principal, id: string): Promise<MemoryRecord> {
    return this.#view(await this.#seen(p, id))
  }

  /**
   * Writes a note when it is still what the writer has read.
   * @throws NekodeError `version_conflict` when it is not
   */
  async put(p: Rememberer, agentId: string, input: NewMemory, once: Once = always): Promise<MemoryRecord> {
    const { accepted, record } = await this.upsert(p, agentId, input, once)
    if (accepted) return record
    throw versionConflict(record.version)
  }

  /** As `put`; a write that came too late is answered with the note as it is now. */
  async upsert(p: Rememberer, agentId: string, input: NewMemory, once: Once = always): Promise<Written> {
    const agent = this.#agent(agentId)
    this.#mustWrite(p, agent)
    const scope = input.scope ?? 'global'
    const channelId = this.#about(p, agent, scope, input.target)
    const content = contentOf(input)
    return this.core.db.tx((tx) =>
      once(
        tx,
        async () => {
          const known = await this.#store.at(tx, agent.id, scope, channelId, input.path)
          if ((known?.version ?? 0) !== input.expectedVersion) {
            if (known) return { record: this.#view(known), accepted: false }
            throw new NekodeError('not_found', `There is no note ${input.path} of that version.`, {
              next: 'Write it as a new one, with version 0.',
            })
          }
          await this.#mustFit(tx, agent, known, content)
          const now = Date.now()
          const row: MemoryRow = {
            id: known?.id ?? newId('mem'),
            agentId: agent.id,
            scope,
            channelId,
            path: input.path,
            title: input.title ?? known?.title ?? '',
            ...content,
            format: input.format ?? known?.format ?? 'markdown',
            tags: input.tags ?? known?.tags ?? [],
            sourceMessageIds: input.sourceMessageIds ?? known?.sourceMessageIds ?? [],
            version: (known?.version ?? 0) + 1,
            createdAt: known?.createdAt ?? now,
            updatedAt: now,
          }
          if (known) await this.#store.update(tx, row.id, row)
          else await this.#store.insert(tx, row)
          return { record: this.#emit(tx, agent, row, known ? 'updated' : 'created', actorOf(p)), accepted: true }
        },
        ({ accepted }) => accepted,
      ),
    )
  }

  async remove(p: Rememberer, id: string, version: number): Promise<void> {
    const { agentId } = await this.#seen(p, id)
    const agent = this.#agent(agentId)
    this.#mustWrite(p, agent)
    await this.core.db.tx(async (tx) => {
      const row = await this.#store.get(id, tx.q)
      if (!row) throw unknown()
      if (row.version !== version) throw versionConflict(row.version)
      await this.#store.delete(tx, id)
      this.#emit(tx, agent, row, 'deleted', actorOf(p))
    })
  }

  /** Removes all that an agent has noted, with the agent. */
  forget(tx: Tx, agentId: string): Promise<void> {
    return this.#store.deleteOf(tx, agentId)
  }

  /** The agent itself, its computer, and those who see how it is run. */
  #sees(p: Principal, agent: Agent): boolean {
    return this.core.access.withAgent(p, 'settings', agent)
  }

  /**
   * The conversations whose notes a caller may see; undefined for all: an agent and its computer know what the agent knows. People do
   * not get into a private channel by way of what an agent noted in it.
   */
  #channels(p: Principal, agent: Agent): string[] | undefined {
    if (p.kind === 'computer' || (p.kind === 'agent' && p.id === agent.id)) return this.#sees(p, agent) ? undefined : []
    return this.core.access.visibleChannels(p)
  }

  async #seen(p: Principal, id: string): Promise<MemoryRow> {
    const row = await this.#store.get(id)
    const agent = row && this.core.directory.agent(row.agentId)
    if (!row || !agent || !this.#maySee(p, agent, row)) throw unknown()
    return row
  }

  #maySee(p: Principal, agent: Agent, row: MemoryRow): boolean {
    if (row.channelId === '') return this.#sees(p, agent)
    const channels = this.#channels(p, agent)
    return channels === undefined || channels.includes(row.channelId)
  }

  #mustWrite(p: Principal, agent: Agent): void {
    if (this.#sees(p, agent)) return
    throw new NekodeError('forbidden', `You may not write into the memory of @${agent.name}.`, {
      next: 'Tell the agent; it writes its memory itself.',
    })
  }

  /** The channel that a note is about; empty for the agent's own. */
  #about(p: Principal, agent: Agent, scope: MemoryScope, target: string | undefined): string {
    if (!SHARED_SCOPES.has(scope)) {
      if (target === undefined) return ''
      throw new NekodeError('invalid', `A note of the scope ${scope} is about no conversation.`, {
        code: 'invalid_request',
        next: 'Leave the target out, or use the scope channel: then everybody in the channel can read the note.',
      })
    }
    if (target === undefined)
      throw new NekodeError('invalid', `A note of the scope ${scope} needs the conversation that it is about.`, {
        code: 'invalid_request',
      })
    return this.#place(p, agent, target)
  }

  /** A channel that the caller can read; for the agent's own computer one that the agent can. */
  #place(p: Principal, agent: Agent, text: string): string {
    const { target } = parseTarget(text)
    const reader: Principal =
      p.kind === 'computer' && this.#sees(p, agent)
        ? { ...p, kind: 'agent', id: agent.id, name: agent.name, displayName: agent.displayName }
        : p
    return this.core.access.channel(reader, 'read', target).id
  }

  async #mustFit(
    tx: Tx,
    agent: Agent,
    known: MemoryRow | undefined,
    { sizeBytes, localOnly }: { sizeBytes: number; localOnly: boolean },
  ): Promise<void> {
    const others = await this.#store.size(tx, agent.id, known?.id ?? '')
    if (others.notes < MAX_MEMORIES && others.bytes + (localOnly ? 0 : sizeBytes) <= MAX_MEMORY_BYTES) return
    throw new NekodeError(
      'precondition',
      `The memory of @${agent.name} is full: at most ${MAX_MEMORIES} notes and ${MAX_MEMORY_BYTES} bytes.`,
      { code: 'memory_full', next: 'Put notes together, or remove what is not needed any more.' },
    )
  }

  #agent(id: string): Agent {
    const agent = this.core.directory.agent(id)
    if (!agent) throw new NekodeError('not_found', 'There is no such agent.')
    return agent
  }

  /** For people and agents who may see it, and for the agent's computer, which keeps a copy. */
  #emit(
    tx: Tx,
    agent: Agent,
    row: MemoryRow,
    operation: 'created' | 'updated' | 'deleted',
    actor: Actor,
  ): MemoryRecord {
    const payload = this.#view(row)
    const event = {
      kind: 'memory' as const,
      operation,
      aggregateId: row.id,
      target: payload.target,
      actor,
      payload,
    }
    tx.emit({ ...event, audience: row.channelId ? `channel:${row.channelId}` : `agent:${agent.id}` })
    tx.emit({ ...event, audience: `computer:${agent.computerId}` })
    return payload
  }

  #view(row: MemoryRow): MemoryRecord {
    const channel: Channel | undefined = row.channelId ? this.core.directory.channel(row.channelId) : undefined
    return memoryView(row, row.channelId ? (channel?.target ?? row.channelId) : null)
  }
}

/** What is kept of a note's content: all of it, or what the agent's computer says about it. */
function contentOf({ content, localOnly }: NewMemory) {
  if (localOnly) {
    if (content === '') return { content, localOnly: true, ...localOnly }
    throw new NekodeError('invalid', 'A note that stays on the computer has no content here.', {
      code: 'invalid_request',
    })
  }
  const text = content.toWellFormed().replaceAll('\0', '\uFFFD')
  return {
    content: text,
    localOnly: false,
    sizeBytes: Buffer.byteLength(text),
    checksum: new Bun.CryptoHasher('sha256').update(text).digest('hex'),
  }
}

function positionOf(cursor: string | undefined): { updatedAt: number; id: string } | undefined {
  if (cursor === undefined) return undefined
  const [, updatedAt, id] = /^(\d{1,15})\.(mem_\w{1,60})$/.exec(cursor) ?? []
  if (updatedAt !== undefined && id !== undefined) return { updatedAt: Number(updatedAt), id }
  throw new NekodeError('invalid', 'This cursor is none of ours.', { code: 'invalid_request' })
}

const unknown = (): NekodeError => new NekodeError('not_found', 'There is no such note, or it is not for you to see.')

const versionConflict = (version: number): NekodeError =>
  new NekodeError('conflict', `This note has changed: it is at version ${version}.`, {
    code: 'version_conflict',
    next: 'Read it again, put your change into it, and write it with that version.',
  })
