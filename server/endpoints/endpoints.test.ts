import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { ErrorBody } from '@shared/contract'
import { EventOperation } from '@shared/gen/nekode/daemon/v1/common_pb'
import { EndpointAuthMode, OutboundDeliveryStatus } from '@shared/gen/nekode/daemon/v1/endpoints_pb'
import { type SubscribeServerEventsResponse, ServerEventKind } from '@shared/gen/nekode/daemon/v1/events_pb'
import { OutboundPolicy } from '@shared/gen/nekode/daemon/v1/messages_pb'
import { Receiver } from '../../test/fixtures/receiver'
import { Frames, refusal, rpcClient } from '../../test/fixtures/rpc'
import { type Scratch, storages } from '../../test/storages'
import { type Caller, type TestServer, startTestServer } from '../testing'

for (const storage of storages.filter((s) => s.available))
  describe(`on ${storage.name}`, () => {
    let scratch: Scratch
    let server: TestServer
    let owner: Caller
    let receiver: Receiver

    beforeAll(async () => {
      scratch = await storage.scratch()
      server = await startTestServer({ dsn: scratch.dsn, flags: { 'outgoing-allow': '127.0.0.1' } })
      owner = await server.as('owner')
      receiver = new Receiver()
    }, 60_000)
    afterAll(async () => {
      await server?.stop()
      await scratch?.drop()
      await receiver[Symbol.asyncDispose]()
    })

    /** What a request is answered with, as `status code`. */
    async function said(
      path: string,
      method: string,
      body?: object,
      who: Pick<Caller, 'fetch'> = owner,
    ): Promise<string> {
      const init = body ? { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } } : {}
      const response = await who.fetch(path, { method, ...init })
      return response.ok ? String(response.status) : `${response.status} ${ErrorBody.parse(await response.json()).code}`
    }
    const connect = (more: object = {}) =>
      owner.call('POST /api/interaction-endpoints', {
        body: {
          provider: 'webhook',
          displayName: 'Hook',
          outboundEnabled: true,
          config: { url: receiver.url },
          ...more,
        },
      })

    const API = '/api/interaction-endpoints'
    const hook = { provider: 'webhook', displayName: 'x' }
    test.each([
      ['a provider that nobody knows', { ...hook, provider: 'pigeon' }, '400 provider_unknown'],
      ['another kind than the provider’s', { ...hook, kind: 'im' }, '400 config_invalid'],
      ['a setting that the provider does not have', { ...hook, config: { nonsense: 1 } }, '400 config_invalid'],
      ['an address that is none', { ...hook, config: { url: 'ftp://x' } }, '400 config_invalid'],
      ['an address with a password in it', { ...hook, config: { url: 'http://a:b@x.example' } }, '400 config_invalid'],
      ['a signing secret that is too short', { ...hook, config: { secret: 'whsec_c2hvcnQ=' } }, '400 config_invalid'],
      ['sending without an address', { ...hook, outboundEnabled: true }, '400 config_invalid'],
      ['taking in without a channel', { ...hook, inboundEnabled: true }, '400 config_invalid'],
      ['a channel that is not there', { ...hook, target: '#nowhere' }, '404 not_found'],
      ['a way to prove itself that is none', { ...hook, authMode: 'none' }, '400 config_invalid'],
      [
        'taking in from where nothing comes',
        { provider: 'slack', displayName: 'x', inboundEnabled: true, target: '#general' },
        '400 config_invalid',
      ],
      [
        'sending to what no adapter is for',
        { provider: 'weixin', displayName: 'x', outboundEnabled: true },
        '400 config_invalid',
      ],
      ['a name that is empty', { ...hook, displayName: ' ' }, '400 invalid_request'],
    ])('%s is refused, and nothing is made', async (_, body, expected) => {
      const before = await server.events()
      expect(await said(API, 'POST', body)).toBe(expected)
      expect(await server.events()).toBe(before)
    })

    test('an endpoint is made, shown, changed and removed, each with its event and its line in the audit log', async () => {
      const before = await server.events()
      const made = await connect({ target: '#general', config: { url: `${receiver.url}/a` } })
      expect(made).toMatchObject({
        kind: 'webhook',
        target: '#general',
        targetPrefix: '#',
        inboundEnabled: false,
        outboundEnabled: true,
        authMode: 'webhook_signature',
        config: { url: `${receiver.url}/a`, secret: '***' },
      })
      expect(made.secret).toStartWith('whsec_')
      const params = { id: made.id }
      const { secret: _, ...shown } = made
      expect(await owner.call('GET /api/interaction-endpoints/{id}', { params })).toEqual(shown)
      const body = { displayName: 'Other', target: null, config: { url: null } }
      expect(await said(`${API}/${made.id}`, 'PATCH', body)).toBe('400 config_invalid')
      const changed = await owner.call('PATCH /api/interaction-endpoints/{id}', {
        params,
        body: { ...body, outboundEnabled: false },
      })
      expect(changed).toMatchObject({ displayName: 'Other', target: null, config: { secret: '***' } })
      expect(changed.config).not.toHaveProperty('url')
      await owner.call('DELETE /api/interaction-endpoints/{id}', { params })
      expect(await said(`${API}/${made.id}`, 'GET')).toBe('404 not_found')
      expect(await server.events()).toBe(before + 3)
      const { items } = await owner.call('GET /api/audit', { query: { limit: 3 } })
      expect(items.map((i) => `${i.action} ${i.subject}`)).toEqual(
        ['delete', 'update', 'create'].map((verb) => `endpoint.${verb} ${made.id}`),
      )
    })

    test('with another address a secret that is sent there has to be given again', async () => {
      const body = { provider: 'telegram', displayName: 'Bot', config: { token: '1:secret', channel_id: '1' } }
      const { id } = await owner.call('POST /api/interaction-endpoints', { body })
      const change = (config: Record<string, unknown>) => said(`${API}/${id}`, 'PATCH', { config })
      const api_base_url = 'https://elsewhere.example'
      for (const config of [{ api_base_url }, { api_base_url, token: '***' }])
        expect(await change(config)).toBe('400 secret_needed')
      expect(await change({ api_base_url, token: '1:other' })).toBe('200')
      expect(await change({ api_base_url, channel_id: '2' })).toBe('200')
      const hooked = await connect({ config: { url: `${receiver.url}/a` } })
      expect(await said(`${API}/${hooked.id}`, 'PATCH', { config: { url: `${receiver.url}/b` } })).toBe('200')
    })

    test('people see that an endpoint is there, admins its settings, and nobody a private channel that they are not in', async () => {
      const den = await owner.call('POST /api/channels', { body: { name: 'den', visibility: 'private' } })
      const { id } = await connect({ target: den.target })
      const see = async (who: Caller) => await who.call('GET /api/interaction-endpoints/{id}', { params: { id } })
      expect(await see(owner)).toMatchObject({ target: den.target, config: { url: receiver.url } })
      expect(await see(await server.as('admin'))).toMatchObject({ target: null, config: { url: receiver.url } })
      expect(await see(await server.as('member'))).toMatchObject({ target: null, config: null })
      expect(await see(await server.apiToken('read'))).toMatchObject({ config: null })
      const admin = await server.as('admin')
      expect(await said(`${API}/${id}`, 'PATCH', { target: den.target }, admin)).toBe('404 not_found')
      expect(await said(API, 'POST', { ...hook, target: den.target }, admin)).toBe('404 not_found')
      expect(await said('/api/notification-routes', 'POST', { target: den.target, endpointId: id }, admin)).toBe(
        '404 not_found',
      )
      const route = await owner.call('POST /api/notification-routes', { body: { target: den.target, endpointId: id } })
      for (const method of ['PATCH', 'DELETE'])
        expect(
          await said(`/api/notification-routes/${route.id}`, method, method === 'PATCH' ? {} : undefined, admin),
        ).toBe('404 not_found')
      expect(
        await said(
          `/api/notification-routes/resolve?target=${encodeURIComponent(den.target)}`,
          'GET',
          undefined,
          admin,
        ),
      ).toBe('404 not_found')
      // Nor do its events tell.
      const events = await admin.call('GET /api/events', { query: { limit: 500 } })
      expect(JSON.stringify(events.items.filter((e) => e.aggregateId === id))).not.toContain(den.target)
    })

    test('a test sends a message for real and says what happened', async () => {
      const { id } = await connect()
      const before = receiver.received.length
      const run = () => owner.call('POST /api/interaction-endpoints/{id}/test', { params: { id } })
      expect(await run()).toMatchObject({ ready: true, summary: 'It works.' })
      expect(JSON.parse(receiver.received[before]!.body)).toMatchObject({ type: 'endpoint.test' })
      receiver.answer(new Response('', { status: 404 }))
      expect(await run()).toMatchObject({ ready: false, summary: 'The receiver answered 404' })
      const away = await connect({ config: { url: 'http://10.255.0.1/' } })
      const refused = await owner.call('POST /api/interaction-endpoints/{id}/test', { params: { id: away.id } })
      expect(refused.checks.at(-1)).toMatchObject({ name: 'send', ok: false })
      expect(refused.summary).toContain('not on the public Internet')
    })

    test('routes are made once, explained, changed and removed', async () => {
      const { target } = await owner.call('POST /api/channels', { body: { name: 'routed' } })
      const { id: endpointId } = await connect()
      const make = (more: object = {}) => said('/api/notification-routes', 'POST', { target, endpointId, ...more })
      expect(await make()).toBe('201')
      expect(await make()).toBe('409 route_exists')
      expect(await make({ threadId: 'msg_1', eventKind: 'all' })).toBe('201')
      expect(await make({ preference: 'mentions', eventKind: 'task' })).toBe('400 invalid_request')
      expect(await make({ endpointId: 'iep_0' })).toBe('404 endpoint_unknown')
      expect(await make({ eventKind: 'weather' })).toBe('400 invalid_request')
      const { items } = await owner.call('GET /api/notification-routes', { query: { target } })
      expect(items.map((r) => `${r.eventKind} ${r.threadId}`)).toEqual(['message null', 'all msg_1'])
      const explain = (query: object) =>
        owner.call('GET /api/notification-routes/resolve', { query: { target, ...query } })
      expect(await explain({})).toMatchObject({
        items: [{ id: items[0]!.id, score: 2 }],
        dropped: [{ route: { id: items[1]!.id }, reason: 'other_thread' }],
      })
      expect(await explain({ threadId: 'msg_1' })).toMatchObject({
        items: [{ id: items[1]!.id, score: 5 }],
        dropped: [{ route: { id: items[0]!.id }, reason: 'outscored' }],
      })
      const params = { id: items[0]!.id }
      expect(
        await said(`/api/notification-routes/${params.id}`, 'PATCH', { threadId: 'msg_1', eventKind: 'all' }),
      ).toBe('409 route_exists')
      await owner.call('PATCH /api/notification-routes/{id}', { params, body: { preference: 'muted' } })
      expect((await explain({})).dropped.map((d) => d.reason).toSorted()).toEqual(['muted', 'other_thread'])
      await owner.call('DELETE /api/notification-routes/{id}', { params })
      expect((await owner.call('GET /api/notification-routes', { query: { endpointId } })).items).toHaveLength(1)
      expect(await said(`/api/notification-routes/${params.id}`, 'DELETE')).toBe('404 not_found')
    })

    test('over the wire endpoints are listed without settings, deliveries by page and status, and tried again once', async () => {
      const { target } = await owner.call('POST /api/channels', { body: { name: 'wired' } })
      const { id: endpointId } = await connect({ displayName: 'Wired' })
      await owner.call('POST /api/notification-routes', { body: { target, endpointId } })
      const box = await server.computer()
      const bot = await server.agent({ computerId: box.id, name: 'bot' })
      await owner.call('POST /api/channels/{target}/members', {
        params: { target },
        body: { kind: 'agent', memberId: bot.id },
      })
      const people = rpcClient(server.url, owner.token)
      const computer = rpcClient(server.url, box.token)
      const { endpoints } = await computer.listInteractionEndpoints({ limit: 200 })
      expect(endpoints.find((e) => e.endpointId === endpointId)).toMatchObject({
        displayName: 'Wired',
        authMode: EndpointAuthMode.WEBHOOK_SIGNATURE,
        configJson: '{}',
      })
      const first = await people.listInteractionEndpoints({ limit: 1 })
      const second = await people.listInteractionEndpoints({ limit: 1, cursor: first.nextCursor! })
      expect(second.endpoints[0]!.endpointId).not.toBe(first.endpoints[0]!.endpointId)

      const agent = rpcClient(server.url, bot.token)
      const frames = new Frames<SubscribeServerEventsResponse>((options) => agent.subscribeServerEvents({}, options))
      await frames.next()
      receiver.answer(new Response('', { status: 422 }), new Response('', { status: 422 }))
      for (const content of ['one', 'two']) await people.sendMessage({ target, content })
      await people.sendMessage({ target, content: 'to nobody', outboundPolicy: OutboundPolicy.NONE })
      await people.sendMessage({ target, content: 'back only', outboundPolicy: OutboundPolicy.SOURCE_ONLY })
      const failed = async () =>
        (await computer.listOutboundDeliveries({ target, statuses: [OutboundDeliveryStatus.FAILED] })).deliveries
      while ((await failed()).length < 2) await Bun.sleep(5)
      const told = await frames.until(({ event }) => event?.operation === EventOperation.FAILED)
      await frames.close()
      expect(told.at(-1)!.event).toMatchObject({
        kind: ServerEventKind.OUTBOUND_DELIVERY,
        target,
        payload: { case: 'outboundDelivery', value: { endpointId, status: OutboundDeliveryStatus.FAILED } },
      })
      const page = await people.listOutboundDeliveries({ endpointId, limit: 1 })
      const next = await people.listOutboundDeliveries({ endpointId, limit: 1, cursor: page.nextCursor! })
      expect([page.deliveries.length, next.deliveries.length, next.nextCursor]).toEqual([1, 1, undefined])
      const { deliveryId, messageId } = page.deliveries[0]!
      expect((await people.listOutboundDeliveries({ messageId })).deliveries.map((d) => d.deliveryId)).toEqual([
        deliveryId,
      ])
      const retry = () => computer.retryOutboundDelivery({ deliveryId, idempotencyKey: 'again' })
      const answers = [await retry(), await retry()]
      expect(answers[1]).toEqual(answers[0]!)
      expect(answers[0]!.delivery).toMatchObject({ status: OutboundDeliveryStatus.RETRYING, attemptCount: 1 })
      const status = async () => (await people.listOutboundDeliveries({ messageId })).deliveries[0]!
      while ((await status()).status !== OutboundDeliveryStatus.DELIVERED) await Bun.sleep(5)
      expect(await status()).toMatchObject({
        attemptCount: 2,
        target,
        endpointId,
        endpointKind: 'webhook',
        lastError: '',
      })
      const stranger = rpcClient(server.url, (await server.agent()).token)
      expect(await refusal(stranger.retryOutboundDelivery({ deliveryId }))).toContain('not_found')
      expect((await stranger.listOutboundDeliveries({ endpointId })).deliveries).toEqual([])
    })
  })
