import type { Actor, ReminderStatus } from '@shared/contract'
import { NekodeError } from '@shared/errors'
import { type Next, clockFor } from '@shared/schedule/clock'
import { SYSTEM } from '../access/principal'
import type { Core } from '../core'
import type { Tx } from '../db/database'
import type { Routing } from '../deliveries/router'
import type { DeliveryRow } from '../deliveries/view'
import type { Channel } from '../directory/directory'
import type { NewMessage } from '../messages/writer'
import type { MessageRow } from '../messages/view'
import { type ReminderService, planOf } from './service'
import type { ReminderRow } from './view'

/** Reminders that are let fire before anybody else gets a turn, and rounds before the next tick. */
const BATCH = 50
const ROUNDS = 20
/** What is later than this was missed: the server was not running. */
export const LATE_MS = 60_000

export interface Writer {
  write(tx: Tx, message: NewMessage): Promise<MessageRow>
}

export interface Router {
  remind(tx: Tx, routing: Routing, agentIds: readonly string[], forId: string | undefined): Promise<DeliveryRow[]>
}

interface Outcome {
  set: Partial<ReminderRow>
  note: { type: 'fired' | 'missed' | 'failed'; messageId?: string; detail: string }
}

/**
 * Lets reminders fire. The message, its deliveries, the log and the next time are one transaction: killed at any point, the server has
 * either done all of it or will do it when it is back.
 */
export class ReminderClock {
  constructor(
    private readonly core: Core,
    private readonly reminders: ReminderService,
    private readonly talk: { writer: Writer; router: Router },
  ) {}

  /** Lets fire what is due, a batch at a time. Returns how many. */
  async fireDue(now = Date.now()): Promise<number> {
    let fired = 0
    for (let round = 0; round < ROUNDS; round++) {
      const due = await this.reminders.store.due(now, BATCH)
      if (!due.length) break
      const next = await clockFor(due.map(planOf))
      for (const seen of due) if (await this.#fire(seen, next, now)) fired++
      if (due.length < BATCH) break
    }
    return fired
  }

  #fire(seen: ReminderRow, next: Next, now: number): Promise<boolean> {
    return this.core.db.tx(async (tx) => {
      const row = await this.reminders.store.get(seen.id, tx.q)
      // Somebody changed it since, or another server let it fire.
      if (!row || row.version !== seen.version || row.nextRunAt === null) return false
      const outcome = await this.#outcome(tx, row, row.nextRunAt, next, now)
      const set = { ...outcome.set, version: row.version + 1, updatedAt: Date.now() }
      const changed = { ...row, ...set }
      await this.reminders.store.update(tx, row.id, set)
      const { type, ...more } = outcome.note
      await this.reminders.note(tx, changed, type, SYSTEM, { ...more, scheduledAt: row.nextRunAt })
      this.reminders.emit(tx, changed, 'state_changed', SYSTEM)
      return type === 'fired'
    })
  }

  async #outcome(tx: Tx, row: ReminderRow, scheduledAt: number, next: Next, now: number): Promise<Outcome> {
    const channel = this.core.directory.channel(row.channelId)
    const refusal = this.#refusal(row, channel)
    if (refusal !== undefined || !channel) return failed(refusal ?? 'Its channel is gone.')
    const isLate = now - scheduledAt > LATE_MS
    const following = nextTime(row, next, now)
    if (following instanceof NekodeError) return failed(following.message)
    if (isLate && row.missed === 'skip') {
      const lastError = `The server was not running at ${new Date(scheduledAt).toISOString()}.`
      const over: ReminderStatus = row.ruleKind === 'at' ? 'failed' : 'done'
      return {
        set: { nextRunAt: following, status: following === null ? over : 'active', lastError },
        note: { type: 'missed', detail: 'Skipped: the server was not running.' },
      }
    }
    const { message, detail } = await this.#say(tx, row, channel)
    const runCount = row.runCount + 1
    const isOver = following === null || (row.maxRuns !== null && runCount >= row.maxRuns)
    return {
      set: {
        runCount,
        lastRunAt: now,
        nextRunAt: isOver ? null : following,
        status: isOver ? 'done' : 'active',
        lastError: detail,
      },
      note: {
        type: 'fired',
        messageId: message.id,
        detail: [isLate ? `${Math.round((now - scheduledAt) / 1000)} seconds late.` : '', detail]
          .filter(Boolean)
          .join(' '),
      },
    }
  }

  /** Why it must not fire any more: whoever set it could not say it there themselves. */
  #refusal(row: ReminderRow, channel: Channel | undefined): string | undefined {
    const { directory } = this.core
    if (!channel || channel.archivedAt !== null) return 'Its channel is archived.'
    const { kind, id, name } = row.createdBy
    const user = kind === 'human' ? directory.user(id) : undefined
    const isThere = user ? user.disabledAt === null : directory.agent(id) !== undefined
    if (!isThere) return `@${name}, who set it, is not here any more.`
    const member = directory.member(channel.id, user ? 'human' : 'agent', id)
    if (!member && (channel.visibility === 'private' || !user))
      return `@${name}, who set it, has left ${channel.target}.`
    if (user?.role === 'viewer' || member?.role === 'viewer')
      return `@${name}, who set it, may not write in ${channel.target} any more.`
    return undefined
  }

  async #say(tx: Tx, row: ReminderRow, channel: Channel): Promise<{ message: MessageRow; detail: string }> {
    const whom = this.reminders.whomOf(row)
    const message = await this.talk.writer.write(tx, {
      channel,
      threadId: row.threadId,
      sender: SYSTEM,
      content: textOf(row, whom, channel.language),
      metadata: { reminderId: row.id },
    })
    const mentioned = message.mentions.flatMap((m) => (m.kind === 'agent' ? [m.id] : []))
    const agents = [...new Set([...(whom?.kind === 'agent' ? [whom.id] : []), ...mentioned])]
    if (!agents.length) return { message, detail: '' }
    const routing = { channel, message, sender: SYSTEM, hops: row.hops }
    const deliveries = await this.talk.router.remind(tx, routing, agents, whom?.id)
    const problems = deliveries.flatMap((d) => d.failure?.message ?? [])
    if (whom?.kind === 'agent' && !deliveries.some((d) => d.agentId === whom.id))
      problems.push(`@${whom.name} is not in ${channel.target} any more.`)
    return { message, detail: problems.join(' ') }
  }
}

function nextTime(row: ReminderRow, next: Next, now: number): number | null | NekodeError {
  try {
    return next(planOf(row), now)
  } catch (error) {
    // A rule that an earlier version took and this one does not: it would come up again with each tick.
    if (error instanceof NekodeError) return error
    throw error
  }
}

const failed = (reason: string): Outcome => ({
  set: { status: 'failed', nextRunAt: null, lastError: reason },
  note: { type: 'failed', detail: reason },
})

const SET_BY = { en: (name: string) => `(set by ${name})`, zh: (name: string) => `（由 ${name} 设置）` }

/** The title, whom it is for, who set it when that is somebody else, and what is to be done. */
function textOf(row: ReminderRow, whom: Actor | null, language: 'en' | 'zh'): string {
  const { createdBy, prompt, title } = row
  const by = whom?.id === createdBy.id ? '' : ` ${SET_BY[language](createdBy.name)}`
  const head = `⏰ ${whom ? `@${whom.name} ` : ''}**${title}**${by}`
  return prompt && prompt !== title ? `${head}\n\n${prompt}` : head
}
