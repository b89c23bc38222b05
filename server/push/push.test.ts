import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { type NotifyLevel, PUSH_DEFAULTS, type PushSettings } from '@shared/contract'
import { jwtVerify, importJWK } from 'jose'
import ece from 'http_ece'
import { createECDH, randomBytes } from 'node:crypto'
import { storages } from '../../test/storages'
import { type Caller, type TestServer, startTestServer } from '../testing'
import { RetryQueue } from './queue'
import { isQuiet } from './quiet'

interface Pushed {
  path: string
  headers: Headers
  message: { kind: string; by: string; place: string; text: string; path: string; locale: string }
}

/** A browser with its push service: takes messages, and reads them as only it can. */
class Browser implements AsyncDisposable {
  readonly #keys = createECDH('prime256v1')
  readonly #auth = randomBytes(16).toString('base64url')
  readonly #answers: Response[] = []
  readonly pushed: Pushed[] = []
  asked = 0
  #wake = Promise.withResolvers<void>()
  readonly #service = Bun.serve({
    port: 0,
    hostname: '127.0.0.1',
    fetch: async (request) => {
      const answer = this.#answers.shift()
      this.asked++
      if (!answer || answer.ok) {
        const body = Buffer.from(await request.arrayBuffer())
        const plain = ece.decrypt(body, { version: 'aes128gcm', privateKey: this.#keys, authSecret: this.#auth })
        const message: Pushed['message'] = JSON.parse(plain.toString())
        this.pushed.push({ path: new URL(request.url).pathname, headers: request.headers, message })
      }
      this.#wake.resolve()
      this.#wake = Promise.withResolvers()
      return answer ?? new Response(null, { status: 201 })
    },
  })

  constructor() {
    this.#keys.generateKeys()
  }

  get origin(): string {
    return `http://127.0.0.1:${this.#service.port}`
  }

  answer(...answers: Response[]): void {
    this.#answers.push(...answers)
  }

  subscription(settings: Partial<PushSettings> = {}) {
    return {
      endpoint: `${this.origin}/push/a-capability`,
      keys: { p256dh: this.#keys.getPublicKey('base64url'), auth: this.#auth },
      locale: 'en' as const,
      settings: { ...PUSH_DEFAULTS, ...settings },
    }
  }

  /** Waits until so many requests have come. */
  async until(asked: number): Promise<void> {
    while (this.asked < asked) await this.#wake.promise
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#service.stop(true)
  }
}

for (const storage of storages.filter((s) => s.available))
  describe(`on ${storage.name}`, () => {
    let server: TestServer
    let ada: Caller
    let bob: Caller
    let drop: () => Promise<void>

    beforeAll(async () => {
      const scratch = await storage.scratch()
      drop = scratch.drop
      server = await startTestServer({
        dsn: scratch.dsn,
        env: { NEKODE_OUTGOING_ALLOW: '127.0.0.1' },
        logLevel: 'error',
      })
      ada = await server.as('owner')
      bob = await server.as('member', 'bob')
    }, 60_000)
    afterAll(async () => {
      await server?.stop()
      await drop?.()
    })

    const say = async (by: Caller, target: string, content: string) => {
      const { message } = await by.call('POST /api/messages', { body: { target, content } })
      await server.services.push.idle()
      return message
    }

    test('a mention arrives at the browser of whom it is for, signed by this server, and only they can read it', async () => {
      await using browser = new Browser()
      const { publicKey, subscription } = await bob.call('GET /api/push')
      expect(subscription).toBeNull()
      expect(await bob.call('GET /api/push')).toEqual({ publicKey, subscription: null, browsers: 0 })
      await bob.call('PUT /api/push', { body: browser.subscription() })
      const message = await say(ada, '#general', 'hello @bob, look at this')
      await browser.until(1)
      expect(browser.pushed[0]?.message).toEqual({
        kind: 'mention',
        locale: 'en',
        by: 'owner',
        place: '#general',
        text: 'hello @bob, look at this',
        path: message.permalink,
      })
      const authorization = browser.pushed[0]?.headers.get('authorization') ?? ''
      const [, token = '', key = ''] = /^vapid t=([^,]+), k=(.+)$/.exec(authorization) ?? []
      expect(key).toBe(publicKey)
      const point = Buffer.from(key, 'base64url')
      const [x, y] = [point.subarray(1, 33), point.subarray(33)].map((half) => half.toString('base64url'))
      const { payload } = await jwtVerify(token, await importJWK({ kty: 'EC', crv: 'P-256', x: x!, y: y! }, 'ES256'))
      expect(payload).toMatchObject({ aud: browser.origin, sub: 'mailto:admin@nekode.invalid' })
      expect(browser.pushed[0]?.headers.get('ttl')).toBe('86400')
      await bob.call('DELETE /api/push')
      expect((await bob.call('GET /api/push')).subscription).toBeNull()
    })

    test('what is said in private leaves the server only when its reader chose so', async () => {
      await using browser = new Browser()
      const { target } = await ada.call('POST /api/dms', { body: { kind: 'human', memberId: bob.id } })
      await bob.call('PUT /api/push', { body: browser.subscription() })
      await say(ada, target, 'the secret plan')
      await browser.until(1)
      expect(browser.pushed[0]?.message).toMatchObject({ kind: 'dm', by: 'owner', place: '', text: '' })
      await bob.call('PUT /api/push', { body: browser.subscription({ privateContent: true }) })
      await say(ada, target, 'the secret plan')
      await browser.until(2)
      expect(browser.pushed[1]?.message).toMatchObject({ kind: 'dm', place: '', text: 'the secret plan' })
      await say(bob, target, 'my own words')
      await say(ada, target, 'and again')
      await browser.until(3)
      expect(browser.pushed.map(({ message }) => message.text)).toEqual(['', 'the secret plan', 'and again'])
      await bob.call('DELETE /api/push')
    })

    test('of a channel arrives what its reader wants to hear: everything, what calls them, or nothing', async () => {
      await using browser = new Browser()
      await bob.call('PUT /api/push', { body: browser.subscription() })
      const choose = (level: NotifyLevel, target = '#general') =>
        bob.call('PUT /api/channels/{target}/notifications', { params: { target }, body: { level } })
      await say(ada, '#general', 'not told')
      await choose('all')
      const message = await say(ada, '#general', 'told')
      await say(bob, '#general', 'my own')
      await say(ada, '#general', '@bob told once')
      await choose('nothing')
      await say(ada, '#general', '@bob not told')
      const { target: dm } = await ada.call('POST /api/dms', { body: { kind: 'human', memberId: bob.id } })
      await choose('nothing', dm)
      await say(ada, dm, 'not told')
      await choose('mentions', dm)
      await say(ada, dm, 'not told')
      await say(ada, dm, '@bob told')
      await browser.until(3)
      expect(browser.pushed.map(({ message: { kind, text } }) => [kind, text])).toEqual([
        ['message', 'told'],
        ['mention', '@bob told once'],
        ['dm', ''],
      ])
      expect(browser.pushed[0]?.message).toMatchObject({ by: 'owner', place: '#general', path: message.permalink })
      await choose('mentions')
      await choose('all', dm)
      await bob.call('DELETE /api/push')
    })

    test('tasks that are given to somebody arrive; what they turned off, their quiet time and a console that is looked at do not', async () => {
      await using browser = new Browser()
      const subscribe = (settings: Partial<PushSettings>) =>
        bob.call('PUT /api/push', { body: browser.subscription(settings) })
      const assign = (summary: string) =>
        ada.call('POST /api/tasks', { body: { target: '#general', summary, assigneeId: bob.id } })
      await subscribe({ mentions: false })
      await say(ada, '#general', '@bob not this')
      await subscribe({ quiet: { from: '00:00', to: '23:59', timezone: 'UTC' } })
      const midnight = new Date().toISOString().slice(11, 16) === '23:59'
      if (!midnight) await say(ada, '#general', '@bob nor this')
      await subscribe({})
      await bob.call('PUT /api/push/focus', { body: { focused: true } })
      await say(ada, '#general', '@bob nor that')
      await bob.call('PUT /api/push/focus', { body: { focused: false } })
      const task = await assign('Draw the icon')
      await browser.until(1)
      expect(browser.pushed.map(({ message }) => [message.kind, message.path])).toEqual([['task', `/tasks/${task.id}`]])
      await bob.call('DELETE /api/push')
    })

    test('a test says what came of it; a browser that is gone is forgotten, and so is one whose session is over', async () => {
      await using browser = new Browser()
      await expect(bob.call('POST /api/push/test')).rejects.toMatchObject({ code: 'not_subscribed' })
      await bob.call('PUT /api/push', { body: browser.subscription() })
      await bob.call('POST /api/push/test')
      expect(browser.pushed[0]?.message.kind).toBe('test')
      browser.answer(new Response(null, { status: 410 }))
      await expect(bob.call('POST /api/push/test')).rejects.toMatchObject({ code: 'push_refused' })
      expect((await bob.call('GET /api/push')).subscription).toBeNull()

      const { token } = await server.guest.call('POST /api/auth/login', {
        body: { username: 'bob', password: 'correct horse battery', token: true },
      })
      const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' }
      const body = JSON.stringify(browser.subscription())
      expect((await server.guest.fetch('/api/push', { method: 'PUT', headers, body })).status).toBe(200)
      await server.guest.fetch('/api/auth/logout', { method: 'POST', headers })
      await bob.call('PUT /api/push', { body: browser.subscription() })
      await say(ada, '#general', '@bob once')
      await browser.until(3)
      await bob.call('POST /api/push/test')
      // Once for the session that is there, and never for the one that is over.
      expect(browser.pushed.map(({ message }) => message.kind)).toEqual(['test', 'mention', 'test'])
      const { db } = server.core
      expect(await db.q.select().from(db.t.pushSubscriptions)).toHaveLength(1)
      await bob.call('DELETE /api/push')
    })

    test('the address of a browser is a secret: neither the table nor the audit log shows it', async () => {
      await using browser = new Browser()
      await bob.call('PUT /api/push', { body: browser.subscription() })
      const { db } = server.core
      const rows = JSON.stringify(await db.q.select().from(db.t.pushSubscriptions))
      const audit = await ada.call('GET /api/audit', { query: { action: 'push.*' } })
      expect(rows).not.toContain('a-capability')
      expect(JSON.stringify(audit)).not.toContain('a-capability')
      expect(audit.items[0]).toMatchObject({
        action: 'push.subscribe',
        detail: { service: new URL(browser.origin).host },
      })
      const settings = JSON.stringify(await db.q.select().from(db.t.settings))
      expect(settings).toContain('push.vapid')
      expect(settings).not.toContain('PRIVATE KEY')
      await bob.call('DELETE /api/push')
    })

    test.each([
      ['no address', { endpoint: 'ftp://example.org/x' }, 'url_invalid'],
      ['no key', { keys: { p256dh: 'AAAA', auth: 'AAAA' } }, 'invalid_request'],
    ])('%s is refused', async (_, wrong, code) => {
      await using browser = new Browser()
      const body = { ...browser.subscription(), ...wrong }
      await expect(bob.call('PUT /api/push', { body })).rejects.toMatchObject({ code })
      const settings = { ...PUSH_DEFAULTS, quiet: { from: '22:00', to: '07:00', timezone: 'Mars/Olympus' } }
      await expect(bob.call('PUT /api/push', { body: { ...browser.subscription(), settings } })).rejects.toMatchObject({
        code: 'timezone_unknown',
      })
    })
  })

test('nothing goes to a private network unless it is allowed', async () => {
  await using server = await startTestServer()
  await using browser = new Browser()
  const ada = await server.as('owner')
  await ada.call('PUT /api/push', { body: browser.subscription() })
  await expect(ada.call('POST /api/push/test')).rejects.toMatchObject({ code: 'address_forbidden' })
  expect(browser.asked).toBe(0)
})

test.each([
  ['23:30', { from: '22:00', to: '07:00' }, true],
  ['06:59', { from: '22:00', to: '07:00' }, true],
  ['07:00', { from: '22:00', to: '07:00' }, false],
  ['12:00', { from: '09:00', to: '17:00' }, true],
  ['17:00', { from: '09:00', to: '17:00' }, false],
  ['09:00', { from: '09:00', to: '09:00' }, false],
])('at %s, with %o, it is quiet: %p', (time, hours, quiet) => {
  const now = Date.parse(`2027-01-05T${time}:00+01:00`)
  expect(isQuiet({ ...hours, timezone: 'Europe/Berlin' }, now)).toBe(quiet)
})

describe('the queue', () => {
  test('tries again until it works, gives up after so many attempts, and drops what is too much', async () => {
    const facts: string[] = []
    const tries = new Map<string, number>()
    const done = Promise.withResolvers<void>()
    const queue = new RetryQueue<string>(
      { most: 2, parallel: 1, attempts: 3, firstPauseMs: 1 },
      async (item) => {
        const tried = (tries.get(item) ?? 0) + 1
        tries.set(item, tried)
        return item === 'good' && tried === 2 ? 'over' : { againAfterMs: 0 }
      },
      (fact) => {
        facts.push(fact)
        if (fact === 'given up') done.resolve()
      },
    )
    for (const item of ['good', 'bad', 'waits', 'too much']) queue.add(item)
    expect(facts).toEqual(['dropped'])
    await done.promise
    expect(tries.get('good')).toBe(2)
    queue.stop()
  })
})
