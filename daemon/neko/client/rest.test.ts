import { afterEach, describe, expect, test } from 'bun:test'
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import type { FakeNeko } from '../../../test/fixtures/neko'
import { NekoWorld } from '../../../test/fixtures/neko-clients'
import { NekoClient } from './client'
import { Http } from './http'
import { NekoRest } from './rest'

const world = new NekoWorld()
afterEach(() => world.end())

/** A session that speaks over REST only. */
function session(neko: FakeNeko, name = 'root', admin = true): { rest: NekoRest; id: string } {
  const { id, token } = neko.login(name, admin)
  return { rest: new NekoRest(new Http({ base: neko.url }, token)), id }
}

const bytes = (text: string): Uint8Array<ArrayBuffer> => new TextEncoder().encode(text)

/** What is called, and which request it is. */
const calls: [string, (rest: NekoRest) => Promise<unknown>][] = [
  ['GET /api/whoami', (rest) => rest.whoami()],
  ['POST /api/profile {"name":"Root"}', (rest) => rest.setProfile({ name: 'Root' })],
  ['GET /api/stats', (rest) => rest.stats()],
  ['GET /health', (rest) => rest.health()],
  ['GET /api/sessions', (rest) => rest.sessions.list()],
  ['GET /api/sessions/bob', (rest) => rest.sessions.get('bob')],
  ['POST /api/sessions/bob/disconnect', (rest) => rest.sessions.disconnect('bob')],
  ['DELETE /api/sessions/bob', (rest) => rest.sessions.delete('bob')],
  ['GET /api/members', (rest) => rest.members.list({ limit: 5, offset: 1 })],
  [
    'POST /api/members {"username":"eve","password":"x","profile":{"can_host":false}}',
    (rest) => rest.members.create({ username: 'eve', password: 'x', profile: { can_host: false } }),
  ],
  ['GET /api/members/bob', (rest) => rest.members.get('bob')],
  ['POST /api/members/bob {"can_host":false}', (rest) => rest.members.update('bob', { can_host: false })],
  ['POST /api/members/bob/password {"password":"new"}', (rest) => rest.members.setPassword('bob', 'new')],
  ['DELETE /api/members/bob', (rest) => rest.members.delete('bob')],
  [
    'POST /api/members_bulk/update {"ids":["bob"],"profile":{"can_watch":false}}',
    (rest) => rest.members.updateAll(['bob'], { can_watch: false }),
  ],
  ['POST /api/members_bulk/delete {"ids":["bob"]}', (rest) => rest.members.deleteAll(['bob'])],
  ['GET /api/room/settings', (rest) => rest.settings.get()],
  ['POST /api/room/settings {"private_mode":true}', (rest) => rest.settings.set({ private_mode: true })],
  ['GET /api/room/broadcast', (rest) => rest.broadcast.status()],
  ['POST /api/room/broadcast/start {"url":"rtmp://a/b"}', (rest) => rest.broadcast.start('rtmp://a/b')],
  ['GET /api/room/clipboard', (rest) => rest.clipboard.get()],
  ['POST /api/room/clipboard {"html":"<b>x</b>"}', (rest) => rest.clipboard.set({ html: '<b>x</b>' })],
  ['GET /api/room/clipboard/image.png', (rest) => rest.clipboard.image()],
  ['GET /api/room/keyboard/map', (rest) => rest.keyboard.map()],
  ['POST /api/room/keyboard/map {"variant":"","layout":"de"}', (rest) => rest.keyboard.setMap({ layout: 'de' })],
  ['GET /api/room/keyboard/modifiers', (rest) => rest.keyboard.modifiers()],
  ['POST /api/room/keyboard/modifiers {"numlock":true}', (rest) => rest.keyboard.setModifiers({ numlock: true })],
  ['GET /api/room/control', (rest) => rest.control.status()],
  ['POST /api/room/control/request', (rest) => rest.control.request()],
  ['POST /api/room/control/release', (rest) => rest.control.release()],
  ['POST /api/room/control/take', (rest) => rest.control.take()],
  ['POST /api/room/control/give/bob', (rest) => rest.control.give('bob')],
  ['POST /api/room/control/reset', (rest) => rest.control.reset()],
  ['GET /api/room/screen', (rest) => rest.screen.get()],
  [
    'POST /api/room/screen {"width":800,"height":600,"rate":30}',
    (rest) => rest.screen.set({ width: 800, height: 600, rate: 30 }),
  ],
  ['GET /api/room/screen/configurations', (rest) => rest.screen.sizes()],
  ['GET /api/room/screen/cast.jpg', (rest) => rest.screen.cast()],
  ['GET /api/room/screen/shot.jpg', (rest) => rest.screen.shot(60)],
  ['POST /api/chat {"text":"hello"}', (rest) => rest.chat('hello')],
  ['POST /api/openinapp/openlink {"text":"https://a.example"}', (rest) => rest.openLink('https://a.example')],
  ['POST /api/logout', (rest) => rest.logout()],
]

describe('every call', () => {
  for (const [wanted, call] of calls)
    test(`${wanted} is what is asked, and its answer is read`, async () => {
      const neko = world.start({ provider: 'accounts' })
      const { rest, id } = session(neko)
      neko.login('bob')
      neko.setHost(id)
      await call(rest)
      const { method, path, body } = neko.requests[0]!
      expect(`${method} ${path}${body === '' ? '' : ` ${body}`}`).toBe(wanted)
      expect(neko.requests).toHaveLength(1)
    })
})

describe('what is answered', () => {
  test('is typed, and what a server adds stays', async () => {
    const neko = world.start({ prefix: '/rooms/1' })
    const { rest, id } = session(neko)
    neko.answers.set('GET /api/stats', () =>
      Response.json({ has_host: false, server_started_at: 'x', total_users: 2, total_admins: 1, more: true }),
    )
    expect(await rest.stats()).toMatchObject({ total_users: 2, more: true })
    expect(await rest.control.request()).toBe('host')
    expect(await rest.control.request()).toBe('asked')
    expect(await rest.control.status()).toMatchObject({ has_host: true, host_id: id })
    await rest.clipboard.set({ text: 'Grüße' })
    expect(await rest.clipboard.get()).toEqual({ text: 'Grüße' })
    expect([...(await rest.screen.shot()).subarray(0, 2)]).toEqual([0xff, 0xd8])
    expect([...(await rest.clipboard.image()).subarray(1, 4)]).toEqual([...bytes('PNG')])
    await rest.broadcast.start('rtmp://a')
    expect(await rest.broadcast.status()).toEqual({ is_active: true, url: 'rtmp://a' })
    await rest.broadcast.stop()
    expect(await rest.members.list()).toEqual([])
  })

  test('comes for several requests at once', async () => {
    const neko = world.start()
    const { rest, id } = session(neko)
    const answers = await rest.batch([
      { method: 'GET', path: '/api/whoami' },
      { method: 'POST', path: '/api/room/settings', body: { implicit_hosting: true } },
      { method: 'GET', path: '/api/sessions/nobody' },
      { method: 'GET', path: '/api/batch' },
    ])
    expect(answers.map(({ path, status }) => `${path} ${status}`)).toEqual([
      '/api/whoami 200',
      '/api/room/settings 204',
      '/api/sessions/nobody 404',
      '/api/batch 400',
    ])
    expect(answers[0]?.body).toMatchObject({ id })
    expect(neko.settings.implicit_hosting).toBe(true)
  })

  test('may be files, which are sent, read, streamed and deleted', async () => {
    const neko = world.start()
    const { rest, id } = session(neko)
    await rest.files.upload([
      { name: 'a b.txt', content: bytes('one') },
      { name: 'ü.bin', content: new Blob([bytes('two')]) },
    ])
    expect(new TextDecoder().decode(await rest.files.read('a b.txt'))).toBe('one')
    expect(await new Response(await rest.files.stream('ü.bin')).text()).toBe('two')
    await rest.files.delete('ü.bin')
    expect([...neko.files.keys()]).toEqual(['a b.txt'])
    await expect(rest.files.read('ü.bin')).rejects.toMatchObject({ kind: 'not_found' })
    await expect(rest.files.stream('../x')).rejects.toMatchObject({ kind: 'invalid', data: { said: 'bad filename' } })
    await expect(rest.upload.drop({ x: 1.5, y: 2 }, [{ name: 'c', content: bytes('c') }])).rejects.toMatchObject({
      kind: 'forbidden',
    })
    neko.setHost(id)
    await rest.upload.drop({ x: 1.5, y: 2 }, [{ name: 'c', content: bytes('c') }])
    expect(neko.files.has('c')).toBe(true)
    await expect(rest.upload.dialog([{ name: 'd', content: bytes('d') }])).rejects.toMatchObject({
      kind: 'conflict',
      next: 'Open the page’s file dialog first.',
    })
    neko.chooserOpen = true
    await rest.upload.dialog([{ name: 'd', content: bytes('d') }])
    expect(neko.files.has('d')).toBe(true)
    neko.chooserOpen = true
    await rest.upload.cancelDialog()
    expect(neko.chooserOpen).toBe(false)
  })
})

describe('what is refused', () => {
  for (const [why, admin, call, error] of [
    [
      'to who is no administrator',
      false,
      (rest: NekoRest) => rest.screen.shot(),
      {
        kind: 'forbidden',
        code: 'neko_forbidden',
        message: 'The Neko server refuses GET /api/room/screen/shot.jpg (403): session is not admin.',
        next: 'Log in with the password of an administrator.',
        data: { status: 403, said: 'session is not admin' },
      },
    ],
    [
      'to who is not host',
      true,
      (rest: NekoRest) => rest.clipboard.get(),
      { kind: 'forbidden', next: 'Take control first, then try again.' },
    ],
    [
      'because it is not there',
      true,
      (rest: NekoRest) => rest.sessions.get('nobody'),
      { kind: 'not_found', message: expect.stringContaining('session not found') },
    ],
    [
      'because things are not so',
      true,
      (rest: NekoRest) => rest.broadcast.stop(),
      { kind: 'conflict', message: expect.stringContaining('server is not broadcasting') },
    ],
    [
      'because the server has no accounts',
      true,
      (rest: NekoRest) => rest.members.create({ username: 'a', password: 'b' }),
      { kind: 'unavailable', data: { status: 500 } },
    ],
  ] as const)
    test(`${why} says so in the server's words`, async () => {
      const { rest } = session(world.start(), 'ann', admin)
      await expect(call(rest)).rejects.toMatchObject({ name: 'NekodeError', ...error })
    })

  test('for a token that is not known says what to do', async () => {
    const neko = world.start({ cookies: true })
    const rest = new NekoRest(new Http({ base: neko.url }, 'not-a-token-of-it'))
    const refused = rest.whoami()
    await expect(refused).rejects.toMatchObject({
      kind: 'unauthenticated',
      next: expect.stringContaining('Log in again'),
    })
    await expect(refused).rejects.not.toThrow(/not-a-token/)
  })

  test('by something else than Neko says that it is none', async () => {
    const neko = world.start()
    const { rest } = session(neko)
    neko.answers.set('GET /api/stats', () => new Response('<h1>Bad Gateway</h1>', { status: 502 }))
    await expect(rest.stats()).rejects.toMatchObject({ kind: 'unavailable', message: expect.not.stringContaining('<') })
    neko.answers.set('GET /api/stats', () => new Response('<html>', { status: 200 }))
    await expect(rest.stats()).rejects.toMatchObject({ code: 'neko_answer' })
    neko.answers.set('GET /api/stats', () => Response.json({ has_host: 'perhaps' }))
    await expect(rest.stats()).rejects.toMatchObject({ code: 'neko_answer' })
  })
})

describe('an answer', () => {
  test('that is too long is not read, whether or not it says so before', async () => {
    const neko = world.start()
    const { rest } = session(neko)
    neko.answers.set('GET /api/stats', () => new Response(new Uint8Array(5 << 20)))
    await expect(rest.stats()).rejects.toMatchObject({ kind: 'too_large' })
    neko.answers.set('GET /api/room/screen/cast.jpg', () => new Response(endless()))
    await expect(rest.screen.cast({ maxBytes: 100_000 })).rejects.toMatchObject({ code: 'neko_too_large' })
  })

  test('that does not come is not waited for longer than said', async () => {
    const neko = world.start()
    const { rest } = session(neko)
    neko.answers.set('GET /api/stats', () => new Promise<Response>(() => undefined))
    await expect(rest.stats({ timeoutMs: 50 })).rejects.toMatchObject({
      kind: 'unavailable',
      message: expect.stringContaining('no answer to GET /api/stats within 0.05 s'),
    })
    const stop = new AbortController()
    const stopped = rest.stats({ signal: stop.signal })
    stop.abort(new Error('enough'))
    await expect(stopped).rejects.toThrow('enough')
  })

  test('that begins and does not go on is not waited for either', async () => {
    const neko = world.start()
    const { rest } = session(neko)
    neko.answers.set(
      'GET /api/stats',
      () => new Response(new ReadableStream({ start: (controller) => controller.enqueue(bytes('{"has')) })),
    )
    await expect(rest.stats({ timeoutMs: 100 })).rejects.toMatchObject({ kind: 'unavailable' })
  })
})

test('a server with a certificate of its own authority is reached with that authority only', async () => {
  const here = (name: string): string => fileURLToPath(new URL(`../../../test/fixtures/tls/${name}`, import.meta.url))
  const cert = readFileSync(here('cert.pem'), 'utf8')
  const neko = world.start({ tls: { cert, key: readFileSync(here('key.pem'), 'utf8') } })
  const account = { url: neko.url, username: 'ann', password: 'neko', log: world.log }
  await expect(NekoClient.connect(account)).rejects.toMatchObject({ kind: 'unavailable', code: 'neko_unreachable' })
  const client = await NekoClient.connect({ ...account, ca: cert })
  expect(client.base).toStartWith('https://')
  expect(await client.rest.whoami()).toMatchObject({ id: client.state.sessionId })
  await client.close()
})

/** A body that never ends. */
function endless(): ReadableStream<Uint8Array> {
  return new ReadableStream({ pull: (controller) => controller.enqueue(new Uint8Array(16_384)) })
}
