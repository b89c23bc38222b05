/**
 * What a client of ours does with a Neko v3 server, against `nekode-daemon neko desktop`; or against any other server:
 *
 *   NEKO_URL=http://neko.lan:8080 NEKO_USER=me NEKO_PASS=… bun test test/neko/protocol.test.ts
 *
 * It takes the screen for the time of the tests. What only an administrator may do is asked of every account, and has to be refused to
 * one that is none.
 */
import { afterAll, afterEach, beforeAll, expect, test } from 'bun:test'
import { NekodeError } from '@shared/errors'
import { createLogger } from '@shared/log'
import { copySelection } from '../../daemon/neko/client/clipboard'
import { onSaid, say } from '../../daemon/neko/client/chat'
import { NekoClient } from '../../daemon/neko/client/client'
import type { RoomChanges } from '../../daemon/neko/client/room'
import { Frames } from '../../daemon/neko/frames/frames'
import { Input } from '../../daemon/neko/input/input'
import type { ServerEvent, ServerPayload } from '../../daemon/neko/protocol/events'
import { Place } from '../e2e/program'
import { Pages } from './pages'
import { type Login, startDesk } from './stage'

const log = createLogger({ level: 'error' })
const { NEKO_URL, NEKO_USER, NEKO_PASS } = process.env

let place: Place
let pages: Pages
let accounts: Login[]

beforeAll(async () => {
  place = new Place()
  pages = new Pages()
  if (NEKO_URL) accounts = [{ url: NEKO_URL, username: NEKO_USER ?? '', password: NEKO_PASS ?? '' }]
  else {
    const { user, admin } = await startDesk(place, pages)
    accounts = [user, admin]
  }
}, 120_000)
afterAll(async () => {
  await place[Symbol.asyncDispose]()
  await pages[Symbol.asyncDispose]()
})

const open: NekoClient[] = []
async function join(account: Login, options: { autoHost?: boolean } = {}): Promise<NekoClient> {
  const client = await NekoClient.connect({ ...account, log, ...options })
  open.push(client)
  return client
}
/** What is done with each account, one after the other: the user's, and where there is one the administrator's. */
async function each(work: (client: NekoClient, account: Login) => Promise<unknown>): Promise<void> {
  for (const account of accounts) {
    const client = await join(account)
    await work(client, account)
    await client.close()
  }
}
afterEach(async () => {
  await Promise.all(open.splice(0).map((client) => client.close()))
})

const next = <E extends ServerEvent>(client: NekoClient, event: E): Promise<ServerPayload<E>> =>
  within(new Promise((resolve) => void client.on(event, resolve)), event)
const change = <C extends keyof RoomChanges>(client: NekoClient, name: C): Promise<RoomChanges[C]> =>
  within(new Promise((resolve) => void client.onChange(name, resolve)), name)

function within<T>(work: Promise<T>, what: string): Promise<T> {
  const { promise, reject } = Promise.withResolvers<never>()
  const timer = setTimeout(() => reject(new Error(`${what} did not come`)), 20_000)
  const result = Promise.race([work, promise]).finally(() => clearTimeout(timer))
  // A test that failed before it waited for it has its own reason.
  result.catch(() => undefined)
  return result
}

/** The kind of error that it is refused with. */
const refused = (work: Promise<unknown>): Promise<string> =>
  work.then(
    () => 'nothing',
    (error) => (error instanceof NekodeError ? error.kind : String(error)),
  )

/** What an administrator gets, and everybody else is refused. */
async function forAdmins(client: NekoClient, work: () => Promise<unknown>): Promise<void> {
  if (client.profile?.is_admin) await work()
  else expect(await refused(work())).toBe('forbidden')
}

test('a wrong password and a token that is none are refused with a reason', async () => {
  const account = accounts[0]!
  expect(await refused(NekoClient.connect({ ...account, password: 'wrong', log }))).toBe('unauthenticated')
  const ws = `${account.url.replace(/^http/, 'ws')}/api/ws?token=none`
  expect(await refused(NekoClient.connect({ ws, log }))).toBe('unauthenticated')
})

test('the server says who one is, what there is to see, and who else is there', async () => {
  await each(async (client) => {
    const { sessionId, screen, sessions } = client.state
    expect(screen).toMatchObject({ width: expect.any(Number), height: expect.any(Number), rate: expect.any(Number) })
    expect(sessions.get(sessionId)?.state.is_connected).toBe(true)
    expect((await client.rest.whoami()).id).toBe(sessionId)
    expect((await client.rest.sessions.list()).map(({ id }) => id)).toContain(sessionId)
    expect((await client.rest.stats()).total_users).toBeGreaterThanOrEqual(0)
    expect(await client.rest.screen.get()).toMatchObject({ width: screen.width, height: screen.height })
    expect(await client.rest.health()).toBe(true)
    await forAdmins(client, () => client.rest.settings.get())
    await forAdmins(client, () => client.rest.screen.sizes())
  })
})

test('one session steers at a time: it asks, is asked, gives, and lets go', async () => {
  const first = await join(accounts[0]!)
  const second = await join(accounts[0]!)
  await first.acquire()
  expect(await second.rest.control.status()).toMatchObject({ has_host: true, host_id: first.state.sessionId })
  const asked = next(first, 'control/request')
  expect(await second.rest.control.request()).toBe('asked')
  expect((await asked).id).toBe(second.state.sessionId)
  const given = next(second, 'control/host')
  await first.rest.control.give(second.state.sessionId)
  await given
  expect([first.isHost, second.isHost]).toEqual([false, true])
  const free = next(first, 'control/host')
  second.release()
  expect((await free).has_host).toBe(false)
  expect(await refused(first.rest.control.release())).toBe('conflict')
})

test('an administrator takes the controls and lets go of them for others; nobody else does', async () => {
  await each(async (client, account) => {
    const other = await join(account)
    await other.acquire()
    await forAdmins(client, async () => {
      const lost = change(other, 'host')
      await client.rest.control.take()
      expect(await lost).toEqual({ mine: false, hostId: client.state.sessionId })
      const free = next(other, 'control/host')
      await client.rest.control.reset()
      expect((await free).has_host).toBe(false)
    })
    await other.close()
  })
})

test('the host reads and writes the clipboard, others do not', async () => {
  await each(async (client) => {
    expect(await refused(client.rest.clipboard.get())).toBe('forbidden')
    await client.acquire()
    await client.rest.clipboard.set({ text: 'by REST: 42 % “ü” 你好' })
    expect((await client.rest.clipboard.get()).text).toBe('by REST: 42 % “ü” 你好')
    await client.rest.clipboard.set({ html: '<b>bold</b>' })
    expect((await client.rest.clipboard.get()).html).toContain('<b>bold</b>')
  })
})

test('the keyboard has a layout and modifiers, which the host sets', async () => {
  const client = await join(accounts[0]!)
  expect(await refused(client.rest.keyboard.setMap({ layout: 'de' }))).toBe('forbidden')
  await client.acquire()
  const before = await client.rest.keyboard.map()
  await client.rest.keyboard.setMap({ layout: 'de' })
  expect((await client.rest.keyboard.map()).layout).toBe('de')
  await client.rest.keyboard.setMap({ layout: before.layout || 'us', variant: before.variant })
  await client.rest.keyboard.setModifiers({ capslock: true })
  expect((await client.rest.keyboard.modifiers()).capslock).toBe(true)
  await client.rest.keyboard.setModifiers({ capslock: false })
  expect((await client.rest.keyboard.modifiers()).capslock).toBe(false)
})

test('an administrator changes the size of the screen, and everybody is told', async () => {
  await each(async (client, account) => {
    const other = await join(account)
    const { width, height, rate } = client.state.screen
    await forAdmins(client, async () => {
      const told = next(other, 'screen/updated')
      await client.rest.screen.set({ width: 1024, height: 600, rate: 30 })
      expect(await told).toMatchObject({ width: 1024, height: 600 })
      expect(other.size).toMatchObject({ width: 1024, height: 600 })
      const back = next(other, 'screen/updated')
      client.send('screen/set', { width, height, rate })
      expect(await back).toMatchObject({ width, height })
    })
    await other.close()
  })
})

test('what is said in the chat, to all and to one, is heard by those it is for', async () => {
  const first = await join(accounts[0]!)
  const second = await join(accounts[0]!)
  const heard: string[] = []
  for (const [name, client] of [['first', first] as const, ['second', second] as const])
    onSaid(client, ({ via, own, text }) => heard.push(`${name} ${via}${own ? ' own' : ''} ${text}`))
  say(first, 'hello')
  first.send('send/broadcast', { subject: 'task', body: 'to all' })
  const [own, last] = [next(first, 'chat/message'), next(second, 'send/unicast')]
  first.send('send/unicast', { receiver: second.state.sessionId, subject: 'task', body: 'to one' })
  await Promise.all([own, last])
  expect(heard.toSorted()).toEqual([
    'first chat own hello',
    'second broadcast to all',
    'second chat hello',
    'second unicast to one',
  ])
})

test('files go to the server and come back', async () => {
  const client = await join(accounts[0]!)
  const listed = (name: string) =>
    within(
      new Promise<boolean>((resolve) => {
        client.on('filetransfer/update', ({ files }) => {
          if (files?.some((file) => file.name === name)) resolve(true)
        })
      }),
      'the list with the file',
    )
  const update = next(client, 'filetransfer/update')
  client.send('filetransfer/update')
  const { enabled } = await update
  if (!enabled) return expect(await refused(client.rest.files.read('nekode.txt'))).toBe('forbidden')
  const there = listed('nekode.txt')
  await client.rest.files.upload([{ name: 'nekode.txt', content: new TextEncoder().encode('from a test') }])
  await there
  expect(new TextDecoder().decode(await client.rest.files.read('nekode.txt'))).toBe('from a test')
  expect(await refused(client.rest.files.read('../../etc/passwd'))).toBe('invalid')
  await client.rest.files.delete('nekode.txt')
  expect(await refused(client.rest.files.delete('nekode.txt'))).toBe('not_found')
})

test('several requests go as one, each with its own answer', async () => {
  const client = await join(accounts[0]!)
  const answers = await client.rest.batch([
    { method: 'GET', path: '/api/whoami' },
    { method: 'GET', path: '/api/room/screen' },
    { method: 'DELETE', path: '/api/sessions/nobody' },
    { method: 'POST', path: '/api/batch' },
  ])
  expect(answers.map(({ status }) => status)).toEqual([200, 200, client.profile?.is_admin ? 400 : 403, 400])
})

test('a connection that comes back within seconds steers on; a newer one replaces it', async () => {
  const account = accounts[0]!
  const first = await join(account)
  await first.acquire()
  const { token } = first.rest.http
  const replaced = change(first, 'down')
  const ws = `${account.url.replace(/^http/, 'ws')}/api/ws?token=${token}`
  const second = await NekoClient.connect({ ws, log })
  open.push(second)
  expect(await replaced).toMatchObject({ final: true })
  expect(second.state.sessionId).toBe(first.state.sessionId)
  expect(second.isHost).toBe(true)
})

test('an administrator ends a session, which is told so and stays away', async () => {
  await each(async (client, account) => {
    await forAdmins(client, async () => {
      const other = await join(account)
      const { sessionId } = other.state
      const gone = change(other, 'down')
      await client.rest.sessions.delete(sessionId)
      expect(await gone).toMatchObject({ final: true })
      expect((await client.rest.sessions.list()).map(({ id }) => id)).not.toContain(sessionId)
      await other.close()
    })
    if (!client.profile?.is_admin) expect(await refused(client.rest.sessions.delete('somebody'))).toBe('forbidden')
  })
})

for (const prefer of ['webrtc', 'screenshot'] as const)
  test(`the screen is seen by ${prefer}, as large as it is`, async () => {
    await each(async (client) => {
      if (prefer === 'screenshot' && !client.profile?.is_admin && !client.state.screencast) return
      const frames = new Frames(client, { prefer, ice: { policy: 'strict' }, log })
      const picture = await frames.next({ timeoutMs: 20_000 })
      const { width, height } = client.size
      expect(picture).toMatchObject({ width, height, source: prefer })
      const jpeg = await picture.jpeg({ quality: 80, longestEdge: 320 })
      expect((await new Bun.Image(jpeg).metadata()).width).toBe(320)
      // And it goes on.
      expect((await frames.next({ after: picture.at, timeoutMs: 20_000 })).at).toBeGreaterThan(picture.at)
      await frames.close()
    })
  })

test('video goes on through a restart of the way that it takes, and can be turned off and on', async () => {
  const client = await join(accounts[0]!)
  const frames = new Frames(client, { prefer: 'webrtc', ice: { policy: 'strict' }, log })
  const first = await frames.next({ timeoutMs: 20_000 })
  const offer = next(client, 'signal/restart')
  frames.media?.restart()
  await offer
  const second = await frames.next({ after: Math.max(first.at, Date.now()), timeoutMs: 20_000 })
  const off = next(client, 'signal/video')
  frames.media?.setVideo({ disabled: true })
  expect((await off).disabled).toBe(true)
  frames.media?.setVideo({ disabled: false })
  await frames.next({ after: Math.max(second.at, Date.now()), timeoutMs: 20_000 })
  await frames.close()
})

if (!NEKO_URL) {
  test('mouse, wheel, keys and text arrive on the page as they were meant', async () => {
    const client = await join(accounts[0]!)
    await pages.show('input')
    await client.acquire()
    const input = new Input(client)
    const told = (kind: string) => pages.told.filter((what) => what['kind'] === kind)
    await input.click({ x: 400, y: 400 })
    await input.click({ x: 420, y: 410 }, 'right')
    await pages.until(() => told('contextmenu').length === 1)
    await input.doubleClick({ x: 500, y: 500 })
    await pages.until(() => told('dblclick').length === 1)
    expect(told('mousedown').map(({ button }) => button)).toEqual([0, 2, 0, 0])
    // The browser makes one event of what comes at once: one direction after the other.
    for (const [direction, down] of [['down', 1] as const, ['up', -1] as const]) {
      await input.wheel(direction, 2)
      await pages.until(() => told('wheel').at(-1)?.['down'] === down)
    }
    await input.press('Ctrl+Alt+k')
    await pages.until(() => told('key').some(({ key }) => key === 'k'))
    expect(told('key').at(-1)).toMatchObject({ ctrl: true, shift: false, alt: true })
    pages.told.length = 0
    await input.type('aZ9 {~}"')
    await pages.until(() => told('key').some(({ key }) => key === '"'))
    const typed = told('key').map(({ key }) => key)
    expect(typed.filter((key) => key !== 'Shift').join('')).toBe('aZ9 {~}"')
    await input.paste('多行\nthe second line')
    await pages.until(() => told('paste').length === 1)
    expect(told('paste')[0]).toMatchObject({ text: '多行\nthe second line' })
  }, 60_000)

  test('what is marked on the page is copied to whoever steers', async () => {
    const client = await join(accounts[0]!)
    await pages.show('text')
    await client.acquire()
    const input = new Input(client)
    await input.click({ x: 460, y: 310 })
    await input.type('copy me')
    client.send('control/select_all')
    expect(await copySelection(client)).toBe('copy me')
  }, 60_000)
}
