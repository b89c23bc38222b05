import { expect } from 'bun:test'
import type { Delivery, Message } from '@shared/contract'
import { type Caller, eventually } from '../e2e/harness'

/** Waits until every agent that these messages asked has answered, declined or failed. */
export function settled({ call }: Caller, messageIds: string[]): Promise<Delivery[]> {
  return eventually(
    async () => {
      const pages = await Promise.all(
        messageIds.map((messageId) => call('GET /api/deliveries', { query: { messageId } })),
      )
      const deliveries = pages.flatMap((page) => page.items)
      const open = deliveries.some(({ state }) => state === 'pending' || state === 'claimed')
      return !open && deliveries.length === messageIds.length && deliveries
    },
    { what: `all turns of ${messageIds.join(', ')} are over`, seconds: 120 },
  )
}

/** Holds that a message was answered exactly once, with this text. @returns in how many attempts */
export async function answeredOnce(
  { call }: Caller,
  message: Message,
  deliveries: Delivery[],
  answer: string,
): Promise<number> {
  const { items } = await call('GET /api/messages', { query: { target: message.target, threadId: message.id } })
  const answers = items.filter(({ sender }) => sender.kind === 'agent')
  expect(answers.map(({ content }) => content)).toEqual([answer])
  const delivery = deliveries.find(({ messageId }) => messageId === message.id)!
  expect(delivery).toMatchObject({ state: 'answered', answerMessageId: answers[0]!.id })
  const { run } = await call('GET /api/runs/{id}', { params: { id: delivery.runId! } })
  expect(run.state).toBe('completed')
  return run.attempt
}
