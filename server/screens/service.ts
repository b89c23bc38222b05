import { NekodeError } from '@shared/errors'
import { type UserPrincipal, hasScope } from '../access/principal'
import type { Core } from '../core'
import type { LogEvent } from '../db/database'
import type { RunService } from '../runs/service'
import type { Attachments } from '../tunnels/attachments'
import { SCREENS } from './limits'

/** What may change who may watch. */
const WATCHED = new Set(['run', 'member', 'channel', 'user', 'agent', 'computer'])

/** What somebody may do with a screen now. */
export interface Rights {
  takeOver: boolean
  /** What the agent is at work on. */
  runId: string | null
  computerId: string
}

/** Somebody who watches. */
export interface Watching {
  readonly principal: UserPrincipal
  readonly agentId: string
  /** Undefined: nothing more may be shown. */
  allow(rights: Rights | undefined): void
}

export interface ScreenDeps {
  runs: Pick<RunService, 'underWayOf'>
  attachments: Attachments
}

/**
 * Who may watch the screens that agents work on, and who may take them over. While an agent is at work its screen shows that work, so it is
 * for those who see its runs, and for taking over by those who may write where they are; else for those who may see its files, and may
 * stop it.
 */
export class ScreenService {
  readonly #watching = new Set<Watching>()
  /** Agents whose viewers are to be looked at again. */
  readonly #due = new Set<string>()
  #checking = false
  #timer: Timer | undefined

  constructor(
    private readonly core: Core,
    readonly deps: ScreenDeps,
  ) {
    core.db.onCommit((events) => this.#follow(events))
  }

  /** @throws NekodeError not_found for who may not see anything of it, as if there were no such agent */
  async admit(p: UserPrincipal, agentId: string): Promise<Rights> {
    const rights = await this.rights(p, agentId)
    if (!rights)
      throw new NekodeError('not_found', 'There is no such agent whose screen you may see.', {
        next: 'What an agent does is for those who are in the channel where it does it.',
      })
    const viewers = [...this.#watching].filter((one) => one.agentId === agentId).length
    if (viewers >= SCREENS.viewers)
      throw new NekodeError('throttled', `${viewers} people watch this screen already.`, { code: 'too_many_viewers' })
    return rights
  }

  /** Undefined: they may not even watch. */
  async rights(p: UserPrincipal, agentId: string): Promise<Rights | undefined> {
    const { directory, access } = this.core
    const runs = await this.deps.runs.underWayOf(agentId)
    const [user, agent] = [directory.user(p.id), directory.agent(agentId)]
    if (!agent || !user || user.disabledAt !== null || p.revoked.aborted) return undefined
    // A login may be older than the role.
    const now: UserPrincipal = { ...p, role: user.role }
    // What is done with a computer needs more than to write messages.
    const isTrusted = user.role !== 'viewer' && hasScope(now, 'admin')
    const may = (action: 'read' | 'write'): boolean =>
      runs.every((run) => {
        const channel = directory.channel(run.channelId)
        return channel !== undefined && access.can(now, action, channel)
      })
    const isAtWork = runs.length > 0
    if (!(isAtWork ? may('read') : access.withAgent(now, 'files', agent))) return undefined
    const takeOver = isTrusted && (isAtWork ? may('write') : access.withAgent(now, 'stop', agent))
    return { takeOver, runId: runs.at(-1)?.id ?? null, computerId: agent.computerId }
  }

  /** Tells when rights change. @returns what ends it */
  watch(watching: Watching): () => void {
    this.#watching.add(watching)
    this.#timer ??= setInterval(() => this.#recheckSoon(() => true), SCREENS.recheckMs)
    this.#timer.unref()
    return () => {
      this.#watching.delete(watching)
      if (this.#watching.size > 0) return
      clearInterval(this.#timer)
      this.#timer = undefined
    }
  }

  /** What people do on the computers of others is written down. */
  async audit(
    by: UserPrincipal,
    action: 'screen.take_over' | 'screen.hand_back',
    agentId: string,
    detail: { runId: string | null; address: string },
  ): Promise<void> {
    const { runId, address } = detail
    await this.core.db.tx((tx) =>
      this.core.audit.record(tx, { by, action, subject: agentId, detail: runId ? { runId } : {}, address }),
    )
  }

  #follow(events: LogEvent[]): void {
    if (this.#watching.size === 0) return
    const told = events.filter((event) => WATCHED.has(event.kind))
    if (told.length === 0) return
    // Runs begin and end all the time; of another agent's they say nothing here.
    const isOnlyRuns = told.every((event) => event.kind === 'run')
    this.#recheckSoon((agentId) => !isOnlyRuns || told.some(({ payload }) => payload.includes(agentId)))
  }

  #recheckSoon(concerns: (agentId: string) => boolean): void {
    for (const { agentId } of this.#watching) if (concerns(agentId)) this.#due.add(agentId)
    if (this.#due.size === 0 || this.#checking) return
    this.#checking = true
    this.#recheck()
      .catch((error: unknown) => this.core.log.error('viewers of screens were not checked', { error }))
      .finally(() => {
        this.#checking = false
        this.#recheckSoon(() => false)
      })
  }

  async #recheck(): Promise<void> {
    const due = new Set(this.#due)
    this.#due.clear()
    // Not before the directory knows.
    await this.core.directory.follow([])
    for (const one of this.#watching) if (due.has(one.agentId)) one.allow(await this.rights(one.principal, one.agentId))
  }
}
