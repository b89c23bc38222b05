import type { Message, PushSettings, PushSubscriptionInfo } from '@shared/contract'
import { NekodeError } from '@shared/errors'
import type { UserPrincipal } from '../access/principal'
import { levelOf } from '../channels/levels'
import type { Core } from '../core'
import type { LogEvent } from '../db/database'
import type { GuardedFetch } from '../http/guarded'
import { parseUrl } from '../http/guarded'
import { cut } from '../rpc/text'
import { type News, newsOf } from './news'
import { RetryQueue, type Tried } from './queue'
import { isQuiet, isTimezone } from './quiet'
import { type PushMessage, PushSender, isPassing } from './sender'
import { PushStore, type SubscriptionRow } from './store'

/** How long a console that says that it is looked at is believed. */
const FOCUS_MS = 90_000
/** Of what was said, in a notification. Push services take 4 KiB in all. */
const TEXT = 240
const QUEUE = { most: 1000, parallel: 4, attempts: 4, firstPauseMs: 2000 }

interface Job {
  row: SubscriptionRow
  message: PushMessage
}

export interface Subscribing {
  endpoint: string
  keys: { p256dh: string; auth: string }
  locale: 'en' | 'zh-CN'
  settings: PushSettings
}

/**
 * Notifications of browsers (web push). A subscription belongs to the session that made it and ends with it. Follows commits, so that
 * nothing that is written waits for it; what cannot be handed over within a few attempts is dropped, because it stands in the inbox.
 */
export class PushService {
  readonly #store: PushStore
  readonly #sender: PushSender
  readonly #queue: RetryQueue<Job>
  /** Until when somebody looks at a console. */
  readonly #focused = new Map<string, number>()
  /** One commit after the other, so that what somebody changes counts for what comes after it. */
  #telling: Promise<void> = Promise.resolve()

  constructor(
    private readonly core: Core,
    private readonly services: { shown(ids: readonly string[]): Promise<Message[]> },
    options: { outgoing: GuardedFetch; subject: string; firstPauseMs?: number },
    private readonly now: () => number = Date.now,
  ) {
    this.#store = new PushStore(core.db)
    this.#sender = new PushSender(core, options.outgoing, options.subject)
    const queue = { ...QUEUE, ...(options.firstPauseMs === undefined ? {} : { firstPauseMs: options.firstPauseMs }) }
    this.#queue = new RetryQueue<Job>(
      queue,
      (job) => this.#attempt(job),
      (fact, error) => core.log.warn(`a notification of a browser was ${fact}`, error === undefined ? {} : { error }),
    )
    core.db.onCommit((events) => this.#follow(events))
  }

  stop(): void {
    this.#queue.stop()
  }

  async state(
    p: UserPrincipal,
  ): Promise<{ publicKey: string; subscription: PushSubscriptionInfo | null; browsers: number }> {
    const { open } = await this.#store.ofUsers([p.id])
    const row = open.find(({ sessionId }) => sessionId === p.credentialId)
    return { publicKey: await this.#sender.publicKey(), subscription: row ? view(row) : null, browsers: open.length }
  }

  /** @throws NekodeError invalid `url_invalid`, `timezone_unknown` */
  async subscribe(p: UserPrincipal, input: Subscribing, address: string): Promise<PushSubscriptionInfo> {
    parseUrl(input.endpoint)
    const { settings } = input
    if (settings.quiet && !isTimezone(settings.quiet.timezone))
      throw new NekodeError('invalid', `There is no time zone ${settings.quiet.timezone}.`, {
        code: 'timezone_unknown',
        next: 'Use a name such as Europe/Berlin.',
      })
    const known = await this.#store.get(p.credentialId)
    const row: SubscriptionRow = {
      sessionId: p.credentialId,
      userId: p.id,
      address: this.#sender.seal({ endpoint: input.endpoint, ...input.keys }, p.credentialId),
      locale: input.locale,
      settings,
      createdAt: known?.createdAt ?? this.now(),
    }
    await this.core.db.tx(async (tx) => {
      await this.#store.put(tx, row)
      // The host alone: the rest of the address lets anybody send to this browser.
      const detail = { service: new URL(input.endpoint).host }
      if (!known)
        await this.core.audit.record(tx, { by: p, action: 'push.subscribe', subject: p.credentialId, detail, address })
    })
    return view(row)
  }

  async unsubscribe(p: UserPrincipal, address: string): Promise<void> {
    await this.core.db.tx(async (tx) => {
      if (!(await this.#store.get(p.credentialId, tx.q))) return
      await this.#store.delete(tx, [p.credentialId])
      await this.core.audit.record(tx, { by: p, action: 'push.unsubscribe', subject: p.credentialId, address })
    })
  }

  /** @throws NekodeError `not_subscribed`, `push_refused`, and what the guarded fetch throws */
  async test(p: UserPrincipal): Promise<void> {
    const row = await this.#store.get(p.credentialId)
    if (!row)
      throw new NekodeError('precondition', 'This browser gets no notifications.', {
        code: 'not_subscribed',
        next: 'Turn them on first.',
      })
    const { locale } = row
    const path = '/settings/browser'
    const sent = await this.#sender.send(row, { kind: 'test', locale, by: '', place: '', text: '', path })
    if (sent.is === 'sent') return
    if (sent.is === 'gone') await this.#forget([row.sessionId])
    throw new NekodeError('unavailable', 'The push service of this browser did not take the notification.', {
      code: 'push_refused',
      next: 'Turn notifications off and on again.',
    })
  }

  focus(p: UserPrincipal, focused: boolean): void {
    if (focused) this.#focused.set(p.id, this.now() + FOCUS_MS)
    else this.#focused.delete(p.id)
  }

  #follow(events: LogEvent[]): void {
    const news = events.flatMap((event) => newsOf(event, this.#isLoud) ?? [])
    if (!news.length) return
    this.#telling = this.#telling
      .then(() => this.#tell(news))
      .catch((error: unknown) => this.core.log.error('notifications were not sent', { error }))
  }

  /** Whether somebody chose to be told of everything in a channel. */
  #isLoud = (target: string): boolean => {
    const { directory } = this.core
    const channel = directory.channelAt(target)
    return channel !== undefined && directory.members(channel.id).some(({ notify }) => notify === 'all')
  }

  /** Resolves when it is decided who is told of what was committed before. */
  idle(): Promise<void> {
    return this.#telling
  }

  async #tell(all: News[]): Promise<void> {
    for (const news of all) {
      const people = this.#concerned(news).filter((id) => (this.#focused.get(id) ?? 0) <= this.now())
      const { open, over } = await this.#store.ofUsers(people)
      if (over.length) await this.#forget(over)
      const due = open.filter((row) => wants(row.settings, news.kind) && !isQuiet(row.settings.quiet, this.now()))
      if (!due.length) continue
      const told = await this.#told(news)
      for (const row of due) this.#queue.add({ row, message: this.#message(told, row) })
    }
  }

  /** The people whom it concerns, and who may see it now. */
  #concerned({ kind, userId, target, byId, called = [] }: News): string[] {
    const { directory } = this.core
    const channel = directory.channelAt(target)
    if (!channel) return []
    const ids =
      userId === undefined
        ? directory.members(channel.id).flatMap((member) => (member.kind === 'human' ? [member.memberId] : []))
        : [userId]
    return ids.filter((id) => {
      const user = directory.user(id)
      if (!user || user.disabledAt !== null || id === byId) return false
      const member = directory.member(channel.id, 'human', id)
      if (kind === 'approval') return user.role !== 'viewer' && member !== undefined && member.role !== 'viewer'
      if (channel.visibility !== 'public' && member === undefined) return false
      const level = levelOf(directory, channel.id, id)
      // Who is called is told of that in other words, but in a direct conversation.
      if (kind === 'message') return level === 'all' && !called.includes(id)
      return kind !== 'dm' || level === 'all' || (level === 'mentions' && called.includes(id))
    })
  }

  /** With the author and the words that the event itself does not have. */
  async #told(news: News): Promise<News> {
    if (news.kind === 'approval') return { ...news, by: this.core.directory.agent(news.byId)?.displayName ?? '' }
    if (news.messageId === undefined) return news
    const [message] = await this.services.shown([news.messageId])
    if (!message) return news
    const { sender, content, permalink } = message
    return { ...news, by: sender.displayName || sender.name, text: content, path: permalink }
  }

  #message({ kind, by, text, target, path }: News, { locale, settings }: SubscriptionRow): PushMessage {
    const open = this.core.directory.channelAt(target)?.visibility === 'public' || settings.privateContent
    const place = open && !target.startsWith('dm:') ? target : ''
    return { kind, locale, by: cut(by || 'Nekode', 80), place, text: open ? cut(text, TEXT) : '', path }
  }

  async #attempt({ row, message }: Job): Promise<Tried> {
    try {
      const sent = await this.#sender.send(row, message)
      if (sent.is === 'later') return { againAfterMs: sent.afterMs }
      if (sent.is === 'gone') await this.#forget([row.sessionId])
      if (sent.is === 'refused')
        this.core.log.warn('a push service refused a notification', { status: sent.status, userId: row.userId })
      return 'over'
    } catch (error) {
      if (isPassing(error)) return { againAfterMs: 0 }
      throw error
    }
  }

  async #forget(sessionIds: readonly string[]): Promise<void> {
    await this.core.db.tx((tx) => this.#store.delete(tx, sessionIds))
    this.core.log.info('browsers that take no notifications any more were removed', { count: sessionIds.length })
  }
}

const view = ({ settings, createdAt }: SubscriptionRow): PushSubscriptionInfo => ({ settings, createdAt })

function wants(settings: PushSettings, kind: News['kind']): boolean {
  switch (kind) {
    case 'mention':
      return settings.mentions
    case 'message':
      return settings.messages
    case 'dm':
      return settings.dms
    case 'approval':
      return settings.approvals
    case 'task':
    case 'review':
      return settings.tasks
  }
}
