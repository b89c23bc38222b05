import type { Actor, EventPayload } from '@shared/contract'
import { NekodeError } from '@shared/errors'
import { newId } from '@shared/ids'
import { redactText } from '@shared/redact'
import type { z } from 'zod'
import { type AgentPrincipal, type ComputerPrincipal, type Principal, actorOf, isAdmin } from '../access/principal'
import type { Core } from '../core'
import type { Agent, Channel } from '../directory/directory'
import { type Once, always } from '../idempotency/service'
import type { RunService } from '../runs/service'
import { ActivityStore } from './store'
import type { ActivityRow } from './view'

export interface NewActivity {
  /** Where the agent is at work. Empty: where its run is, or nowhere. */
  target: string
  /** Empty for the calling agent, and for what is about a computer as a whole. */
  agentId: string
  kind: string
  summary: string
  detail: string
  runId: string
  stepId: string
}

/** What agents do, in short notes for people. */
export class ActivityService {
  readonly #store: ActivityStore

  constructor(
    private readonly core: Core,
    private readonly runs: RunService,
  ) {
    this.#store = new ActivityStore(core.db)
  }

  /** Adds a note. Whoever may not see its channel does not see it; one without a channel is for admins. */
  async log(p: ComputerPrincipal | AgentPrincipal, input: NewActivity, once: Once = always): Promise<ActivityRow> {
    if (input.kind === '') throw new NekodeError('invalid', 'An activity needs a kind.', { code: 'invalid_request' })
    const agent = this.#agent(p, input.agentId)
    const channel = await this.#place(p, agent, input)
    const row: ActivityRow = {
      id: newId('act'),
      channelId: channel?.id ?? null,
      target: channel?.target ?? '',
      agentId: agent?.id ?? '',
      kind: input.kind,
      summary: redactText(input.summary),
      detail: redactText(input.detail),
      runId: input.runId || null,
      stepId: input.stepId || null,
      createdAt: Date.now(),
    }
    const actor: Actor = agent
      ? { kind: 'agent', id: agent.id, name: agent.name, displayName: agent.displayName }
      : actorOf(p)
    return this.core.db.tx((tx) =>
      once(tx, async () => {
        await this.#store.insert(tx, row)
        tx.emit({
          kind: 'activity',
          operation: 'created',
          aggregateId: row.id,
          audience: channel ? `channel:${channel.id}` : 'admin',
          target: channel?.target ?? null,
          actor,
          payload: { id: row.id, agentId: row.agentId, kind: row.kind, message: row.summary } satisfies z.infer<
            (typeof EventPayload)['activity']
          >,
        })
        return row
      }),
    )
  }

  /** Whom it is about. An agent that the server has not made is no agent here: older daemons name such. */
  #agent(p: ComputerPrincipal | AgentPrincipal, id: string): Agent | undefined {
    const agent = this.core.directory.agent(id || (p.kind === 'agent' ? p.id : ''))
    const own = p.kind === 'agent' ? agent?.id === p.id : !agent || agent.computerId === p.id
    if (!own)
      throw new NekodeError('forbidden', 'This is about an agent that the token does not stand for.', {
        code: 'foreign_agent',
      })
    return agent
  }

  /** Where it is shown: the named channel, when the agent is in it, else that of the run. */
  async #place(
    p: ComputerPrincipal | AgentPrincipal,
    agent: Agent | undefined,
    { target, runId }: NewActivity,
  ): Promise<Channel | undefined> {
    const { access, directory } = this.core
    if (!agent) return undefined
    if (target === '') {
      // One that names nothing is about what the agent is at, which is nobody else's business.
      const id = runId || agent.status.runId
      const run = id ? (await this.runs.placesOf(p, [id])).get(id) : undefined
      return run && directory.channel(run.channelId)
    }
    const self: AgentPrincipal = { ...p, kind: 'agent', id: agent.id, name: agent.name, displayName: agent.displayName }
    return access.channel(self, 'read', target)
  }

  /** Newest first, of what the caller may see: a computer sees what is about its own agents. */
  async list(
    p: Principal,
    query: {
      target?: string | undefined
      agentId?: string | undefined
      limit: number
      cursor?: string | undefined
    },
  ): Promise<{ items: ActivityRow[]; nextCursor?: string }> {
    const { access, directory } = this.core
    const agentIds = query.agentId === undefined ? undefined : [query.agentId]
    const own = directory.agents().flatMap((a) => (p.kind === 'computer' && a.computerId === p.id ? a.id : []))
    const channelId = query.target === undefined ? undefined : this.#channelId(p, query.target)
    const seen =
      p.kind === 'computer'
        ? {
            agentIds: agentIds ? own.filter((id) => agentIds.includes(id)) : own,
            channelIds: channelId === undefined ? undefined : [channelId],
          }
        : {
            agentIds,
            channelIds: channelId === undefined ? access.visibleChannels(p) : [channelId],
            unplaced: channelId === undefined && isAdmin(p),
          }
    const rows = await this.#store.list({ ...seen, before: query.cursor, limit: query.limit + 1 })
    const items = rows.slice(0, query.limit)
    const last = items.at(-1)
    return { items, ...(rows.length > query.limit && last ? { nextCursor: last.id } : {}) }
  }

  /** A computer names a channel of its agents; their entries are all it gets to see there. */
  #channelId(p: Principal, target: string): string {
    if (p.kind !== 'computer') return this.core.access.channel(p, 'read', target).id
    return this.core.directory.channelAt(target)?.id ?? ''
  }

  /** Entries that the caller was shown to see, by id. */
  async named(ids: string[]): Promise<Map<string, ActivityRow>> {
    return new Map((await this.#store.named(ids)).map((row) => [row.id, row]))
  }
}
