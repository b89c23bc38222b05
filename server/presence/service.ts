import type { Note, PersonPresence, PersonState } from '@shared/contract'
import { PRESENCE } from '@shared/limits'
import type { UserPrincipal } from '../access/principal'
import type { Core } from '../core'
import { Rates } from '../limits/rates'

interface Person {
  /** Consoles that are open. */
  consoles: number
  /** Until when the last sign of use counts. */
  activeUntil: number
  /** What everybody was told last. */
  told: PersonState
  /** Runs when the last console has closed: a page that is loaded again is back before. */
  leaving: Timer | undefined
}

/**
 * Who is here and who is writing. All of it lives in the memory of this process and is pushed as notes: a restart forgets it, and nobody
 * asks the database. People who only read are people too: anybody who follows the server's events with `notes` counts.
 */
export class Presence {
  readonly #people = new Map<string, Person>()
  readonly #typing: Rates
  readonly #signs: Rates
  #timer: Timer | undefined

  constructor(
    private readonly core: Pick<Core, 'hub' | 'access' | 'directory'>,
    private readonly now: () => number = Date.now,
    private readonly times = PRESENCE,
  ) {
    this.#typing = new Rates()
    this.#signs = new Rates()
    core.hub.onNoteReader((userId, by) => (by > 0 ? this.#came(userId) : this.#went(userId)))
    core.hub.stopping.addEventListener('abort', () => this.#stop(), { once: true })
  }

  /** Everybody who is not offline. */
  list(): { items: PersonPresence[] } {
    return { items: [...this.#people].map(([userId, { told: state }]) => ({ userId, state })) }
  }

  /** The caller uses the console. */
  active(p: UserPrincipal): void {
    if (this.#signs.take(p.id, PRESENCE.rate) > 0) return
    const person = this.#people.get(p.id)
    // Without an open console there is nobody to show.
    if (!person) return
    person.activeUntil = this.now() + this.times.activeMs
    this.#tell(p.id, person)
  }

  /** The caller is writing in a conversation. Who may not write there is refused; who says it too often is not heard. */
  typing(p: UserPrincipal, target: string, threadId: string | undefined): void {
    const channel = this.core.access.channel(p, 'write', target)
    if (this.#typing.take(p.id, PRESENCE.rate) > 0) return
    const until = this.now() + this.times.typingMs
    this.#whisper(`channel:${channel.id}`, {
      kind: 'typing',
      userId: p.id,
      target: channel.target,
      threadId: threadId ?? null,
      until,
    })
  }

  #came(userId: string): void {
    const known = this.#people.get(userId)
    if (known) {
      clearTimeout(known.leaving)
      known.consoles++
      return
    }
    // A page that is opened is used.
    const person: Person = {
      consoles: 1,
      activeUntil: this.now() + this.times.activeMs,
      told: 'offline',
      leaving: undefined,
    }
    this.#people.set(userId, person)
    this.#tell(userId, person)
    this.#timer ??= setInterval(() => this.sweep(), this.times.sweepMs).unref()
  }

  #went(userId: string): void {
    const person = this.#people.get(userId)
    if (!person || --person.consoles > 0) return
    person.leaving = setTimeout(() => {
      this.#people.delete(userId)
      this.#whisper('all', { kind: 'presence', userId, state: 'offline' })
      if (this.#people.size === 0) this.#stop()
    }, this.times.graceMs).unref()
  }

  /** Tells of those who have not used their console for a while. */
  sweep(): void {
    for (const [userId, person] of this.#people) this.#tell(userId, person)
  }

  #tell(userId: string, person: Person): void {
    const state = this.now() < person.activeUntil ? 'online' : 'away'
    if (state === person.told) return
    person.told = state
    this.#whisper('all', { kind: 'presence', userId, state })
  }

  #whisper(audience: string, note: Note): void {
    this.core.hub.whisper(audience, note.kind === 'typing' ? note.target : null, JSON.stringify(note))
  }

  #stop(): void {
    clearInterval(this.#timer)
    this.#timer = undefined
    for (const { leaving } of this.#people.values()) clearTimeout(leaving)
    this.#people.clear()
  }
}
