import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'bun:test'
import { ErrorBody } from '@shared/contract'
import { Webhook } from 'standardwebhooks'
import { Receiver } from '../../test/fixtures/receiver'
import { type Scratch, storages } from '../../test/storages'
import { type Caller, type TestServer, startTestServer } from '../testing'

for (const storage of storages.filter((s) => s.available))
  describe(`on ${storage.name}`, () => {
    let scratch: Scratch
    let server: TestServer
    let owner: Caller
    let endpoint: { id: string; secret: string }

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
      endpoint = await connect({})
    })

    async function connect(more: object): Promise<{ id: string; secret: string }> {
      const { id, secret } = await owner.call('POST /api/interaction-endpoints', {
        body: { provider: 'webhook', displayName: 'CI', target: '#general', inboundEnabled: true, ...more },
      })
      return { id, secret: secret ?? '' }
    }

    /** A signed request, as the reference library signs it. */
    async function send(id: string, body: unknown, change: Record<string, string> = {}, at = new Date()) {
      const text = typeof body === 'string' ? body : JSON.stringify(body)
      const headers = {
        'webhook-id': id,
        'webhook-timestamp': String(Math.floor(at.getTime() / 1000)),
        'webhook-signature': new Webhook(endpoint.secret).sign(id, at, text),
        'content-type': 'application/json',
        ...change,
      }
      const response = await server.guest.fetch(`/api/webhooks/${endpoint.id}`, { method: 'POST', body: text, headers })
      const answer: unknown = await response.json()
      const code = response.ok ? 'ok' : ErrorBody.parse(answer).code
      return { said: `${response.status} ${code}`, answer, retryAfter: response.headers.get('retry-after') }
    }
    const messageIdOf = (answer: unknown): string => String(Reflect.get(Object(answer), 'messageId'))

    test('a signed message is written as the endpoint, into its channel', async () => {
      const { said, answer } = await send('m-1', { content: 'build 7 is green 😀', kind: 'status' })
      expect(said).toBe('200 ok')
      const { message } = await owner.call('GET /api/messages/{id}', { params: { id: messageIdOf(answer) } })
      expect(message).toMatchObject({
        target: '#general',
        content: 'build 7 is green 😀',
        kind: 'status',
        threadId: null,
        sender: { kind: 'endpoint', id: endpoint.id, displayName: 'CI' },
      })
    })

    test('the same id again gives the same answer and writes nothing, many at once too', async () => {
      const before = (await owner.call('GET /api/messages', { query: { target: '#general', limit: 200 } })).items.length
      const answers = await Promise.all([1, 2, 3, 4, 5].map(() => send('m-1', { text: 'once' })))
      expect(new Set(answers.map((a) => messageIdOf(a.answer))).size).toBe(1)
      expect(answers.map((a) => Reflect.get(Object(a.answer), 'duplicate')).toSorted()).toEqual([
        false,
        true,
        true,
        true,
        true,
      ])
      const after = (await owner.call('GET /api/messages', { query: { target: '#general', limit: 200 } })).items.length
      expect(after).toBe(before + 1)
    })

    test('what is not proven is refused, and nothing is written', async () => {
      const before = await server.events()
      const body = { content: 'x' }
      const other = new Webhook(`whsec_${Buffer.alloc(32, 1).toString('base64')}`)
      const signature = other.sign('m-1', new Date(), JSON.stringify(body))
      const refused = [
        await send('m-1', body, { 'webhook-signature': signature }),
        await send('m-1', body, { 'webhook-signature': '' }),
        await send('m-1', body, { 'webhook-id': 'm-2' }),
        await send('m-1', body, {}, new Date(Date.now() - 6 * 60_000)),
        await send('m-1', body, {}, new Date(Date.now() + 6 * 60_000)),
      ]
      expect(refused.map((r) => r.said)).toEqual(refused.map(() => '401 signature_invalid'))
      expect(JSON.stringify(refused)).not.toContain(endpoint.secret)
      const bare = await server.guest.fetch(`/api/webhooks/${endpoint.id}`, { method: 'POST', body: '{}' })
      expect(bare.status).toBe(401)
      const session = await owner.fetch(`/api/webhooks/${endpoint.id}`, { method: 'POST', body: '{"content":"x"}' })
      expect([session.status, ErrorBody.parse(await session.json()).code]).toEqual([401, 'signature_invalid'])
      const nowhere = await server.guest.fetch('/api/webhooks/iep_0', { method: 'POST', body: '{}' })
      expect(nowhere.status).toBe(404)
      expect(await server.events()).toBe(before)
    })

    test('what is proven but wrong is refused by what is wrong with it', async () => {
      expect((await send('m-1', 'not json')).said).toBe('400 invalid_request')
      expect((await send('m-1', {})).said).toBe('400 invalid_request')
      expect((await send('m-1', { content: '   ' })).said).toBe('400 invalid_request')
      expect((await send('m-1', { content: 'x'.repeat(40_001) })).said).toBe('400 invalid_request')
      expect((await send('m-1', { content: 'x', threadId: 'msg_0' })).said).toBe('404 not_found')
      expect((await send('m-1', { content: 'x', pad: 'x'.repeat(300_000) })).said).toBe('413 too_large')
      // None of them took the id.
      expect((await send('m-1', { content: 'right at last' })).said).toBe('200 ok')
    })

    test('an endpoint that takes nothing in takes nothing in, and one whose secret changed wants the new one', async () => {
      const params = { id: endpoint.id }
      await owner.call('PATCH /api/interaction-endpoints/{id}', { params, body: { inboundEnabled: false } })
      expect((await send('m-1', { content: 'x' })).said).toBe('403 inbound_disabled')
      await owner.call('PATCH /api/interaction-endpoints/{id}', { params, body: { inboundEnabled: true } })
      const { secret } = await owner.call('POST /api/interaction-endpoints/{id}/secret', { params })
      expect((await send('m-1', { content: 'x' })).said).toBe('401 signature_invalid')
      endpoint.secret = secret
      expect((await send('m-1', { content: 'x' })).said).toBe('200 ok')
      await owner.call('DELETE /api/interaction-endpoints/{id}', { params })
      expect((await send('m-2', { content: 'x' })).said).toBe('404 not_found')
    })

    test('an endpoint that sends too much is told when to go on, and the others are not held up', async () => {
      const answers = await Promise.all(Array.from({ length: 70 }, (_, n) => send(`flood-${n}`, { content: 'x' })))
      const refused = answers.filter((a) => a.said === '429 rate_limited')
      expect(refused.length).toBeGreaterThan(0)
      expect(refused.every((a) => Number(a.retryAfter) > 0)).toBe(true)
      endpoint = await connect({})
      expect((await send('m-1', { content: 'x' })).said).toBe('200 ok')
    })

    test('into an archived channel nothing is written', async () => {
      const { target } = await owner.call('POST /api/channels', { body: { name: `old-${endpoint.id.slice(-8)}` } })
      endpoint = await connect({ target })
      await owner.call('DELETE /api/channels/{target}', { params: { target } })
      expect((await send('m-1', { content: 'x' })).said).toBe('412 channel_archived')
    })

    test('a token does instead of a signature where the endpoint says so, for this endpoint alone', async () => {
      const { id } = await connect({ authMode: 'bearer' })
      const { token } = await owner.call('POST /api/interaction-endpoints/{id}/token', { params: { id } })
      const post = async (endpointId: string, headers: Record<string, string>) => {
        const body = JSON.stringify({ content: 'by token' })
        const response = await server.guest.fetch(`/api/webhooks/${endpointId}`, { method: 'POST', body, headers })
        return response.status
      }
      const authorization = `Bearer ${token}`
      expect(await post(id, { authorization, 'webhook-id': 'm-1' })).toBe(200)
      expect(await post(id, { authorization, 'webhook-id': 'm-1' })).toBe(200)
      expect(await post(id, { authorization })).toBe(400)
      expect(await post(id, { 'webhook-id': 'm-2' })).toBe(401)
      expect(await post((await connect({ authMode: 'bearer' })).id, { authorization, 'webhook-id': 'm-3' })).toBe(401)
      expect(await post(endpoint.id, { authorization, 'webhook-id': 'm-4' })).toBe(401)
      const elsewhere = await server.guest.fetch('/api/messages?target=%23general', { headers: { authorization } })
      expect([elsewhere.status, ErrorBody.parse(await elsewhere.json()).code]).toEqual([403, 'wrong_principal'])
      await owner.call('POST /api/interaction-endpoints/{id}/token', { params: { id } })
      expect(await post(id, { authorization, 'webhook-id': 'm-5' })).toBe(401)
    })

    test('what is said in the thread of its message goes back to it, and its own words do not', async () => {
      await using receiver = new Receiver()
      endpoint = await connect({ outboundEnabled: true, config: { url: receiver.url } })
      await owner.call('POST /api/notification-routes', { body: { target: '#general', endpointId: endpoint.id } })
      const { answer } = await send('question-1', { content: 'how are you?' })
      const threadId = messageIdOf(answer)
      const body = { target: '#general', content: 'fine', threadId }
      const { message } = await owner.call('POST /api/messages', { body })
      await receiver.has(1)
      await send('question-2', { content: 'good', threadId: message.id })
      await owner.call('POST /api/messages', { body: { ...body, content: 'bye' } })
      const received = await receiver.has(2)
      expect(received.map((r) => JSON.parse(r.body))).toMatchObject([
        { replyTo: 'question-1', data: { content: 'fine', threadId } },
        { replyTo: 'question-1', data: { content: 'bye', threadId } },
      ])
      const params = { id: (await owner.call('GET /api/notification-routes')).items[0]!.id }
      await owner.call('DELETE /api/notification-routes/{id}', { params })
      await owner.call('POST /api/messages', { body: { ...body, content: 'without a route' } })
      expect(JSON.parse((await receiver.has(3))[2]!.body)).toMatchObject({ data: { content: 'without a route' } })
    })
  })
