import type { Room } from '../client/room'
import type { Size } from '../geometry'
import type { LivePixels } from './differ'

/** A picture of the screen: what the frame sources give. */
export interface LivePicture extends Size {
  /** Unix milliseconds. */
  at: number
  jpeg(options?: { quality?: number; longestEdge?: number }): Promise<Uint8Array>
  pixels(): Promise<LivePixels>
}

export interface LivePictures {
  /** The next picture, newer than `after`. Rejects when there is none in time, or when no more come. */
  next(options?: { after?: number; timeoutMs?: number; signal?: AbortSignal }): Promise<LivePicture>
}

/** `asked`: the person said so; `gone`: did not come back in time; `idle`: did nothing for long; `lost`: may not any more. */
export type HandBack = 'asked' | 'gone' | 'idle' | 'lost'

/** What is done in a session by its agent, as far as a person who takes over has to do with it. */
export interface LiveTask {
  /** `idle`: the agent has nothing to do here now. */
  readonly state: 'running' | 'paused' | 'idle'
  /**
   * A person takes over. Resolves when the agent does nothing more: no action of it is under way or follows before `handBack`.
   * Also without a task: one that comes waits.
   */
  takeOver(person: string): Promise<void>
  /** The agent goes on, and looks at the screen anew. */
  handBack(person: string, why: HandBack): void
  /** @returns what ends it */
  onChange(then: () => void): () => void
}

/** The screen of an agent's session, for people who watch it and take it over. */
export interface LiveScreen {
  room: Room
  frames: LivePictures
  task: LiveTask
}

/** The live screens of the agents on this computer, by their agents' ids. */
export class LiveScreens {
  readonly #screens = new Map<string, LiveScreen>()
  readonly #reasons = new Map<string, string>()
  readonly #watchers = new Map<string, Set<() => void>>()

  /**
   * A session is there to be watched; an earlier one of the same agent is over.
   * @returns what to call when it is over, with the reason for people
   */
  offer(agentId: string, live: LiveScreen): (reason?: string) => void {
    this.#screens.set(agentId, live)
    this.#reasons.delete(agentId)
    this.#tell(agentId)
    return (reason = '') => {
      if (this.#screens.get(agentId) !== live) return
      this.#screens.delete(agentId)
      if (reason !== '') this.#reasons.set(agentId, reason)
      this.#tell(agentId)
    }
  }

  get(agentId: string): LiveScreen | undefined {
    return this.#screens.get(agentId)
  }

  /** Why the latest session of an agent is over; empty when nothing was said. */
  reason(agentId: string): string {
    return this.#reasons.get(agentId) ?? ''
  }

  /** Calls when an agent's session begins or ends. @returns what ends it */
  onChange(agentId: string, then: () => void): () => void {
    const watchers = this.#watchers.get(agentId) ?? new Set()
    this.#watchers.set(agentId, watchers.add(then))
    return () => {
      watchers.delete(then)
      if (watchers.size === 0 && this.#watchers.get(agentId) === watchers) this.#watchers.delete(agentId)
    }
  }

  #tell(agentId: string): void {
    for (const then of this.#watchers.get(agentId) ?? []) then()
  }
}
