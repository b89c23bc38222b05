import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'bun:test'
import {
  ErrorBody,
  SCREEN_LIMITS,
  ScreenNews,
  type ScreenState,
  type ScreenWish,
  decodePicture,
} from '@shared/contract'
import { createLogger } from '@shared/log'
import { LiveScreens, ScreenServer, ScriptedScreen } from '../../test/fixtures/livescreen'
import { FakeTunnel } from '../../test/fixtures/tunnel'
import type { ComputerPrincipal } from '../access/principal'
import { type Caller, type TestServer, startTestServer } from '../testing'
import { SCREENS } from './limits'

const log = createLogger({ level: 'error', write: () => undefined })

let server: TestServer
let owner: Caller
let box: Caller
let agent: Caller
let screens: LiveScreens
let screen: ScriptedScreen
let tunnel: FakeTunnel
const viewers: Viewer[] = []

beforeAll(async () => {
  server = await startTestServer()
  owner = await server.as('owner')
  box = await server.computer()
  agent = await server.agent({ computerId: box.id, runtimeKind: 'neko', name: 'clicker' })
  await owner.call('POST /api/channels', { body: { name: 'den', visibility: 'private' } })
  await owner.call('POST /api/channels/{target}/members', {
    params: { target: '#den' },
    body: { kind: 'agent', memberId: agent.id },
  })
})
beforeEach(async () => {
  screens = new LiveScreens()
  screen = new ScriptedScreen()
  screens.offer(agent.id, screen)
  tunnel = await attach()
})
afterEach(async () => {
  for (const viewer of viewers.splice(0)) viewer.socket.close()
  tunnel[Symbol.dispose]()
  await until(() => server.services.attachments.get(box.id) === undefined)
})
afterAll(() => server.stop())

/** The computer's stream, with what shows its screens behind it. */
async function attach(features = 'workspace, screen'): Promise<FakeTunnel> {
  const shown = new ScreenServer(screens, log, { graceMs: 50 })
  const made = new FakeTunnel(
    server.url,
    box.token,
    box.id,
    (exchange, start) => shown.serve(exchange, start.path),
    features,
  )
  await made.ready
  return made
}

async function until(done: () => boolean, ms = 10_000): Promise<void> {
  for (const end = Date.now() + ms; !done(); await Bun.sleep(2))
    if (Date.now() > end) throw new Error('it did not happen')
}

/** A browser's end of the WebSocket. */
class Viewer {
  readonly socket: WebSocket
  readonly news: ScreenNews[] = []
  pictures = 0
  code: number | undefined

  constructor(who: Pick<Caller, 'token'>, agentId = agent.id, headers?: Record<string, string>) {
    // Headers are Bun's own option, which the types of browsers do not have.
    const options = { headers: headers ?? { authorization: `Bearer ${who.token}` } } as unknown as string[]
    this.socket = new WebSocket(`${server.url.replace('http', 'ws')}/api/agents/${agentId}/screen`, options)
    this.socket.binaryType = 'arraybuffer'
    this.socket.addEventListener('message', ({ data }) => {
      if (typeof data === 'string') return this.news.push(ScreenNews.parse(JSON.parse(data)))
      const picture = decodePicture(new Uint8Array(data))
      if (!picture) throw new Error('this is no picture')
      this.pictures++
      this.say({ type: 'ack', picture: picture.number })
    })
    this.socket.addEventListener('close', ({ code }) => (this.code = code))
    viewers.push(this)
  }

  say(wish: ScreenWish): void {
    this.socket.send(JSON.stringify(wish))
  }

  get state(): ScreenState | undefined {
    return this.news.findLast((one) => one.type === 'state')
  }

  get mayTakeOver(): boolean | undefined {
    return this.news.findLast((one) => one.type === 'access')?.takeOver
  }

  get away(): string | undefined {
    const at = this.news.findLastIndex((one) => one.type === 'away')
    const away = this.news[at]
    return away?.type === 'away' && this.news.findLastIndex((one) => one.type === 'state') < at ? away.code : undefined
  }

  get steers(): boolean {
    const { steering } = this.state ?? {}
    return steering?.by === 'person' && steering.you && steering.phase === 'steering'
  }

  async live(): Promise<this> {
    await until(() => this.state?.phase === 'live')
    return this
  }

  async takeOver(): Promise<this> {
    await this.live()
    this.say({ type: 'take_over' })
    await until(() => this.steers)
    return this
  }
}

const computer = (): ComputerPrincipal => ({
  kind: 'computer',
  id: box.id,
  name: 'box',
  displayName: 'box',
  credentialId: 'test',
  revoked: new AbortController().signal,
})

/** The agent is at work in a channel. @returns ends it */
async function working(target: string): Promise<() => Promise<void>> {
  const { deliveries } = await owner.call('POST /api/messages', { body: { target, content: '@clicker go' } })
  const runId = deliveries[0]?.runId ?? ''
  const report = async (state: 'running' | 'completed'): Promise<void> => {
    const update = { runId, state, leaseId: `lease_${runId}`, summary: '', resultMessage: '', result: {}, error: '' }
    expect((await server.services.runs.report(computer(), update)).accepted).toBe(true)
  }
  await report('running')
  return () => report('completed')
}

const audited = async (): Promise<string[]> => {
  const { items } = await owner.call('GET /api/audit', { query: { action: 'screen.*' } })
  return items.map((item) => `${item.actor.name} ${item.action}`).toReversed()
}

let people = 0
const somebody = (role: 'member' | 'viewer' | 'admin' = 'member'): Promise<Caller> =>
  server.as(role, `watcher-${people++}`)

const join = (who: Caller, target: string): Promise<unknown> =>
  owner.call('POST /api/channels/{target}/members', { params: { target }, body: { kind: 'human', memberId: who.id } })
const leave = (who: Caller, target: string): Promise<unknown> =>
  owner.call('DELETE /api/channels/{target}/members/{kind}/{memberId}', {
    params: { target, kind: 'human', memberId: who.id },
  })

describe('who may watch, and who may take over', () => {
  test('while the agent is at work in a private channel: who reads it, and who writes in it', async () => {
    const [inside, reader, outside] = [await somebody(), await somebody('viewer'), await somebody('admin')]
    await join(inside, '#den')
    await join(reader, '#den')
    const done = await working('#den')
    const watching = [await new Viewer(inside).live(), await new Viewer(reader).live()]
    expect(watching.map((viewer) => viewer.mayTakeOver)).toEqual([true, false])
    const shut = new Viewer(outside)
    await until(() => shut.code !== undefined)
    expect([shut.code, shut.news]).toEqual([4404, []])
    await done()
  })

  test('while it does nothing: who is in a channel with it, and everybody who looks after it', async () => {
    const [inside, admin, outside] = [await somebody(), await somebody('admin'), await somebody()]
    await join(inside, '#den')
    const watching = [await new Viewer(inside).live(), await new Viewer(admin).live()]
    expect(watching.map((viewer) => viewer.mayTakeOver)).toEqual([true, true])
    // Everybody is in #general, where the agent is too.
    await leave(outside, '#general')
    const shut = new Viewer(outside)
    await until(() => shut.code !== undefined)
    expect(shut.code).toBe(4404)
  })

  test('a token that may not administer watches and takes nothing over', async () => {
    const viewer = await new Viewer(await server.apiToken('read')).live()
    expect(viewer.mayTakeOver).toBe(false)
    viewer.say({ type: 'take_over' })
    await until(() => viewer.news.some((one) => one.type === 'refused' && one.code === 'not_allowed'))
    expect(screen.takenBy).toEqual([])
  })

  test.each([
    ['a guest', 401, () => ({})],
    ['an agent', 403, () => ({ authorization: `Bearer ${agent.token}` })],
    ['a computer', 403, () => ({ authorization: `Bearer ${box.token}` })],
    [
      'a page of another origin with a cookie',
      403,
      () => ({ cookie: `nekode_session=${owner.token}`, origin: 'https://evil.example' }),
    ],
  ])('%s is refused', async (_, status, headers) => {
    const response = await server.guest.fetch(`/api/agents/${agent.id}/screen`, {
      headers: {
        connection: 'upgrade',
        upgrade: 'websocket',
        'sec-websocket-version': '13',
        'sec-websocket-key': 'AAAAAAAAAAAAAAAAAAAAAA==',
        ...headers(),
      },
    })
    expect([response.status, ErrorBody.parse(await response.json()).code !== '']).toEqual([status, true])
  })

  test('the console’s own page with its cookie is let in, and what is no handshake is told so', async () => {
    await new Viewer(owner, agent.id, { cookie: `nekode_session=${owner.token}`, origin: server.url }).live()
    const plain = await owner.fetch(`/api/agents/${agent.id}/screen`)
    expect([plain.status, ErrorBody.parse(await plain.json()).code]).toEqual([400, 'websocket_only'])
    expect((await owner.fetch('/api/agents/agent_none/screen')).status).toBe(404)
  })

  test('an agent that turns to something private is hidden from who may not see it, and shown again after', async () => {
    const outside = await somebody()
    const viewer = await new Viewer(outside).takeOver()
    viewer.say({ type: 'view', width: 640, height: 360 })
    await until(() => viewer.pictures > 0)
    const done = await working('#den')
    await until(() => viewer.away === 'hidden')
    await until(() => screen.handedBack.length === 1)
    expect(screen.handedBack[0]?.[1]).toBe('lost')
    const shown = viewer.pictures
    screen.show(3)
    viewer.say({ type: 'text', text: 'x' })
    await Bun.sleep(1)
    expect([viewer.pictures, screen.sent, viewer.mayTakeOver]).toEqual([shown, [], false])
    await done()
    await until(() => viewer.away === undefined && viewer.mayTakeOver === true)
  })

  test('a login that ends closes the socket, and one who may no longer write steers no longer', async () => {
    const who = await somebody()
    await join(who, '#den')
    const done = await working('#den')
    const viewer = await new Viewer(who).takeOver()
    await owner.call('PATCH /api/channels/{target}/members/{kind}/{memberId}', {
      params: { target: '#den', kind: 'human', memberId: who.id },
      body: { role: 'viewer' },
    })
    await until(() => viewer.mayTakeOver === false && !viewer.steers)
    expect(viewer.news).toContainEqual({ type: 'handed_back', why: 'lost' })
    const { db, credentials } = server.core
    await db.tx((tx) => credentials.revoke(tx, { kind: 'session', ownerId: who.id }))
    await until(() => viewer.code !== undefined)
    expect(viewer.code).toBe(4401)
    await done()
  })

  test('who logs out while they steer is not waited for', async () => {
    const who = await somebody('admin')
    await new Viewer(who).takeOver()
    const { db, credentials } = server.core
    await db.tx((tx) => credentials.revoke(tx, { kind: 'session', ownerId: who.id }))
    await until(() => screen.handedBack.length === 1)
    expect(screen.handedBack[0]?.[1]).toBe('lost')
  })
})

describe('watching', () => {
  test('two people see the same screen, each at their own pace, and one of them steers', async () => {
    const [ana, ben] = [new Viewer(owner), new Viewer(await somebody('admin'))]
    for (const viewer of [ana, ben]) {
      await viewer.live()
      viewer.say({ type: 'view', width: 320, height: 180 })
      await until(() => viewer.pictures > 0)
    }
    expect(ana.state?.viewers).toBe(2)
    await ana.takeOver()
    ben.say({ type: 'take_over' })
    await until(() => ben.news.some((one) => one.type === 'refused' && one.code === 'somebody_steers'))
    ben.say({ type: 'text', text: 'not mine' })
    ana.say({ type: 'button', button: 'left', down: true, x: 10, y: 20 })
    ana.say({ type: 'button', button: 'left', down: false, x: 10, y: 20 })
    await until(() => screen.events('control/buttonup').length === 1)
    expect(screen.events('control/keydown')).toEqual([])
    expect(ben.state?.steering).toMatchObject({ by: 'person', you: false })
  })

  test('taking over and handing back are written down, with who did it', async () => {
    const before = (await audited()).length
    const viewer = await new Viewer(owner).takeOver()
    expect((await audited()).slice(before)).toEqual(['owner screen.take_over'])
    viewer.say({ type: 'hand_back' })
    await until(() => screen.handedBack.length === 1)
    for (const end = Date.now() + 5000; (await audited()).length < before + 2 && Date.now() < end;) await Bun.sleep(5)
    expect((await audited()).slice(before)).toEqual(['owner screen.take_over', 'owner screen.hand_back'])
    expect(screen.handedBack.map(([, why]) => why)).toEqual(['asked'])
  })

  test('a page that says that it hands back and is gone at once hands back at once', async () => {
    const viewer = await new Viewer(owner).takeOver()
    viewer.say({ type: 'hand_back' })
    viewer.socket.close()
    await until(() => screen.handedBack.length === 1)
    expect(screen.handedBack[0]?.[1]).toBe('asked')
  })

  test('a page that is gone without a word is waited for, and not for good', async () => {
    const viewer = await new Viewer(owner).takeOver()
    viewer.socket.close()
    await until(() => screen.handedBack.length === 1)
    expect(screen.handedBack[0]?.[1]).toBe('gone')
  })
})

describe('a computer', () => {
  test('that is away is told of, and what it shows comes when it is back', async () => {
    const viewer = await new Viewer(owner).takeOver()
    viewer.say({ type: 'view', width: 320, height: 180 })
    await until(() => viewer.pictures > 0)
    tunnel[Symbol.dispose]()
    await until(() => viewer.away === 'daemon_lost' || viewer.away === 'computer_offline')
    const { pictures } = viewer
    tunnel = await attach()
    await until(() => viewer.away === undefined && viewer.state?.phase === 'live')
    // What is shown, and how large, is not forgotten.
    await until(() => viewer.pictures > pictures)
  }, 20_000)

  test('with a daemon that is too old is told of', async () => {
    tunnel[Symbol.dispose]()
    await until(() => server.services.attachments.get(box.id) === undefined)
    tunnel = await attach('workspace')
    const viewer = new Viewer(owner)
    await until(() => viewer.away === 'daemon_outdated')
  })

  test('whose agent has no session says so, and why the last one ended', async () => {
    screens.offer(agent.id, screen)('It was closed.')
    const viewer = new Viewer(owner)
    await until(() => viewer.state?.phase === 'none')
    expect(viewer.state?.reason).toBe('It was closed.')
    screens.offer(agent.id, screen)
    await viewer.live()
  })

  test.each([
    ['no picture', new Uint8Array(100)],
    ['no report', '{"type":"state"}'],
    ['no JSON', 'hello'],
  ])('that sends %s is not passed on', async (_, content) => {
    const { packet } = await import('@shared/tunnel/packets')
    tunnel[Symbol.dispose]()
    await until(() => server.services.attachments.get(box.id) === undefined)
    tunnel = new FakeTunnel(
      server.url,
      box.token,
      box.id,
      async (exchange) => {
        exchange.respond(200, [])
        await exchange.write(packet(content))
      },
      'screen',
    )
    await tunnel.ready
    const viewer = new Viewer(owner)
    await until(() => viewer.away === 'daemon_lost')
    expect([viewer.pictures, viewer.state]).toEqual([0, undefined])
  })
})

describe('limits', () => {
  test.each([
    ['no JSON', 'hello'],
    ['an unknown wish', '{"type":"run","command":"rm"}'],
    ['a wish with more in it', '{"type":"hand_back","name":"x"}'],
    ['a point that is none', '{"type":"move","x":-1,"y":0}'],
    ['a text that is too long', JSON.stringify({ type: 'text', text: 'x'.repeat(1001) })],
    ['rights that it gives itself', '{"type":"rights","takeOver":true}'],
    ['a message that is too large', `"${'x'.repeat(SCREEN_LIMITS.wishBytes)}"`],
  ])('%s closes the socket', async (_, message) => {
    const viewer = await new Viewer(owner).live()
    viewer.socket.send(message)
    await until(() => viewer.code !== undefined)
    expect(viewer.code).toBe(1008)
  })

  test('binary messages of a viewer close the socket', async () => {
    const viewer = await new Viewer(owner).live()
    viewer.socket.send(new Uint8Array([1, 2, 3]))
    await until(() => viewer.code !== undefined)
    expect(viewer.code).toBe(1008)
  })

  test('more inputs than a person makes are refused, and the rest goes on', async () => {
    const viewer = await new Viewer(owner).takeOver()
    const { burst } = SCREENS.inputs
    for (let i = 0; i < 3 * burst; i++) viewer.say({ type: 'move', x: i, y: 1 })
    await until(() => viewer.news.some((one) => one.type === 'refused' && one.code === 'too_fast'))
    viewer.say({ type: 'view', width: 320, height: 180 })
    await until(() => viewer.pictures > 0)
    expect(screen.events('control/move').length).toBeLessThan(2.5 * burst)
    expect(viewer.code).toBeUndefined()
  })

  test('more viewers than there may be are told so', async () => {
    const all = Array.from({ length: SCREENS.viewers }, () => new Viewer(owner))
    await until(() => all.every((viewer) => viewer.state !== undefined))
    const more = new Viewer(owner)
    await until(() => more.code !== undefined)
    expect(more.code).toBe(4429)
  })
})
