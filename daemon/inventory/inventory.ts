import { RuntimeInfo } from '@shared/contract/machines'
import type { Logger } from '@shared/log'
import type { Inventory } from '../control/session'
import type { DetectedRuntime } from '../runtimes/detect'

export interface InventoryOptions {
  computerId: string
  log: Logger
  detect(): Promise<DetectedRuntime[]>
  /** Changes when another look is worth its while; costs next to nothing. */
  fingerprint(): string
  /** An agent that is reported besides, as earlier daemons report theirs. */
  agent?: { agentId: string; runtimeKind: string; target: string } | undefined
}

/** A login can be in a place that no fingerprint sees, such as a keychain. */
const FULL_LOOK_MS = 3600_000

/** What is on this computer, looked up when it may have changed and remembered in between. */
export class InventoryBook {
  readonly #options: InventoryOptions
  #found: Promise<Inventory> | undefined
  #fingerprint = ''
  #lookedAt = 0

  constructor(options: InventoryOptions) {
    this.#options = options
  }

  /** What was found the last time. */
  read(): Promise<Inventory> {
    this.#found ??= this.#look()
    return this.#found
  }

  /** Looks again. */
  async refresh(): Promise<Inventory> {
    const found = this.#look()
    await found
    this.#found = found
    return found
  }

  /** Looks again when something seems to have changed, or the last look is an hour old. @returns whether it looked */
  async check(): Promise<boolean> {
    const isOld = Date.now() - this.#lookedAt > FULL_LOOK_MS
    if (!isOld && this.#fingerprint === this.#options.fingerprint()) return false
    await this.refresh()
    return true
  }

  async #look(): Promise<Inventory> {
    const { computerId, log, detect, agent, fingerprint } = this.#options
    this.#fingerprint = fingerprint()
    this.#lookedAt = Date.now()
    let runtimes: DetectedRuntime[] = []
    try {
      runtimes = await detect()
    } catch (error) {
      log.error('looking for coding agents failed', { error })
    }
    const inventory = {
      runtimes: runtimes.map((runtime) => wireRuntime(computerId, runtime)),
      agents: agent
        ? [
            {
              ...agent,
              name: agent.agentId,
              displayName: agent.agentId,
              computerId,
              enabled: true,
              dmTargets: [agent.target],
            },
          ]
        : [],
    }
    const version = new Bun.CryptoHasher('sha256').update(JSON.stringify(inventory)).digest('hex').slice(0, 32)
    return { inventory, version }
  }
}

function wireRuntime(computerId: string, runtime: DetectedRuntime) {
  const { kind, displayName, installed, login, path, canInstall, installCommand } = runtime
  // Only what the contract names: where a login was found stays on this computer.
  const info = RuntimeInfo.parse(runtime)
  return {
    runtimeId: `runtime-${computerId}-${kind}`.replace(/[^A-Za-z0-9._-]/g, '-'),
    computerId,
    kind,
    displayName,
    tool: kind,
    command: path ?? '',
    installed,
    healthy: installed && login !== 'no',
    supportsAutoInstall: canInstall,
    installHint: installCommand ? [installCommand] : [],
    runtimeProfile: {
      runtimeProfileId: `template-${kind}-default`,
      kind,
      model: runtime.models[0] ?? '',
      adapterConfigJson: JSON.stringify(info),
    },
  }
}
