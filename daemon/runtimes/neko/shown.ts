import type { Logger } from '@shared/log'
import { annotate } from '../../neko/agent/actions'
import type { TaskEvent } from '../../neko/task/outcome'
import type { Decision } from '../events'
import type { Turns } from '../turns'
import type { Pictures } from './pictures'
import { kindOf, titleOf } from './words'

/** Of an action in its run. */
export const toolOf = (turnId: string, id: string): string => `${turnId}-${id}`

/** What a task does, as the steps of a run. */
export class Shown {
  /** What is written comes after what was written before. */
  #last: Promise<void> = Promise.resolve()
  #waits = 0
  readonly #kept = new Map<string, Promise<string>>()

  constructor(
    private readonly turns: Turns<(decision: Decision) => void>,
    private readonly pictures: Pictures,
    private readonly log: Logger,
  ) {}

  /** Resolves when everything is shown. */
  done(): Promise<void> {
    return this.#last
  }

  on(event: TaskEvent): void {
    const { turns } = this
    const waitId = `${turns.turnId}-wait-${this.#waits}`
    switch (event.type) {
      case 'thought':
        return turns.thought(`${event.text}\n`)
      case 'usage':
        return turns.emit({ type: 'usage', turnId: turns.turnId, usage: event.usage })
      case 'action':
        return this.#begin(event)
      case 'acted':
        return this.#end(event)
      case 'waiting':
        turns.toolEnd(waitId, 'completed', 'Now it waits for something else.')
        this.#waits++
        return turns.toolStart({
          toolId: `${turns.turnId}-wait-${this.#waits}`,
          name: 'wait',
          kind: 'think',
          title: event.message,
        })
      case 'resumed':
        return turns.toolEnd(waitId, 'completed', 'It goes on.')
      case 'ended':
        return turns.toolEnd(waitId, 'failed', event.outcome.message)
    }
  }

  #begin(event: Extract<TaskEvent, { type: 'action' }>): void {
    const { action, id } = event
    const toolId = toolOf(this.turns.turnId, id)
    const name = action.action.toLowerCase()
    this.turns.toolStart({ toolId, name, kind: kindOf(action), title: titleOf(action), input: annotate(action) })
    const kept = this.pictures.keep(event).catch((error: unknown) => {
      this.log.warn('a picture was not kept', { error })
      return ''
    })
    this.#kept.set(id, kept)
  }

  #end({ id, as, result }: Extract<TaskEvent, { type: 'acted' }>): void {
    const toolId = toolOf(this.turns.turnId, id)
    const kept = this.#kept.get(id)
    this.#kept.delete(id)
    this.#last = this.#last.then(async () => {
      const path = await kept
      const status = as === 'done' ? 'completed' : as
      this.turns.toolEnd(toolId, status, path ? `${result}\nPicture: ${path}` : result)
    })
  }
}
