import { expect } from 'bun:test'
import { type Approval, type Delivery, type Message, type Run, type RunStep, ServerEventJson } from '@shared/contract'
import { RunStep as StepSchema } from '@shared/contract/runs'
import { followSse } from '@shared/sse'
import { type Caller, eventually } from './harness'

export interface Asked {
  message: Message
  /** Of the agent that was asked. */
  delivery: Delivery
}

export interface Seen {
  run: Run
  steps: RunStep[]
  approvals: Approval[]
}

/** What came of a question once it is over. */
export interface Outcome extends Seen {
  delivery: Delivery
  /** What agents wrote in the question's thread, oldest first. */
  said: Message[]
}

export type StepOf<T extends RunStep['detail']['type']> = Extract<RunStep['detail'], { type: T }>

/** The details of a run's steps of one type, in order. */
export const details = <T extends RunStep['detail']['type']>({ steps }: Seen, type: T): StepOf<T>[] =>
  steps.map(({ detail }) => detail).filter((detail): detail is StepOf<T> => detail.type === type)

const isOpen = ({ state }: Delivery): boolean => state === 'pending' || state === 'claimed'

/** A person who talks with agents. */
export class Talk {
  readonly call: Caller['call']

  constructor(
    private readonly url: string,
    private readonly caller: Caller,
  ) {
    this.call = caller.call
  }

  /** Writes a message that exactly one agent owes an answer to. */
  async ask(content: string, where: { target?: string; threadId?: string } = {}): Promise<Asked> {
    const body = { target: '#general', content, ...where }
    const { message, deliveries } = await this.call('POST /api/messages', { body })
    expect(deliveries.map(({ messageId }) => messageId)).toEqual([message.id])
    return { message, delivery: deliveries[0]! }
  }

  async delivery({ message, delivery }: Asked): Promise<Delivery> {
    const { deliveries } = await this.call('GET /api/messages/{id}', { params: { id: message.id } })
    const found = deliveries.find(({ id }) => id === delivery.id)
    if (!found) throw new Error(`the delivery ${delivery.id} is gone`)
    return found
  }

  async see(runId: string): Promise<Seen> {
    const { run, approvals } = await this.call('GET /api/runs/{id}', { params: { id: runId } })
    const steps: RunStep[] = []
    let cursor: string | undefined
    do {
      const query: { limit: number; cursor?: string } = { limit: 200, ...(cursor === undefined ? {} : { cursor }) }
      const { items, nextCursor } = await this.call('GET /api/runs/{id}/steps', { params: { id: runId }, query })
      steps.push(...items)
      cursor = nextCursor
    } while (cursor !== undefined)
    return { run, approvals, steps }
  }

  /** Waits until the latest run of what was asked looks like this. */
  async until(asked: Asked, what: string, fits: (seen: Seen) => boolean, seconds = 45): Promise<Seen> {
    let last: unknown
    return eventually(
      async () => {
        const { runId } = await this.delivery(asked)
        const seen = await this.see(runId ?? '')
        last = { ...seen.run, steps: seen.steps.map(({ status, detail }) => [status, detail]) }
        return fits(seen) && seen
      },
      { what, seconds },
    ).catch((error: unknown) => {
      throw new Error(`${String(error)}; the run is ${JSON.stringify(last, undefined, 1)}`)
    })
  }

  /** Waits until the agent has answered, declined or failed. */
  async over(asked: Asked, seconds = 60): Promise<Outcome> {
    const delivery = await eventually(
      async () => {
        const now = await this.delivery(asked)
        return !isOpen(now) && now
      },
      { what: `“${asked.message.content.slice(0, 60)}” is over`, seconds },
    ).catch(async (error: unknown) => {
      const now = await this.delivery(asked)
      throw new Error(`${String(error)}; it is ${JSON.stringify([now, await this.see(now.runId ?? '')])}`)
    })
    return { delivery, said: await this.said(asked.message), ...(await this.see(delivery.runId ?? '')) }
  }

  /** What agents wrote in a message's thread, or after it in a direct conversation, oldest first. */
  async said({ id, target, threadId }: Message): Promise<Message[]> {
    const place = target.startsWith('dm:') ? { after: id } : { threadId: threadId ?? id }
    const { items } = await this.call('GET /api/messages', { query: { target, limit: 200, ...place } })
    return items.filter(({ sender }) => sender.kind === 'agent').toSorted((a, b) => (a.id < b.id ? -1 : 1))
  }

  /** Waits for a run's permission request and decides it. */
  async decide(asked: Asked, decision: { allow: boolean; remember?: boolean; message?: string }): Promise<Approval> {
    const pending = ({ approvals }: Seen) => approvals.find(({ state }) => state === 'pending')
    const seen = await this.until(asked, 'a permission is asked for', (now) => pending(now) !== undefined)
    const approval = pending(seen)!
    await this.call('POST /api/approvals/{id}/decision', { params: { id: approval.id }, body: decision })
    return approval
  }

  /** Follows the steps of all runs from now on, as a console does; `stop` ends that. */
  async follow(): Promise<{ steps: RunStep[]; stop(): Promise<void> }> {
    const abort = new AbortController()
    const items = followSse({
      url: `${this.url}/api/server-events`,
      headers: () => ({ authorization: `Bearer ${this.caller.token}` }),
      signal: abort.signal,
    })
    const steps: RunStep[] = []
    const opened = Promise.withResolvers<void>()
    const following = (async () => {
      for await (const item of items) {
        if (item.type === 'open') opened.resolve()
        if (item.type !== 'event') continue
        const event = ServerEventJson.parse(JSON.parse(item.data))
        if (event.kind === 'run_step') steps.push(StepSchema.parse(event.payload))
      }
    })()
    await opened.promise
    return {
      steps,
      stop: async () => {
        abort.abort()
        await following
      },
    }
  }
}
