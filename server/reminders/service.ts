import {
  type Actor,
  MAX_REMINDER_TITLE,
  type MissedPolicy,
  type Reminder,
  type ReminderEvent,
  type ReminderEventType,
  type ReminderStatus,
} from '@shared/contract'
import { NekodeError } from '@shared/errors'
import { newId, newSecret } from '@shared/ids'
import { clockFor } from '@shared/schedule/clock'
import { checkZone } from '@shared/schedule/zone'
import { type AgentPrincipal, type Principal, type UserPrincipal, actorOf } from '../access/principal'
import type { Core } from '../core'
import type { Tx } from '../db/database'
import type { Channel } from '../directory/directory'
import { type Once, always } from '../idempotency/service'
import { firstLine } from '../rpc/text'
import { type Schedule, type When, readSchedule } from './schedule'
import { ReminderStore } from './store'
import { type ReminderEventRow, type ReminderRow, reminderEventView, reminderView } from './view'

/** Reminders of one that may be going on at a time. */
const MAX_ACTIVE = { user: 200, agent: 20 } as const
/** Firings of a recurring reminder that an agent set: then a person has to want more. */
const AGENT_RUNS = 100
const PAGE = 50
const LOG_MS = 90 * 86_400_000
const SWEEP = 500

/** Times that a preview tells. */
const PREVIEWED = 5

export type Author = UserPrincipal | AgentPrincipal
type Whom = { kind: 'human' | 'agent'; memberId: string }

export interface NewReminder extends When {
  target: string
  title?: string | undefined
  prompt?: string | undefined
  timezone?: string | undefined
  msgRef?: string | undefined
  for?: Whom | null | undefined
  missed?: MissedPolicy | undefined
  maxRuns?: number | undefined
}

export interface ReminderChange extends When {
  title?: string | undefined
  prompt?: string | undefined
  timezone?: string | undefined
  missed?: MissedPolicy | undefined
  paused?: boolean | undefined
  expectedVersion?: number | undefined
}

export interface Surroundings {
  /** A message that the caller may see. */
  message(p: Principal, id: string): Promise<{ id: string; target: string; threadId: string | null }>
  /** Which run an agent is at work on: what it sets then is a consequence of that. */
  current(tx: Tx, agentId: string, channelId: string): Promise<{ hops: number } | undefined>
}

/** What is to be said later: setting it, changing it and reading what became of it. `fire.ts` lets it happen. */
export class ReminderService {
  readonly store: ReminderStore

  constructor(
    readonly core: Core,
    private readonly around: Surroundings,
  ) {
    this.store = new ReminderStore(core.db)
  }

  /** What any of several callers may see: the agents of a computer. */
  async list(
    p: Principal | readonly Principal[],
    query: {
      target?: string | undefined
      status?: readonly ReminderStatus[] | undefined
      includeCanceled?: boolean | undefined
      memberId?: string | undefined
      limit?: number | undefined
      cursor?: string | undefined
    },
  ): Promise<{ items: Reminder[]; nextCursor?: string }> {
    const { access } = this.core
    const readers = Array.isArray(p) ? p : [p]
    const limit = query.limit ?? PAGE
    const places = readers.flatMap((reader) =>
      query.target === undefined ? access.visibleChannels(reader) : [access.channel(reader, 'read', query.target).id],
    )
    const rows = await this.store.list({
      channelIds: [...new Set(places)],
      statuses: query.status,
      includeCanceled: query.includeCanceled ?? false,
      forId: query.memberId,
      before: query.cursor,
      limit: limit + 1,
    })
    return page(rows, limit, (row) => this.view(row))
  }

  async get(p: Principal, id: string): Promise<Reminder> {
    return this.view(await this.#seen(p, id))
  }

  async log(
    p: Principal,
    id: string,
    query: { limit?: number | undefined; cursor?: string | undefined },
  ): Promise<{ items: ReminderEvent[]; nextCursor?: string }> {
    await this.#seen(p, id)
    const limit = query.limit ?? PAGE
    return page(await this.store.events(id, query.cursor, limit + 1), limit, reminderEventView)
  }

  /** What a schedule comes to and its next times, without setting anything. Throws `schedule_invalid`. */
  async preview(p: Author, input: When & { timezone?: string | undefined }) {
    const timezone = checkZone(input.timezone ?? 'UTC')
    const { kind, rule, firstAt, anchorAt } = await readSchedule(input, timezone, who(p))
    const plan = { kind, rule, anchorAt, timezone }
    const next = await clockFor([plan])
    const times = [firstAt]
    for (let at: number | null = firstAt; at !== null && times.length < PREVIEWED;) {
      at = next(plan, at)
      if (at !== null) times.push(at)
    }
    return { ruleKind: kind, rule, recurring: kind !== 'at', timezone, times }
  }

  /** Sets a reminder where the caller may write. */
  async create(p: Author, input: NewReminder, once: Once = always): Promise<Reminder & { cancelToken: string }> {
    const channel = this.core.access.channel(p, 'write', input.target)
    const prompt = (input.prompt ?? '').trim()
    const title = input.title ?? firstLine(prompt, MAX_REMINDER_TITLE)
    if (!title) throw new NekodeError('invalid', 'A reminder needs a title or a prompt.', { code: 'invalid_request' })
    const whom = this.#whom(p, channel, input.for)
    const about = input.msgRef === undefined ? undefined : await this.#about(p, channel, input.msgRef)
    const schedule = await readSchedule(input, checkZone(input.timezone ?? 'UTC'), who(p))
    return this.core.db.tx((tx) =>
      once(tx, async () => {
        const most = MAX_ACTIVE[p.kind]
        if ((await this.store.active(tx, p.id)) >= most)
          throw new NekodeError('precondition', `You have ${most} reminders already.`, {
            code: 'too_many_reminders',
            next: 'Cancel some of them first.',
          })
        const hops = p.kind === 'agent' ? ((await this.around.current(tx, p.id, channel.id))?.hops ?? 0) + 1 : 0
        const row: ReminderRow = {
          ...newRow(p, channel, schedule),
          title,
          prompt,
          threadId: about?.threadId ?? null,
          messageId: about?.messageId ?? null,
          forKind: whom?.kind ?? null,
          forId: whom?.memberId ?? null,
          missed: input.missed ?? 'fire',
          maxRuns: maxRuns(p, schedule, input.maxRuns),
          hops,
        }
        await this.store.insert(tx, row)
        await this.note(tx, row, 'created', actorOf(p))
        return { ...this.emit(tx, row, 'created', actorOf(p)), cancelToken: row.cancelToken }
      }),
    )
  }

  async update(p: Author, id: string, input: ReminderChange, once: Once = always): Promise<Reminder> {
    const seen = await this.#seen(p, id)
    const timezone = checkZone(input.timezone ?? seen.timezone)
    const resays = input.delaySeconds !== undefined || input.fireAt !== undefined || input.schedule !== undefined
    const moves = resays || timezone !== seen.timezone
    const schedule = moves ? await readSchedule(resays ? input : sayAgain(seen), timezone, who(p)) : undefined
    const next = await clockFor([planOf(seen)])
    return this.#change(p, id, 'write', once, async (_tx, row, may) => {
      may()
      if (input.expectedVersion !== undefined && input.expectedVersion !== row.version) throw changed(row)
      if (row.status === 'canceled') throw closed(row)
      const said: Partial<ReminderRow> = {
        title: input.title ?? row.title,
        prompt: input.prompt ?? row.prompt,
        missed: input.missed ?? row.missed,
        ...(schedule ? planned(schedule) : {}),
      }
      const paused = input.paused ?? (row.status === 'paused' && !schedule)
      // A new time starts it again; without one only what was paused can go on.
      const isOpen = schedule !== undefined || row.status === 'active' || row.status === 'paused'
      if (!isOpen && input.paused !== undefined) throw closed(row)
      if (!isOpen) return { set: said, type: 'updated', detail: '' }
      const goesOn = schedule === undefined && row.nextRunAt === null
      if (!paused && goesOn && row.version !== seen.version) throw changed(row)
      const nextRunAt = paused ? null : (schedule?.firstAt ?? row.nextRunAt ?? next(planOf(row), Date.now()))
      if (nextRunAt === null && !paused) throw closed(row)
      return {
        set: { ...said, status: paused ? 'paused' : 'active', nextRunAt, lastError: '' },
        type: 'updated',
        detail: paused ? 'Paused.' : '',
      }
    })
  }

  async snooze(p: Author, id: string, delaySeconds: number, once: Once = always): Promise<Reminder> {
    return this.#change(p, id, 'write', once, async (_tx, row, may) => {
      may()
      if (row.status === 'canceled') throw closed(row)
      const set = { status: 'active' as const, nextRunAt: Date.now() + delaySeconds * 1000, lastError: '' }
      return { set, type: 'snoozed', detail: `By ${delaySeconds} seconds.` }
    })
  }

  /** @param token what the one who set it was given: it stands for them, and when it is said it has to be right */
  async cancel(p: Author, id: string, token: string | undefined, once: Once = always): Promise<Reminder> {
    return this.#change(p, id, 'read', once, async (_tx, row, may) => {
      if (!token) may()
      else if (token !== row.cancelToken)
        throw new NekodeError('forbidden', 'This cancel token belongs to another reminder.', {
          code: 'cancel_token_wrong',
        })
      if (row.status === 'canceled') return undefined
      if (row.status === 'done') throw closed(row)
      return { set: { status: 'canceled', nextRunAt: null }, type: 'canceled', detail: '' }
    })
  }

  /** Removes what was logged too long ago. */
  async sweep(now = Date.now()): Promise<void> {
    let removed = SWEEP
    while (removed === SWEEP) removed = await this.core.db.tx((tx) => this.store.forget(tx, now - LOG_MS, SWEEP))
  }

  /** Changes a reminder as it is now; `work` asks with `may` whether the caller may. Nothing is changed or logged when `work` has nothing to do. */
  async #change(
    p: Author,
    id: string,
    action: 'read' | 'write',
    once: Once,
    work: (
      tx: Tx,
      row: ReminderRow,
      may: () => void,
    ) => Promise<{ set: Partial<ReminderRow>; type: ReminderEventType; detail: string } | undefined>,
  ): Promise<Reminder> {
    const { channelId } = await this.#seen(p, id)
    const channel = this.core.access.channelById(p, action, channelId)
    return this.core.db.tx((tx) =>
      once(tx, async () => {
        const row = await this.store.get(id, tx.q)
        if (!row) throw unknown()
        const change = await work(tx, row, () => this.#mustBeTheirs(p, channel, row))
        if (!change) return this.view(row)
        const hops = await this.#hops(tx, p, row, change.set)
        const set = { ...change.set, hops, version: row.version + 1, updatedAt: Date.now() }
        const now = { ...row, ...set }
        await this.store.update(tx, id, set)
        await this.note(tx, now, change.type, actorOf(p), { detail: change.detail })
        return this.emit(tx, now, change.type === 'updated' ? 'updated' : 'state_changed', actorOf(p))
      }),
    )
  }

  /** What an agent lets fire again follows from what it fired before, as a new one would; what a person wants begins anew. */
  async #hops(tx: Tx, p: Author, row: ReminderRow, set: Partial<ReminderRow>): Promise<number> {
    if (p.kind !== 'agent') return 0
    if (set.prompt === undefined && (set.nextRunAt ?? null) === null) return row.hops
    const current = await this.around.current(tx, p.id, row.channelId)
    return Math.max(row.hops, current?.hops ?? 0) + 1
  }

  /** Whoever set it, whom it is for and admins of the channel; what agents set, also any person who may write there. */
  #mustBeTheirs(p: Author, channel: Channel, row: ReminderRow): void {
    const { access } = this.core
    if (row.creatorId === p.id || row.forId === p.id || access.can(p, 'manage', channel)) return
    if (p.kind === 'user' && row.createdBy.kind === 'agent' && access.can(p, 'write', channel)) return
    throw new NekodeError('forbidden', `This reminder was set by @${row.createdBy.name}.`, {
      next: 'Ask them, or an admin of the channel.',
    })
  }

  #whom(p: Author, channel: Channel, said: Whom | null | undefined): Whom | undefined {
    const { directory } = this.core
    if (said === null) return undefined
    if (said === undefined) {
      if (p.kind === 'agent') return { kind: 'agent', memberId: p.id }
      const agent = directory.members(channel.id).find((m) => m.kind === 'agent')
      return channel.kind === 'dm' && agent ? { kind: 'agent', memberId: agent.memberId } : undefined
    }
    if (p.kind === 'agent' && said.memberId !== p.id && said.kind === 'agent')
      throw new NekodeError('forbidden', 'An agent sets reminders for itself and for people.', {
        next: 'Mention the other agent in a message instead.',
      })
    if (!directory.member(channel.id, said.kind, said.memberId))
      throw new NekodeError('not_found', `They are not in ${channel.target}.`, {
        code: 'not_a_member',
        next: 'Add them to the channel first.',
      })
    return said
  }

  async #about(p: Author, channel: Channel, messageId: string): Promise<{ threadId: string; messageId: string }> {
    const message = await this.around.message(p, messageId)
    if (this.core.directory.channelAt(message.target)?.id !== channel.id)
      throw new NekodeError('not_found', `There is no such message in ${channel.target}.`)
    return { threadId: message.threadId ?? message.id, messageId }
  }

  async #seen(p: Principal, id: string): Promise<ReminderRow> {
    const row = await this.store.get(id)
    if (!row) throw unknown()
    this.core.access.channelById(p, 'read', row.channelId)
    return row
  }

  note(
    tx: Tx,
    row: ReminderRow,
    type: ReminderEventType,
    actor: Actor,
    more: Partial<Pick<ReminderEventRow, 'scheduledAt' | 'messageId' | 'detail'>> = {},
  ): Promise<void> {
    return this.store.addEvent(tx, {
      id: newId('rmev'),
      reminderId: row.id,
      type,
      actor,
      at: Date.now(),
      scheduledAt: null,
      nextRunAt: row.nextRunAt,
      messageId: null,
      detail: '',
      ...more,
    })
  }

  emit(tx: Tx, row: ReminderRow, operation: 'created' | 'updated' | 'state_changed', actor: Actor): Reminder {
    const payload = this.view(row)
    tx.emit({
      kind: 'reminder',
      operation,
      aggregateId: row.id,
      audience: `channel:${row.channelId}`,
      target: payload.target,
      actor,
      payload,
    })
    return payload
  }

  view(row: ReminderRow): Reminder {
    const target = this.core.directory.channel(row.channelId)?.target ?? row.channelId
    return reminderView(row, { target, for: this.whomOf(row) })
  }

  /** Whom it is for, as they are called now. */
  whomOf({ forKind, forId }: ReminderRow): Actor | null {
    if (forKind === null || forId === null) return null
    const { directory } = this.core
    const user = forKind === 'human' ? directory.user(forId) : undefined
    const name = user?.username ?? (forKind === 'agent' ? directory.agent(forId)?.name : undefined) ?? 'deleted'
    const displayName = user?.displayName ?? directory.agent(forId)?.displayName ?? name
    return { kind: forKind, id: forId, name, displayName }
  }
}

export const planOf = (row: ReminderRow) => ({
  kind: row.ruleKind,
  rule: row.rule,
  anchorAt: row.anchorAt,
  timezone: row.timezone,
})

const who = (p: Author): 'human' | 'agent' => (p.kind === 'agent' ? 'agent' : 'human')

const planned = (s: Schedule & { firstAt: number }) => ({
  scheduleKind: s.scheduleKind,
  schedule: s.schedule,
  ruleKind: s.kind,
  rule: s.rule,
  anchorAt: s.anchorAt,
  timezone: s.timezone,
})

/** What a reminder's time was set as, to be read in another zone. */
const sayAgain = (row: ReminderRow): When => ({ schedule: row.schedule, scheduleKind: row.scheduleKind })

function maxRuns(p: Author, schedule: Schedule, said: number | undefined): number | null {
  if (p.kind !== 'agent' || schedule.kind === 'at') return said ?? null
  return Math.min(said ?? AGENT_RUNS, AGENT_RUNS)
}

function newRow(p: Author, channel: Channel, schedule: Schedule & { firstAt: number }) {
  const now = Date.now()
  return {
    id: newId('rem'),
    channelId: channel.id,
    status: 'active' as const,
    ...planned(schedule),
    creatorId: p.id,
    createdBy: actorOf(p),
    cancelToken: newSecret('rct', 18),
    nextRunAt: schedule.firstAt,
    lastRunAt: null,
    runCount: 0,
    lastError: '',
    version: 1,
    createdAt: now,
    updatedAt: now,
  }
}

const unknown = (): NekodeError => new NekodeError('not_found', 'There is no such reminder.')

const changed = (row: ReminderRow): NekodeError =>
  new NekodeError('conflict', `This reminder has changed: it is at version ${row.version}.`, {
    code: 'version_conflict',
    next: 'Read it again, then decide.',
  })

const closed = (row: ReminderRow): NekodeError =>
  new NekodeError('conflict', `This reminder is ${row.status}.`, {
    code: 'illegal_transition',
    next: 'Set a new time for it, or set a new reminder.',
  })

function page<R extends { id: string }, T>(
  rows: R[],
  limit: number,
  view: (row: R) => T,
): { items: T[]; nextCursor?: string } {
  const items = rows.slice(0, limit)
  const last = items.at(-1)
  return { items: items.map(view), ...(rows.length > limit && last ? { nextCursor: last.id } : {}) }
}
