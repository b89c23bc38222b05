import type { Logger } from '@shared/log'
import type { Paths } from '../config/paths'
import type { LocalEvents } from '../local/events'
import type { Served } from '../local/operation'
import type { DaemonMark } from '../runtimes/events'
import type { Say } from '../relay/say'
import type { CacheService } from './cache/service'
import type { SecretService } from './secrets/service'

/** A part of the daemon that serves this computer, with or without a server. */
export interface Service {
  /** As `Status` names it. */
  readonly name: string
  /** What it answers at the local API. */
  serve(): Promise<ReadonlyMap<string, Served>>
  start(): Promise<void> | void
  stop(): Promise<void> | void
}

/** What every service gets. */
export interface ServiceDeps {
  paths: Paths
  log: Logger
  events: LocalEvents
  env: Record<string, string | undefined>
  secrets: SecretService
  cache: CacheService
  /** Says something at the server, for an agent of this computer or the person who is logged in. */
  say: Say
  /** By what the processes of this installation are found again. */
  mark: DaemonMark
}
