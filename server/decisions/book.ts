import type { Actor, Decision } from '@shared/contract'
import { SYSTEM } from '../access/principal'
import type { Core } from '../core'
import type { Tx } from '../db/database'
import type { Channel } from '../directory/directory'
import type { NewMessage } from '../messages/writer'
import { type DecisionAction, next } from './rules'
import type { DecisionStore } from './store'
import { type DecisionRow, decisionView } from './view'

export interface SystemWriter {
  write(tx: Tx, message: NewMessage): Promise<unknown>
}

/** The states of decisions: each change with its row, its message in the channel and its event. Who may is decided before. */
export class DecisionBook {
  constructor(
    private readonly core: Core,
    private readonly store: DecisionStore,
    private readonly writer: SystemWriter,
  ) {}

  /** Brings a proposal into force; what it supersedes retires with it. */
  async ratify(tx: Tx, row: DecisionRow, channel: Channel, by: Actor, forced: boolean): Promise<Decision> {
    const now = Date.now()
    const set = {
      status: next(row.status, 'ratify'),
      forced,
      ratifiedAt: now,
      updatedAt: now,
      version: row.version + 1,
    }
    const ratified = { ...row, ...set }
    await this.store.update(tx, row.id, set)
    await this.#say(tx, channel, ratified, `is in force${forced ? `, by force of @${by.name}` : ''}`)
    if (row.supersedesId !== null) await this.#replace(tx, ratified, row.supersedesId, channel)
    return this.emit(tx, ratified, 'state_changed', by)
  }

  /** Of those that were to replace one decision the first does, and the others have nothing left to replace. */
  async #replace(tx: Tx, by: DecisionRow, oldId: string, channel: Channel): Promise<void> {
    const old = await this.store.get(oldId, tx.q)
    const set = { supersededById: by.id }
    if (old?.status === 'ratified')
      await this.close(tx, old, channel, 'supersede', { by: null, reason: `“${by.title}” replaced it.` }, set)
    for (const rival of await this.store.rivals(tx, oldId))
      if (rival.id !== by.id)
        await this.close(tx, rival, channel, 'obsolete', { by: null, reason: `“${by.title}” came first.` }, set)
  }

  /** Ends a decision by what is legal in its state. @throws NekodeError `illegal_transition` */
  async close(
    tx: Tx,
    row: DecisionRow,
    channel: Channel,
    action: Exclude<DecisionAction, 'ratify'>,
    { by, reason }: { by: Actor | null; reason: string },
    more: Partial<DecisionRow> = {},
  ): Promise<Decision> {
    const now = Date.now()
    const set = {
      ...more,
      status: next(row.status, action),
      closedBy: by,
      closeReason: reason,
      closedAt: now,
      updatedAt: now,
      version: row.version + 1,
    }
    const closed = { ...row, ...set }
    await this.store.update(tx, row.id, set)
    await this.#say(tx, channel, closed, `is ${closed.status}${by ? ` by @${by.name}` : ''}`, reason)
    return this.emit(tx, closed, 'state_changed', by ?? SYSTEM)
  }

  /** Everybody in the channel reads what became of it. */
  async #say(tx: Tx, channel: Channel, row: DecisionRow, what: string, reason = ''): Promise<void> {
    await this.writer.write(tx, {
      channel,
      threadId: null,
      sender: SYSTEM,
      content: `The decision “${row.title}” ${what}${reason ? `: ${reason}` : '.'}`,
      kind: 'status',
      system: {
        type: `decision.${row.status}`,
        data: { decisionId: row.id, title: row.title, messageId: row.messageId, reason, by: row.closedBy?.name ?? '' },
      },
    })
  }

  emit(tx: Tx, row: DecisionRow, operation: 'created' | 'updated' | 'state_changed', actor: Actor): Decision {
    const payload = this.view(row)
    tx.emit({
      kind: 'decision',
      operation,
      aggregateId: row.id,
      audience: `channel:${row.channelId}`,
      target: payload.target,
      actor,
      payload,
    })
    return payload
  }

  view(row: DecisionRow): Decision {
    return decisionView(row, this.core.directory.channel(row.channelId)?.target ?? row.channelId)
  }
}
