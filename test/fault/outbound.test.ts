import { expect, test } from 'bun:test'
import { type Caller, eventually, inPlace, startServer } from '../e2e/harness'
import { Receiver } from '../fixtures/receiver'
import { times } from './counts'

const MESSAGES = 20

/** Everything that went to endpoints, as the server has it. */
async function deliveries({ call }: Caller) {
  const page = await call('GET /api/outbound-deliveries', { query: { limit: 200 } })
  return page.items
}

test(
  'what was accepted reaches the receiver, however often the server is killed, and repetitions have the same id',
  () =>
    inPlace(async (place) => {
      await using receiver = new Receiver()
      const server = await startServer(place, { env: { NEKODE_OUTGOING_ALLOW: '127.0.0.1' } })
      const admin = await server.admin()
      const { id: endpointId } = await admin.call('POST /api/interaction-endpoints', {
        body: { provider: 'webhook', displayName: 'Hook', outboundEnabled: true, config: { url: receiver.url } },
      })
      await admin.call('POST /api/notification-routes', { body: { target: '#general', endpointId } })
      const accepted: string[] = []
      const kills = times(10)
      for (let round = 0; round < kills; round++) {
        const came = receiver.received.length
        // The first of the round hangs, so that the kill comes in the middle of it; the others have not begun.
        receiver.answer(() => new Promise<Response>(() => undefined))
        for (let n = 0; n < MESSAGES; n++) {
          const body = { target: '#general', content: `${round}-${n}` }
          accepted.push((await admin.call('POST /api/messages', { body })).message.id)
        }
        await receiver.has(came + 1)
        await server.killHard()
        await server.start()
      }
      const done = await eventually(
        async () => {
          const { items } = await admin.call('GET /api/outbound-deliveries', {
            query: { limit: 1, status: 'pending,retrying' },
          })
          return items.length === 0 && deliveries(admin)
        },
        { what: 'everything is delivered' },
      )
      expect(done.every((d) => d.status === 'delivered')).toBe(true)
      const messageOf = new Map<string, string>()
      for (const { headers, body } of receiver.received) {
        const id = headers['webhook-id'] ?? ''
        const message = JSON.parse(body).data.id
        expect(messageOf.get(id) ?? message).toBe(message)
        messageOf.set(id, message)
      }
      expect([...messageOf.values()].toSorted()).toEqual(accepted.toSorted())
      expect(receiver.received.length).toBeGreaterThanOrEqual(accepted.length + kills)
      console.log(
        `${kills} kills: ${accepted.length} messages accepted, ${receiver.received.length} requests, each message under one id`,
      )
    }),
  300_000,
)
