import { NekodeError } from '@shared/errors'
import type { Principal, UserPrincipal } from '../access/principal'
import type { Core } from '../core'
import type { LogEvent } from '../db/database'
import { PREVIEW } from './limits'
import { TunnelRules } from './rules'
import type { TunnelService } from './service'
import type { TunnelRow } from './view'

/** What may change who may look. */
const WATCHED = new Set(['tunnel', 'member', 'channel', 'user', 'agent', 'computer'])
/** How long a tunnel is believed to be as it was read; changes of this server are known at once. */
const FRESH_MS = 5_000
const MAX_KNOWN = 10_000

interface Open {
  token: string
  viewer: UserPrincipal | undefined
  end: (reason: NekodeError) => void
}

/** The tunnels that are looked through, as of now, and everything that is open on them: what loses its right ends at once. */
export class LiveTunnels {
  readonly #known = new Map<string, { row: TunnelRow | undefined; at: number }>()
  readonly #open = new Set<Open>()
  readonly #counts = new Map<string, number>()
  readonly #buckets = new Map<string, { left: number; at: number }>()
  #checking: Promise<void> | undefined
  #again = false
  /** Counts what may have changed a tunnel: what was read before is not kept after. */
  #changes = 0

  constructor(
    private readonly core: Core,
    private readonly tunnels: TunnelService,
  ) {
    core.db.onCommit((events) => this.#follow(events))
  }

  #follow(events: LogEvent[]): void {
    if (!events.some((e) => WATCHED.has(e.kind))) return
    if (events.some((e) => e.kind === 'tunnel')) {
      this.#known.clear()
      this.#changes++
    }
    // Tunnels themselves end with their channel, their agent or whoever opened them.
    if (events.some((e) => e.kind !== 'tunnel')) this.#reconcile()
    // Not before the directory knows.
    void this.core.directory
      .follow([])
      .then(() => this.recheck())
      .catch((error: unknown) => this.core.log.error('open previews were not checked', { error }))
  }

  #reconcile(): void {
    if (this.#checking) {
      this.#again = true
      return
    }
    this.#checking = this.core.directory
      .follow([])
      .then(() => this.tunnels.reconcile())
      .catch((error: unknown) => this.core.log.error('tunnels were not checked', { error }))
      .finally(() => {
        this.#checking = undefined
        if (!this.#again) return
        this.#again = false
        this.#reconcile()
      })
  }

  /** A tunnel by the name of its host. */
  async byToken(token: string): Promise<TunnelRow | undefined> {
    const known = this.#known.get(token)
    if (known && Date.now() - known.at < FRESH_MS) return known.row
    const at = Date.now()
    const changes = this.#changes
    const row = await this.tunnels.byToken(token)
    if (this.#known.size >= MAX_KNOWN) this.#known.clear()
    if (changes === this.#changes) this.#known.set(token, { row, at })
    return row
  }

  /** @throws NekodeError why it cannot be looked through, or not by them */
  admit(row: TunnelRow, viewer: UserPrincipal | undefined): void {
    if (row.state === 'pending_approval')
      throw new NekodeError('forbidden', 'Nobody has allowed this preview yet.', { code: 'tunnel_inactive' })
    if (row.state !== 'active' || row.expiresAt <= Date.now())
      throw new NekodeError('gone', 'This preview has ended.', { code: 'tunnel_inactive' })
    if (TunnelRules.view(this.core, this.#current(viewer), row)) return
    throw viewer
      ? new NekodeError('forbidden', 'You may not look at this preview any more.')
      : new NekodeError('unauthenticated', 'This preview is for people with an account.', { code: 'login_required' })
  }

  /** A viewer with the role that they have now. */
  #current(viewer: UserPrincipal | undefined): Principal {
    const user = viewer && this.core.directory.user(viewer.id)
    if (!viewer || viewer.revoked.aborted || !user || user.disabledAt !== null) return { kind: 'guest' }
    return { ...viewer, role: user.role }
  }

  /** @throws NekodeError throttled */
  throttle(tunnelId: string, now = Date.now()): void {
    const bucket = this.#buckets.get(tunnelId) ?? { left: PREVIEW.burst, at: now }
    bucket.left = Math.min(PREVIEW.burst, bucket.left + ((now - bucket.at) / 1000) * PREVIEW.rate)
    bucket.at = now
    this.#buckets.set(tunnelId, bucket)
    if (bucket.left < 1 || (this.#counts.get(tunnelId) ?? 0) >= PREVIEW.concurrent)
      throw new NekodeError('throttled', 'This preview gets more requests than it may.', { retryAfterSeconds: 1 })
    bucket.left -= 1
  }

  /**
   * Notes that something is open, and ends it when whoever looks loses their right.
   * @returns what to call when it is over
   */
  watch(row: TunnelRow, viewer: UserPrincipal | undefined, end: (reason: NekodeError) => void): () => void {
    const open: Open = { token: row.token, viewer, end }
    const revoked = (): void =>
      end(new NekodeError('forbidden', 'You may not look at this preview any more.', { code: 'access_ended' }))
    this.#open.add(open)
    this.#counts.set(row.id, (this.#counts.get(row.id) ?? 0) + 1)
    viewer?.revoked.addEventListener('abort', revoked)
    let isOver = false
    return () => {
      if (isOver) return
      isOver = true
      this.#open.delete(open)
      viewer?.revoked.removeEventListener('abort', revoked)
      const count = (this.#counts.get(row.id) ?? 1) - 1
      if (count > 0) this.#counts.set(row.id, count)
      else this.#counts.delete(row.id)
    }
  }

  /** Ends what is open and may not be any more. */
  async recheck(): Promise<void> {
    const tokens = new Set([...this.#open].map(({ token }) => token))
    for (const token of tokens) {
      const row = await this.byToken(token)
      for (const open of this.#open) {
        if (open.token !== token) continue
        try {
          if (row) this.admit(row, open.viewer)
          else throw new NekodeError('gone', 'This preview has ended.')
        } catch (error) {
          if (!(error instanceof NekodeError)) throw error
          open.end(new NekodeError('forbidden', error.message, { code: 'access_ended' }))
        }
      }
    }
  }

  /** Time passes too: expired tunnels end, idle buckets are forgotten. */
  async sweep(now = Date.now()): Promise<void> {
    await this.recheck()
    for (const [id, { at }] of this.#buckets) if (now - at > 300_000) this.#buckets.delete(id)
  }
}
