import type { Approval } from '@shared/contract'
import { NekodeError } from '@shared/errors'
import { type Principal, type UserPrincipal, actorOf } from '../access/principal'
import type { Core } from '../core'
import type { Commands } from '../computers/commands'
import { fitting, jsonBytes } from '../http/fitting'
import type { RunService } from '../runs/service'
import { type ApprovalBook, isTunnel } from './book'
import { ApprovalStore } from './store'
import { type ApprovalRow, approvalView } from './view'

export interface Decision {
  allow: boolean
  remember?: boolean | undefined
  message?: string | undefined
}

/** What people say to an agent's permission requests. */
export class ApprovalService {
  readonly #store: ApprovalStore
  #decideTunnel: (p: UserPrincipal, tunnelId: string, decision: Decision) => Promise<unknown> = async () => undefined

  constructor(
    private readonly core: Core,
    private readonly book: ApprovalBook,
    private readonly runs: RunService,
    private readonly commands: Commands,
  ) {
    this.#store = new ApprovalStore(core.db)
  }

  /** Requests for tunnels are decided by whoever knows about tunnels. */
  whenTunnel(decide: (p: UserPrincipal, tunnelId: string, decision: Decision) => Promise<unknown>): void {
    this.#decideTunnel = decide
  }

  async list(
    p: UserPrincipal,
    query: {
      state?: ApprovalRow['state'] | undefined
      runId?: string | undefined
      limit?: number | undefined
      cursor?: string | undefined
    },
  ): Promise<{ items: Approval[]; nextCursor?: string }> {
    const limit = query.limit ?? 50
    const channelIds = this.core.access.visibleChannels(p)
    const rows = await this.#store.list({
      channelIds,
      state: query.state,
      runId: query.runId,
      before: query.cursor,
      limit: limit + 1,
    })
    const items = fitting(rows.slice(0, limit).map(approvalView), jsonBytes)
    const last = items.at(-1)
    return { items, ...(rows.length > items.length && last ? { nextCursor: last.id } : {}) }
  }

  /** A request, for whoever reads the channel that it was made in. */
  async get(p: Principal, id: string): Promise<Approval> {
    const row = await this.#store.get(id)
    const channel = row && this.core.directory.channel(row.channelId)
    if (!row || !channel || !this.core.access.can(p, 'read', channel))
      throw new NekodeError('not_found', 'There is no such request.')
    return approvalView(row)
  }

  /** Decides once: of two people who press at the same moment, one does and the other one is told. */
  async decide(p: UserPrincipal, id: string, decision: Decision): Promise<Approval> {
    const seen = await this.#store.get(id)
    if (!seen) throw new NekodeError('not_found', 'There is no such request.')
    this.core.access.channelById(p, 'write', seen.channelId)
    if (isTunnel(seen)) {
      await this.#decideTunnel(p, seen.requestId, decision)
      return approvalView((await this.#store.get(id)) ?? seen)
    }
    const actor = actorOf(p)
    return this.core.db.tx(async (tx) => {
      const row = await this.#store.get(id, tx.q)
      if (!row || row.state !== 'pending') throw decided(row ?? seen)
      const state = decision.allow ? ('allowed' as const) : ('denied' as const)
      const set = { state, decidedBy: actor, decidedAt: Date.now() }
      await this.#store.update(tx, id, set)
      await this.core.audit.record(tx, {
        by: p,
        action: 'approval.decide',
        subject: id,
        detail: { allow: decision.allow, agentId: row.agentId, runId: row.runId },
      })
      this.book.emit(tx, { ...row, ...set }, 'state_changed')
      await this.commands.enqueue(tx, {
        computerId: row.computerId,
        agentId: row.agentId,
        requestedBy: actor,
        command: {
          type: 'answer_permission',
          runId: row.runId,
          requestId: row.requestId,
          allow: decision.allow,
          remember: (decision.remember ?? false) && row.canRemember,
          message: decision.message ?? '',
        },
      })
      if (!(await this.book.anyPending(tx, row.runId))) await this.runs.resume(tx, row.runId, actor)
      return approvalView({ ...row, ...set })
    })
  }
}

function decided(row: ApprovalRow): NekodeError {
  const by = row.decidedBy ? ` by @${row.decidedBy.name}` : ''
  return new NekodeError(
    'conflict',
    row.state === 'withdrawn' ? 'The agent no longer waits for this.' : `This was ${row.state} already${by}.`,
    { code: 'already_decided' },
  )
}
