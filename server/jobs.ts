import type { Logger } from '@shared/log'
import type { Files } from './attachments/create'
import type { Computers } from './computers/service'
import type { CoordinationService } from './coordination/service'
import type { Core } from './core'
import type { DecisionService } from './decisions/service'
import type { InviteService } from './invites/service'
import { type Kept, Retention } from './retention/service'
import type { OutboundService } from './outbound/service'
import { ArtifactClock } from './published/clock'
import type { PublishedService } from './published/service'
import type { Digests } from './deliveries/digests'
import type { ReminderClock } from './reminders/fire'
import type { ReminderService } from './reminders/service'
import type { OutboundWorker } from './outbound/worker'
import type { ResourceService } from './resources/service'
import type { RunReaper } from './runs/reaper'
import type { Tasks } from './tasks/create'

const DAY_MS = 86_400_000

/** What the server does by itself, again and again. */
export class Jobs {
  readonly #retention: Retention
  readonly #artifacts: ArtifactClock
  #stop: (() => void)[] = []

  constructor(
    private readonly core: Core,
    private readonly services: {
      computers: Computers
      reaper: RunReaper
      outbound: OutboundService
      outboundWorker: OutboundWorker
      tasks: Tasks
      decisions: DecisionService
      coordination: CoordinationService
      reminders: ReminderService
      reminderClock: ReminderClock
      digests: Digests
      files: Files
      published: PublishedService
      invites: InviteService
      resources: ResourceService
    },
    private readonly kept: Kept & { auditDays: number },
  ) {
    this.#retention = new Retention(core.db, core.hub, kept)
    this.#artifacts = new ArtifactClock(services.published, core.log)
  }

  start(): void {
    const { core, services } = this
    services.reaper.start()
    services.outboundWorker.start()
    this.#artifacts.start()
    this.#stop = [
      () => services.reaper.stop(),
      () => this.#artifacts.stop(),
      services.computers.watch(core.log),
      every(1000, core.log, 'streams of expired credentials were not ended', async () => core.credentials.expire()),
      every(1000, core.log, 'reminders that are due did not fire', () => services.reminderClock.fireDue()),
      every(5_000, core.log, 'digests that are due were not given out', () => services.digests.giveDue()),
      every(5_000, core.log, 'claims of tasks that ended were not taken back', () => services.tasks.claims.reap()),
      every(15_000, core.log, 'proposals that ran out were not closed', () => services.decisions.expire()),
      every(15_000, core.log, 'negotiations that ran out were not closed', () => services.coordination.expire()),
      every(60_000, core.log, 'expired credentials were not removed', () => core.credentials.sweep()),
      every(600_000, core.log, 'what was kept for long enough was not removed', () => this.#retention.sweep()),
      every(3_600_000, core.log, 'old outbound deliveries were not removed', () => services.outbound.sweep()),
      every(3_600_000, core.log, 'old entries of reminders’ logs were not removed', () => services.reminders.sweep()),
      every(3_600_000, core.log, 'old subscriptions to resources were not removed', () => services.resources.sweep()),
      every(3_600_000, core.log, 'old invites were not removed', () => services.invites.sweep()),
      every(3_600_000, core.log, 'old audit rows were not removed', async () => {
        if (this.kept.auditDays) await core.audit.sweep(this.kept.auditDays * DAY_MS)
      }),
      every(600_000, core.log, 'files that nobody needs were not removed', () => services.files.sweep()),
      every(3_600_000, core.log, 'old idempotency keys were not removed', () => core.idempotency.sweep()),
    ]
  }

  stop(): void {
    for (const stop of this.#stop.splice(0)) stop()
  }
}

/** Does something again and again, one at a time; a failure is logged and the next round comes all the same. */
function every(ms: number, log: Logger, failure: string, work: () => Promise<unknown>): () => void {
  let busy = false
  const timer = setInterval(() => {
    if (busy) return
    busy = true
    work()
      .catch((error: unknown) => log.error(failure, { error }))
      .finally(() => {
        busy = false
      })
  }, ms)
  timer.unref()
  return () => clearInterval(timer)
}
