import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'bun:test'
import type { OutboundDelivery, OutboundStatus } from '@shared/contract'
import { eq } from 'drizzle-orm'
import { Webhook } from 'standardwebhooks'
import { EndpointService } from '../endpoints/service'
import { GuardedFetch, parseBlock } from '../http/guarded'
import { Receiver } from '../../test/fixtures/receiver'
import { type Scratch, storages } from '../../test/storages'
import { type Caller, type TestServer, startTestServer } from '../testing'
import { sign } from '../webhooks/signature'
import { MAX_ATTEMPTS } from './schedule'
import { OutboundWorker } from './worker'

const HOUR = 3_600_000

for (const storage of storages.filter((s) => s.available))
  describe(`on ${storage.name}`, () => {
    let scratch: Scratch
    let server: TestServer
    let owner: Caller
    let receiver: Receiver
    let endpoint: { id: string; secret: string }
    /** What the database has kept and the log has said, for secrets. */
    const kept = async (): Promise<string> => {
      const { q, t } = server.core.db
      const rows = await Promise.all([
        q.select().from(t.events),
        q.select().from(t.audit),
        q.select().from(t.interactionEndpoints),
        q.select().from(t.outboundDeliveries),
      ])
      return JSON.stringify(rows)
    }

    beforeAll(async () => {
      scratch = await storage.scratch()
      server = await startTestServer({ dsn: scratch.dsn, flags: { 'outgoing-allow': '127.0.0.1' } })
      owner = await server.as('owner')
    }, 60_000)
    afterAll(async () => {
      await server?.stop()
      await scratch?.drop()
    })

    beforeEach(async () => {
      receiver = new Receiver()
      endpoint = await connect('/hook')
      await route(endpoint.id)
    })
    afterEach(async () => {
      for (const { id } of (await owner.call('GET /api/notification-routes')).items)
        await owner.call('DELETE /api/notification-routes/{id}', { params: { id } })
      for (const { id } of (await owner.call('GET /api/interaction-endpoints')).items)
        await owner.call('DELETE /api/interaction-endpoints/{id}', { params: { id } })
      await receiver[Symbol.asyncDispose]()
    })

    async function connect(path: string): Promise<{ id: string; secret: string }> {
      const { id, secret } = await owner.call('POST /api/interaction-endpoints', {
        body: { provider: 'webhook', displayName: 'Hook', outboundEnabled: true, config: { url: receiver.url + path } },
      })
      return { id, secret: secret ?? '' }
    }
    const route = (endpointId: string, more: object = {}) =>
      owner.call('POST /api/notification-routes', { body: { target: '#general', endpointId, ...more } })
    const say = async (content: string, more: object = {}) =>
      (await owner.call('POST /api/messages', { body: { target: '#general', content, ...more } })).message
    const all = async (): Promise<OutboundDelivery[]> =>
      (await owner.call('GET /api/outbound-deliveries', { query: { endpointId: endpoint.id } })).items
    /** The deliveries of the endpoint, oldest first, once they are where they are said to be. */
    async function settled(...statuses: OutboundStatus[]): Promise<OutboundDelivery[]> {
      for (;;) {
        const found = (await all()).toReversed()
        if (found.map((d) => d.status).join() === statuses.join()) return found
        await Bun.sleep(5)
      }
    }
    const later = (ms: number) => server.services.outboundWorker.run(Date.now() + ms)

    test('a message goes out once, signed, and is marked as delivered', async () => {
      const message = await say('hello 😀')
      const [delivery] = await settled('delivered')
      expect(delivery).toMatchObject({
        target: '#general',
        messageId: message.id,
        eventKind: 'message',
        attemptCount: 1,
        nextRetryAt: null,
        lastError: '',
      })
      expect(receiver.received).toHaveLength(1)
      const { body, headers } = receiver.received[0]!
      expect(headers['webhook-id']).toBe(delivery!.id)
      expect(new Webhook(endpoint.secret).verify(body, headers)).toMatchObject({
        type: 'message.created',
        target: '#general',
        text: '[#general] owner: hello 😀',
        data: { id: message.id, content: 'hello 😀' },
        deliveryId: delivery!.id,
      })
    })

    test('what fails is tried again under the same id, later and later, until it arrives', async () => {
      receiver.answer(new Response('', { status: 500 }), new Response('', { status: 503 }))
      await say('again')
      const [first] = await settled('retrying')
      expect(first).toMatchObject({ attemptCount: 1, lastError: 'The receiver answered 500' })
      expect(first!.nextRetryAt! - first!.updatedAt).toBeGreaterThanOrEqual(15_000)
      await later(0)
      expect(receiver.received).toHaveLength(1)
      await later(HOUR)
      expect((await all())[0]).toMatchObject({
        status: 'retrying',
        attemptCount: 2,
        lastError: 'The receiver answered 503',
      })
      await later(2 * HOUR)
      expect((await all())[0]).toMatchObject({ status: 'delivered', attemptCount: 3, lastError: '' })
      expect(new Set(receiver.received.map((r) => r.headers['webhook-id']))).toEqual(new Set([first!.id]))
      expect(receiver.received).toHaveLength(3)
    })

    test('a receiver that says when is not asked sooner', async () => {
      receiver.answer(new Response('', { status: 429, headers: { 'retry-after': '7200' } }))
      await say('slow down')
      const [delivery] = await settled('retrying')
      expect(delivery!.nextRetryAt! - delivery!.updatedAt).toBe(7_200_000)
      await later(HOUR)
      expect(receiver.received).toHaveLength(1)
    })

    test('after the last attempt it is a dead letter, which somebody can send again by hand', async () => {
      receiver.answer(...Array.from({ length: MAX_ATTEMPTS }, () => new Response('', { status: 500 })))
      await say('nobody there')
      await settled('retrying')
      for (let n = 1; n <= MAX_ATTEMPTS; n++) await later(n * 2 * HOUR)
      const [dead] = await all()
      expect(dead).toMatchObject({ status: 'failed', attemptCount: MAX_ATTEMPTS, nextRetryAt: null })
      const before = await server.events()
      await owner.call('POST /api/outbound-deliveries/{id}/retry', { params: { id: dead!.id } })
      const [alive] = await settled('delivered')
      expect(alive).toMatchObject({ id: dead!.id, attemptCount: MAX_ATTEMPTS + 1 })
      expect(await server.events()).toBe(before + 2)
      const response = await owner.fetch(`/api/outbound-deliveries/${dead!.id}/retry`, { method: 'POST' })
      expect([response.status, (await response.json()).code]).toEqual([409, 'illegal_transition'])
    })

    test('what no attempt can change fails at once', async () => {
      receiver.answer(new Response('', { status: 410 }))
      await say('gone')
      expect((await settled('failed'))[0]).toMatchObject({ attemptCount: 1, lastError: 'The receiver answered 410' })
    })

    test('a receiver that cannot be reached is tried again', async () => {
      await receiver[Symbol.asyncDispose]()
      await say('is anybody there')
      expect((await settled('retrying'))[0]!.lastError).toContain('cannot be reached')
    })

    test('a redirect to a private address is refused, and to an allowed one followed', async () => {
      receiver.answer(
        new Response(null, { status: 307, headers: { location: 'http://169.254.169.254/latest/' } }),
        new Response(null, { status: 307, headers: { location: `${receiver.url}/moved` } }),
      )
      await say('elsewhere')
      const [refused] = await settled('failed')
      expect(refused!.lastError).toContain('not on the public Internet')
      await say('moved')
      await settled('failed', 'delivered')
      expect(receiver.received.map((r) => r.path)).toEqual(['/hook', '/hook', '/moved'])
    })

    test('they go to an endpoint one after the other, in the order in which they were said', async () => {
      let open = 0
      let most = 0
      for (let i = 0; i < 10; i++)
        receiver.answer(async () => {
          most = Math.max(most, ++open)
          await Bun.sleep(2)
          open--
          return new Response()
        })
      await Promise.all(Array.from({ length: 10 }, (_, i) => say(`number ${i}`)))
      await settled(...Array.from({ length: 10 }, () => 'delivered' as const))
      expect(most).toBe(1)
      const ids = receiver.received.map((r) => JSON.parse(r.body).data.id)
      expect(ids).toEqual(ids.toSorted())
    })

    test('one that waits for another attempt does not hold up the next', async () => {
      receiver.answer(new Response('', { status: 500 }))
      await say('first')
      await settled('retrying')
      await say('second')
      await settled('retrying', 'delivered')
    })

    test('of several servers one sends each, and each is sent', async () => {
      const workers = [1, 2, 3].map(() => new OutboundWorker(server.core, server.services.endpoints))
      receiver.answer(...Array.from({ length: 5 }, () => new Response('', { status: 500 })))
      await Promise.all([1, 2, 3, 4, 5, 6, 7, 8].map((n) => say(`number ${n}`)))
      await receiver.has(8)
      await settled(...(await all()).toReversed().map((d) => (d.status === 'pending' ? 'delivered' : d.status)))
      await Promise.all(workers.map((worker) => worker.run(Date.now() + HOUR)))
      expect((await all()).map((d) => d.status)).toEqual(Array.from({ length: 8 }, () => 'delivered'))
      expect(receiver.received).toHaveLength(8 + 5)
    })

    test('what a server had begun when it died another one takes over after the lease, under the same id', async () => {
      const held = Promise.withResolvers<Response>()
      receiver.answer(() => held.promise)
      await say('held')
      await receiver.has(1)
      const other = new OutboundWorker(server.core, server.services.endpoints)
      await other.run()
      expect(receiver.received).toHaveLength(1)
      await other.run(Date.now() + 2 * 60_000)
      const [taken] = await settled('delivered')
      expect(taken).toMatchObject({ attemptCount: 2 })
      expect(receiver.received.map((r) => r.headers['webhook-id'])).toEqual([taken!.id, taken!.id])
      // What the first one says now comes too late to count.
      held.resolve(new Response('', { status: 410 }))
      await say('next')
      expect((await settled('delivered', 'delivered'))[0]).toEqual(taken!)
    })

    test('a message that is not written is not sent', async () => {
      const general = server.core.directory.channelAt('#general')!
      const { db } = server.core
      const work = db.tx(async (tx) => {
        tx.emit({
          kind: 'message',
          operation: 'created',
          aggregateId: 'msg_1',
          audience: `channel:${general.id}`,
          target: '#general',
          actor: { kind: 'system', id: 'system', name: 'x', displayName: 'x' },
          payload: {},
        })
        throw new Error('undone')
      })
      expect(work).rejects.toThrow('undone')
      await work.catch(() => undefined)
      expect(await all()).toEqual([])
    })

    test('an endpoint that is switched off gets nothing, and one that is removed nothing more', async () => {
      const params = { id: endpoint.id }
      receiver.answer(new Response('', { status: 500 }))
      await say('waits')
      await settled('retrying')
      await owner.call('PATCH /api/interaction-endpoints/{id}', { params, body: { outboundEnabled: false } })
      await say('not for you')
      await later(HOUR)
      expect((await all()).map((d) => d.status)).toEqual(['canceled'])
      await owner.call('PATCH /api/interaction-endpoints/{id}', { params, body: { outboundEnabled: true } })
      receiver.answer(new Response('', { status: 500 }))
      await say('waits too')
      await settled('canceled', 'retrying')
      const routes = await owner.call('GET /api/notification-routes', { query: { endpointId: endpoint.id } })
      const refused = await owner.fetch(`/api/interaction-endpoints/${endpoint.id}`, { method: 'DELETE' })
      expect([refused.status, (await refused.json()).code]).toEqual([409, 'endpoint_in_use'])
      await owner.call('DELETE /api/notification-routes/{id}', { params: { id: routes.items[0]!.id } })
      await owner.call('DELETE /api/interaction-endpoints/{id}', { params })
      expect((await all()).map((d) => d.status)).toEqual(['canceled', 'canceled'])
      expect(receiver.received).toHaveLength(2)
    })

    test('mentions go where mentions are wanted, threads where threads are, and muted routes take nothing', async () => {
      const [mentions, thread, muted] = [await connect('/mentions'), await connect('/thread'), await connect('/muted')]
      const root = await say('root')
      await route(mentions.id, { eventKind: 'all', preference: 'mentions' })
      await route(thread.id, { threadId: root.id })
      await route(muted.id, { preference: 'muted' })
      await receiver.has(1)
      receiver.received.length = 0
      await say('nobody in particular')
      await say('@owner look')
      await say('in there', { threadId: root.id })
      await receiver.has(5)
      await settled('delivered', 'delivered', 'delivered', 'delivered')
      expect(receiver.received.map((r) => `${r.path} ${JSON.parse(r.body).data.content}`).toSorted()).toEqual([
        '/hook @owner look',
        '/hook in there',
        '/hook nobody in particular',
        '/mentions @owner look',
        '/thread in there',
      ])
    })

    test('runs and deliveries of agents go along routes for them, and messages do not', async () => {
      const [runs, states] = [await connect('/runs'), await connect('/states')]
      const muted = (await owner.call('GET /api/notification-routes', { query: { endpointId: endpoint.id } })).items[0]!
      await owner.call('PATCH /api/notification-routes/{id}', { params: { id: muted.id }, body: { enabled: false } })
      await route(runs.id, { eventKind: 'run' })
      await route(states.id, { eventKind: 'delivery_status' })
      const name = `bot-${endpoint.id.slice(-8)}`
      await server.agent({ name })
      const message = await say(`@${name} are you there?`)
      const received = (await receiver.has(2)).map(({ path, body }) => ({ path, ...JSON.parse(body) }))
      expect(received.toSorted((a, b) => (a.path < b.path ? -1 : 1))).toMatchObject([
        { path: '/runs', type: 'run.created', target: '#general', data: { inputMessageId: message.id } },
        { path: '/states', type: 'delivery.created', data: { messageId: message.id } },
      ])
    })

    test('what is said in a thread goes back to the endpoint that it came from, while that belongs to the channel', async () => {
      const params = { id: endpoint.id }
      const bind = (target: string | null) =>
        owner.call('PATCH /api/interaction-endpoints/{id}', {
          params,
          body: { target, inboundEnabled: target !== null },
        })
      for (const { id } of (await owner.call('GET /api/notification-routes')).items)
        await owner.call('DELETE /api/notification-routes/{id}', { params: { id } })
      const den = await owner.call('POST /api/channels', {
        body: { name: `den-${crypto.randomUUID().slice(0, 8)}`, visibility: 'private' },
      })
      await bind(den.target)
      const body = JSON.stringify({ content: 'from outside' })
      const seconds = Math.floor(Date.now() / 1000)
      const answer = await server.guest.fetch(`/api/webhooks/${endpoint.id}`, {
        method: 'POST',
        headers: {
          'content-type': 'application/json',
          'webhook-id': 'their-1',
          'webhook-timestamp': String(seconds),
          'webhook-signature': sign(endpoint.secret, 'their-1', seconds, body),
        },
        body,
      })
      const { messageId: threadId } = await answer.json()
      await say('answer', { target: den.target, threadId })
      expect((await settled('delivered')).map((d) => d.target)).toEqual([den.target])
      for (const target of ['#general', null]) {
        await bind(target)
        await say('among ourselves', { target: den.target, threadId })
        expect(await all()).toHaveLength(1)
      }
    })

    test('what is canceled while it is being sent is not tried again', async () => {
      const held = Promise.withResolvers<Response>()
      receiver.answer(() => held.promise)
      await say('never mind')
      await receiver.has(1)
      const { db } = server.core
      const t = db.t.outboundDeliveries
      const { id } = (await all())[0]!
      await db.tx((tx) =>
        Promise.resolve(tx.q.update(t).set({ status: 'canceled', nextAttemptAt: null }).where(eq(t.id, id))),
      )
      held.resolve(new Response('', { status: 500 }))
      await say('next')
      await settled('canceled', 'delivered')
      await later(HOUR)
      expect(receiver.received).toHaveLength(2)
    })

    test('who may see a channel may see what went out of it, page by page, and others see none of it', async () => {
      const den = await owner.call('POST /api/channels', {
        body: { name: `den-${endpoint.id.slice(-8)}`, visibility: 'private' },
      })
      await route(endpoint.id, { target: den.target })
      for (const n of [1, 2, 3]) await say(`inside ${n}`, { target: den.target })
      await settled('delivered', 'delivered', 'delivered')
      const query = { endpointId: endpoint.id, limit: 2 }
      const first = await owner.call('GET /api/outbound-deliveries', { query })
      const rest = await owner.call('GET /api/outbound-deliveries', { query: { ...query, cursor: first.nextCursor! } })
      expect([first.items.length, rest.items.length, rest.nextCursor]).toEqual([2, 1, undefined])
      const admin = await server.as('admin')
      for (const who of [admin, await server.as('member'), await server.agent()]) {
        expect((await who.call('GET /api/outbound-deliveries', { query: { endpointId: endpoint.id } })).items).toEqual(
          [],
        )
        const { status } = await who.fetch(`/api/outbound-deliveries/${first.items[0]!.id}/retry`, { method: 'POST' })
        expect(status).toBe(404)
      }
      expect((await admin.call('GET /api/notification-routes')).items.map((r) => r.target)).not.toContain(den.target)
      const filtered = await owner.call('GET /api/outbound-deliveries', {
        query: { endpointId: endpoint.id, status: 'failed,retrying' },
      })
      expect(filtered.items).toEqual([])
    })

    test('a secret is in no answer, no event, no row and no error', async () => {
      const word = `s3cret${'x'.repeat(20)}`
      const made = await owner.call('POST /api/interaction-endpoints', {
        body: {
          provider: 'generic',
          displayName: 'Generic',
          outboundEnabled: true,
          config: { url: `${receiver.url}/generic`, header_name: 'x-key', header_value: word },
        },
      })
      receiver.answer(({ headers }) => new Response(`wrong key: ${headers['x-key']}`, { status: 500 }))
      await route(made.id, { eventKind: 'all' })
      const tested = await owner.call('POST /api/interaction-endpoints/{id}/test', { params: { id: made.id } })
      expect(tested).toMatchObject({ ready: false, summary: 'The receiver answered 500' })
      expect(receiver.received[0]!.headers['x-key']).toBe(word)
      const kept1 = await kept()
      const shown = JSON.stringify([made, tested, await owner.call('GET /api/interaction-endpoints')])
      for (const secret of [word, endpoint.secret]) {
        expect(shown).not.toContain(secret)
        expect(kept1).not.toContain(secret)
      }
      expect(made.config).toEqual({ url: `${receiver.url}/generic`, header_name: 'x-key', header_value: '***' })
      const changed = await owner.call('PATCH /api/interaction-endpoints/{id}', {
        params: { id: made.id },
        body: { config: { header_value: '***', text_field: 'body' } },
      })
      expect(changed.config).toMatchObject({ text_field: 'body', header_value: '***', header_name: 'x-key' })
      const again = await owner.call('POST /api/interaction-endpoints/{id}/test', { params: { id: made.id } })
      expect(again.ready).toBe(true)
      expect(receiver.received.at(-1)!.headers['x-key']).toBe(word)
    })
  })

test('a receiver that does not answer in time is tried again, and the connection is given up', async () => {
  await using server = await startTestServer({ flags: { 'outgoing-allow': '127.0.0.1' } })
  await using receiver = new Receiver()
  await server.services.outboundWorker.stop()
  const { core, services } = server
  const guarded = new GuardedFetch({ allow: [parseBlock('127.0.0.1')], timeoutMs: 100 })
  const worker = new OutboundWorker(core, new EndpointService(core, services.endpointBook, guarded))
  const owner = await server.as('owner')
  const { id: endpointId } = await owner.call('POST /api/interaction-endpoints', {
    body: {
      provider: 'webhook',
      displayName: 'Hook',
      outboundEnabled: true,
      config: { url: `${receiver.url}/s3cret` },
    },
  })
  await owner.call('POST /api/notification-routes', { body: { target: '#general', endpointId } })
  const gone = Promise.withResolvers<void>()
  receiver.answer(({ aborted }) => {
    aborted.addEventListener('abort', () => gone.resolve())
    return new Promise<Response>(() => undefined)
  })
  await owner.call('POST /api/messages', { body: { target: '#general', content: 'hello' } })
  await worker.run()
  await gone.promise
  const status = async () => (await owner.call('GET /api/outbound-deliveries')).items[0]!
  expect(await status()).toMatchObject({ status: 'retrying', attemptCount: 1 })
  expect((await status()).lastError).toMatch(/^127\.0\.0\.1:\d+ did not answer in time\.$/)
  await worker.run(Date.now() + HOUR)
  expect(await status()).toMatchObject({ status: 'delivered', attemptCount: 2 })
})
