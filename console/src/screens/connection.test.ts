import { afterEach, beforeEach, expect, test } from 'bun:test'
import { type ScreenNews, type ScreenState, type ScreenWish, encodePicture } from '@shared/contract/screens'
import { ScreenConnection } from './connection'
import { cannotTakeOver, obstacle, remark, situation, whoSteers } from './status'

/** The server's end, as far as a page sees it. */
class FakeSocket extends EventTarget {
  readyState: number = WebSocket.CONNECTING
  binaryType = 'blob'
  readonly sent: ScreenWish[] = []

  constructor(readonly path: string) {
    super()
    sockets.push(this)
  }

  send(text: string): void {
    this.sent.push(JSON.parse(text))
  }

  open(): this {
    this.readyState = WebSocket.OPEN
    this.dispatchEvent(new Event('open'))
    return this
  }

  say(news: ScreenNews): void {
    this.dispatchEvent(Object.assign(new Event('message'), { data: JSON.stringify(news) }))
  }

  show(number: number): void {
    const jpeg = new Uint8Array([0xff, 0xd8, 0xff, 0xd9])
    const { buffer: data } = encodePicture({ number, width: 1280, height: 720, at: 1, jpeg })
    this.dispatchEvent(Object.assign(new Event('message'), { data }))
  }

  close(code = 1000): void {
    this.readyState = WebSocket.CLOSED
    this.dispatchEvent(Object.assign(new Event('close'), { code }))
  }
}

const state = (more: Partial<ScreenState> = {}): ScreenState => ({
  type: 'state',
  phase: 'live',
  reason: '',
  width: 1280,
  height: 720,
  connected: true,
  task: 'running',
  steering: { by: 'agent' },
  viewers: 1,
  ...more,
})
const person = (more: object = {}): ScreenState =>
  state({
    task: 'paused',
    steering: { by: 'person', name: 'Ana', you: true, elsewhere: false, phase: 'steering', ...more },
  })

let sockets: FakeSocket[] = []
let shown: number[] = []
let told: string[] = []
let screen: ScreenConnection
let drawn: Promise<void>
beforeEach(() => {
  sockets = []
  shown = []
  told = []
  drawn = Promise.resolve()
  screen = new ScreenConnection({
    agentId: 'agent_1',
    show: async (picture) => {
      await drawn
      shown.push(picture.number)
    },
    told: (news) => told.push(news.type),
    // Enough of one for whoever uses it here.
    connect: (path) => new FakeSocket(path) as unknown as WebSocket,
  })
})
afterEach(() => screen.close())

const socket = (): FakeSocket => sockets.at(-1)!
async function until(done: () => boolean): Promise<void> {
  for (const end = Date.now() + 5000; !done(); await Bun.sleep(2))
    if (Date.now() > end) throw new Error('it did not happen')
}

test('a picture is acknowledged when it is on the screen and not before', async () => {
  const { promise, resolve } = Promise.withResolvers<void>()
  drawn = promise
  socket().open().show(3)
  expect(socket().sent).toEqual([])
  resolve()
  await until(() => socket().sent.length === 1)
  expect([socket().sent, shown, socket().path]).toEqual([
    [{ type: 'ack', picture: 3 }],
    [3],
    '/api/agents/agent_1/screen',
  ])
})

test('the size is told when it changes, and to each new connection', async () => {
  screen.view(100, 50)
  socket().open()
  screen.view(100, 50)
  screen.view(0, 0)
  screen.view(200, 100)
  expect(socket().sent.map((wish) => wish.type === 'view' && wish.width)).toEqual([100, 0, 200])
  socket().close(1006)
  await until(() => sockets.length === 2)
  expect(socket().open().sent).toEqual([{ type: 'view', width: 200, height: 100 }])
})

test('a connection that is lost comes back, and who steered goes on where they are waited for', async () => {
  socket().open().say(person())
  expect(screen.steers()).toBe(true)
  socket().close(1001)
  expect([screen.steers(), situation(screen, false).word, obstacle(screen, false)?.offer]).toEqual([
    false,
    'Reconnecting',
    'again',
  ])
  await until(() => sockets.length === 2)
  socket()
    .open()
    .say(person({ you: false, elsewhere: true, phase: 'away' }))
  expect(socket().sent).toEqual([{ type: 'take_over' }])
})

test('who handed back, or was away for too long, does not take over by coming back', async () => {
  socket().open().say(person())
  screen.say({ type: 'hand_back' })
  socket().say({ type: 'handed_back', why: 'asked' })
  socket().close(1006)
  await until(() => sockets.length === 2)
  socket()
    .open()
    .say(person({ you: false, elsewhere: true, phase: 'away' }))
  expect([socket().sent, told]).toEqual([[], ['handed_back']])
})

test.each([
  [4401, 'Your login has ended', 'reload'],
  [4404, 'You may not see this screen now', 'again'],
  [4429, 'As many people watch this screen as may', 'again'],
  [1008, 'This page is older than the server', 'reload'],
] as const)('closed with %d: it is not tried again by itself, and it says “%s”', async (code, title, offer) => {
  socket().open().close(code)
  await Bun.sleep(5)
  expect([sockets.length, obstacle(screen, false)?.title, obstacle(screen, false)?.offer]).toEqual([1, title, offer])
  screen.retry()
  expect([sockets.length, screen.ended()]).toEqual([2, undefined])
})

test('a page that is left hands back', () => {
  const last = socket().open()
  last.say(person())
  screen.close()
  expect(last.sent).toEqual([{ type: 'hand_back' }])
})

test('what a newer server says besides is passed over', () => {
  socket().open()
  socket().dispatchEvent(Object.assign(new Event('message'), { data: '{"type":"weather"}' }))
  socket().dispatchEvent(Object.assign(new Event('message'), { data: new ArrayBuffer(3) }))
  socket().say(state())
  expect([screen.state()?.phase, shown]).toEqual(['live', []])
})

test('each state has its word, and a sentence for who steers', () => {
  const seen = (news: ScreenNews): string[] => {
    socket().say(news)
    return [situation(screen, false).word, obstacle(screen, false)?.title ?? whoSteers(screen)]
  }
  socket().open()
  expect(situation(screen, false).word).toBe('Connecting')
  expect(seen(state())).toEqual(['Live', 'The agent steers.'])
  expect(seen(state({ task: 'idle' }))).toEqual(['Live', 'Nobody steers.'])
  expect(seen(state({ steering: { by: 'other' } }))[1]).toBe('Somebody at the remote desktop itself steers.')
  expect(seen(person())).toEqual(['You steer', 'You steer, and the agent waits.'])
  expect(seen(person({ phase: 'taking' }))[1]).toBe('The agent finishes what it is doing…')
  expect(seen(person({ you: false }))).toEqual(['Paused', 'Ana steers, and the agent waits.'])
  expect(cannotTakeOver(screen)).toBe('Ana steers now. Ask them to hand back.')
  expect(seen(person({ you: false, phase: 'away' }))[1]).toContain('Ana lost the connection.')
  expect(seen(state({ connected: false }))).toEqual(['Not there', 'The remote desktop is not there'])
  expect(seen(state({ phase: 'none', reason: 'Off.' }))).toEqual(['Not there', 'The agent has no screen open now'])
  expect(obstacle(screen, false)?.text).toContain('The last session ended: Off.')
  expect(seen({ type: 'away', code: 'hidden' })[1]).toBe('The agent works on something that is not for you to see')
  expect(seen({ type: 'away', code: 'computer_offline' })[1]).toBe('The agent’s computer is not connected')
  expect(seen(state())).toEqual(['Live', 'The agent steers.'])
  socket().say({ type: 'access', takeOver: false, runId: null })
  expect(cannotTakeOver(screen)).toContain('You may watch.')
  expect([situation(screen, true).word, obstacle(screen, true)?.offer]).toEqual(['Ended', 'agent'])
})

test('what is said once says what happened, and nothing is said of what one did oneself', () => {
  const said = (['asked', 'gone', 'idle', 'lost', 'taken', 'elsewhere', 'ended'] as const).map(
    (why) => remark({ type: 'handed_back', why })?.next ?? remark({ type: 'handed_back', why })?.text,
  )
  expect(said).toEqual([
    undefined,
    'Your connection was gone for too long.',
    'Nothing was typed or clicked for a long time. Take over again if you need to.',
    'You may not steer any more.',
    'Somebody at the remote desktop itself took over.',
    'You steer in another window now',
    'The agent’s session has ended',
  ])
  expect(remark({ type: 'refused', code: 'desktop_refused', message: 'Controls are locked.' })).toEqual({
    tone: 'bad',
    text: 'The screen could not be taken over',
    next: 'Controls are locked.',
  })
  expect(remark({ type: 'refused', code: 'no_session', message: 'whatever' })?.next).toBe(
    'The agent has no screen open now',
  )
})
