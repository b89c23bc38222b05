import { MAX_SAVED, type SavedMessage } from '@shared/contract'
import { NekodeError } from '@shared/errors'
import { newId } from '@shared/ids'
import { type AgentPrincipal, type UserPrincipal, actorOf } from '../access/principal'
import type { Core } from '../core'
import type { Tx } from '../db/database'
import { type Once, always } from '../idempotency/service'
import type { MessageService } from '../messages/service'
import { type Owner, type SavedRow, SavedStore } from './store'

type Participant = UserPrincipal | AgentPrincipal

/** What was let go of, if it was saved. */
interface Unsaved {
  removed: boolean
  savedMessage?: Omit<SavedMessage, 'message'>
}

const PAGE = 50
/** Rows that a request looks through, most of which may be of conversations that their reader has left. */
const SCANNED = 2000

/** Messages that somebody keeps at hand. Only they see that they do; and what they may not read any more they do not see either. */
export class SavedService {
  readonly #store: SavedStore

  constructor(
    private readonly core: Core,
    private readonly messages: MessageService,
  ) {
    this.#store = new SavedStore(core.db)
  }

  /** The latest saved first. */
  async list(
    p: Participant,
    query: { target?: string | undefined; limit?: number | undefined; cursor?: string | undefined },
  ): Promise<{ items: SavedMessage[]; nextCursor?: string }> {
    const { access, directory } = this.core
    const channelId = query.target === undefined ? undefined : access.channel(p, 'read', query.target).id
    const limit = query.limit ?? PAGE
    const found: SavedRow[] = []
    let before = placeOf(query.cursor)
    let more = true
    for (let scanned = 0; more && found.length <= limit && scanned < SCANNED;) {
      const rows = await this.#store.page(ownerOf(p), { channelId, before, limit: limit + 1 })
      const seen = rows.filter((row) => {
        const channel = directory.channel(row.channelId)
        return channel !== undefined && access.can(p, 'read', channel)
      })
      found.push(...seen)
      scanned += rows.length
      before = rows.at(-1)?.id
      more = rows.length > limit
    }
    const page = found.slice(0, limit)
    const next = found.length > limit ? page.at(-1)?.id : more ? before : undefined
    return { items: await this.#views(page), ...(next === undefined ? {} : { nextCursor: next }) }
  }

  /** Saving twice gives the same record. Throws `too_many_saved`, `message_deleted`. */
  async save(p: Participant, messageId: string, once: Once = always): Promise<SavedMessage> {
    const { message } = await this.messages.get(p, messageId)
    const channel = this.core.access.channel(p, 'read', message.target)
    const row = await this.core.db.tx((tx) =>
      once(tx, async () => {
        const known = await this.#store.get(tx, ownerOf(p), messageId)
        if (known) return known
        if (message.deletedAt !== null)
          throw new NekodeError('precondition', 'This message was deleted.', { code: 'message_deleted' })
        if ((await this.#store.count(tx, ownerOf(p))) >= MAX_SAVED)
          throw new NekodeError('precondition', `${MAX_SAVED} messages are saved already.`, {
            code: 'too_many_saved',
            next: 'Let go of some first.',
          })
        const made: SavedRow = {
          id: newId('sav'),
          ...ownerOf(p),
          messageId,
          channelId: channel.id,
          createdAt: Date.now(),
        }
        await this.#store.insert(tx, made)
        this.#emit(tx, p, made, message.threadId, 'created')
        return made
      }),
    )
    return { ...this.#record(row, message.threadId), message }
  }

  /** @returns what was let go of; nothing when it was not saved */
  async unsave(p: Participant, messageId: string, once: Once = always): Promise<Unsaved> {
    return this.core.db.tx((tx) =>
      once(tx, async (): Promise<Unsaved> => {
        const row = await this.#store.get(tx, ownerOf(p), messageId)
        if (!row) return { removed: false }
        await this.#store.delete(tx, row.id)
        this.#emit(tx, p, row, null, 'deleted')
        return { removed: true, savedMessage: this.#record(row, null) }
      }),
    )
  }

  async #views(rows: SavedRow[]): Promise<SavedMessage[]> {
    const messages = new Map((await this.messages.shown(rows.map((row) => row.messageId))).map((m) => [m.id, m]))
    return rows.flatMap((row) => {
      const message = messages.get(row.messageId)
      return message ? [{ ...this.#record(row, message.threadId), message }] : []
    })
  }

  #record(row: SavedRow, threadId: string | null): Omit<SavedMessage, 'message'> {
    const { id, messageId, createdAt: savedAt } = row
    return { id, messageId, target: this.core.directory.channel(row.channelId)?.target ?? '', threadId, savedAt }
  }

  #emit(tx: Tx, p: Participant, row: SavedRow, threadId: string | null, operation: 'created' | 'deleted'): void {
    // Nobody looks at what an agent keeps: it asks when it wants to know.
    if (p.kind === 'agent') return
    const payload = this.#record(row, threadId)
    tx.emit({
      kind: 'saved',
      operation,
      aggregateId: row.messageId,
      audience: `user:${p.id}`,
      target: payload.target,
      actor: actorOf(p),
      payload,
    })
  }
}

const ownerOf = (p: Participant): Owner => ({ kind: p.kind === 'user' ? 'human' : 'agent', memberId: p.id })

function placeOf(cursor: string | undefined): string | undefined {
  if (cursor === undefined || /^sav_[0-9a-f]{1,64}$/.test(cursor)) return cursor
  throw new NekodeError('invalid', 'This cursor is not one of saved messages.', {
    code: 'invalid_cursor',
    next: 'Leave it out to start at the first page.',
  })
}
