import { afterEach, beforeEach, describe, expect, test } from 'bun:test'
import { type ScreenReport, type ScreenState, decodePicture } from '@shared/contract/screens'
import { NekodeError } from '@shared/errors'
import { createLogger } from '@shared/log'
import { ScriptedScreen } from '../../../test/fixtures/livescreen'
import { LiveScreens } from './live'
import { Stage, type Visit, type Visitor } from './stage'

const log = createLogger({ level: 'error', write: () => undefined })
const AGENT = 'agent_1'

let screens: LiveScreens
let screen: ScriptedScreen
let end: (reason?: string) => void
let stage: Stage
beforeEach(() => {
  screens = new LiveScreens()
  screen = new ScriptedScreen()
  end = screens.offer(AGENT, screen)
  stage = new Stage({ agentId: AGENT, screens, log, graceMs: 30, idleMs: 60_000 })
})
afterEach(() => stage.close())

/** Somebody who looks, and what they were told and shown. */
class Person implements Visitor {
  readonly reports: ScreenReport[] = []
  readonly pictures: { number: number; width: number; bytes: number }[] = []
  /** Acknowledges each picture at once. */
  quick = true
  visit: Visit

  constructor(
    readonly userId: string,
    public mayTakeOver = true,
    at: Stage = stage,
  ) {
    this.visit = at.join(this)
  }

  get name(): string {
    return `Name of ${this.userId}`
  }

  report(report: ScreenReport): void {
    this.reports.push(report)
  }

  picture(bytes: Uint8Array<ArrayBuffer>): void {
    const picture = decodePicture(bytes)
    if (!picture) throw new Error('this is no picture')
    this.pictures.push({ number: picture.number, width: picture.width, bytes: picture.jpeg.length })
    if (this.quick) this.ack()
  }

  ack(): void {
    this.visit.wish({ type: 'ack', picture: this.pictures.at(-1)?.number ?? 0 })
  }

  look(width = 640, height = 360): this {
    this.visit.wish({ type: 'view', width, height })
    return this
  }

  get state(): ScreenState {
    const state = this.reports.findLast((report) => report.type === 'state')
    if (state?.type !== 'state') throw new Error('nothing was said')
    return state
  }

  get refused(): string[] {
    return this.reports.flatMap((report) => (report.type === 'refused' ? [report.code] : []))
  }

  get steers(): boolean {
    const { steering } = this.state
    return steering.by === 'person' && steering.you && steering.phase === 'steering'
  }
}

async function until(done: () => boolean, ms = 5000): Promise<void> {
  for (const over = Date.now() + ms; !done(); await Bun.sleep(2))
    if (Date.now() > over) throw new Error('it did not happen')
}

async function steering(userId: string): Promise<Person> {
  const person = new Person(userId)
  person.visit.wish({ type: 'take_over' })
  await until(() => person.steers)
  return person
}

describe('pictures', () => {
  test('are not asked for while nobody looks', async () => {
    const ana = new Person('ana')
    await Bun.sleep(1)
    expect(screen.asked).toBe(0)
    ana.look()
    await until(() => ana.pictures.length === 1)
    expect(ana.pictures[0]).toMatchObject({ number: 1, width: 1280 })
  })

  test('wait for the last one to be acknowledged, and the next is what is there then', async () => {
    const ana = new Person('ana')
    ana.quick = false
    ana.look()
    await until(() => ana.pictures.length === 1)
    const asked = screen.asked
    for (let shade = 1; shade < 6; shade++) screen.show(shade)
    expect([screen.asked, ana.pictures.length]).toEqual([asked, 1])
    ana.ack()
    await until(() => ana.pictures.length === 2)
    expect(ana.pictures[1]?.number).toBe(2)
  })

  test('an acknowledgement of another picture counts for nothing', async () => {
    const ana = new Person('ana')
    ana.quick = false
    ana.look()
    await until(() => ana.pictures.length === 1)
    ana.visit.wish({ type: 'ack', picture: 99 })
    screen.show(1)
    ana.ack()
    await until(() => ana.pictures.length === 2)
    expect(ana.pictures.map(({ number }) => number)).toEqual([1, 2])
  })

  test('of a slow viewer hold up nobody else', async () => {
    const [slow, quick] = [new Person('slow'), new Person('quick')]
    slow.quick = false
    slow.look()
    quick.look()
    await until(() => slow.pictures.length === 1 && quick.pictures.length >= 1)
    for (let shade = 1; shade < 4; shade++) {
      const before = quick.pictures.length
      screen.show(shade)
      await until(() => quick.pictures.length > before)
    }
    expect(slow.pictures.length).toBe(1)
  })

  test('are for one who comes later too, though the screen stays as it is', async () => {
    const ana = new Person('ana').look()
    await until(() => ana.pictures.length >= 1)
    const ben = new Person('ben').look(1280, 720)
    await until(() => ben.pictures.length >= 1)
  })

  test('are no larger than they are shown', async () => {
    const [small, large] = [new Person('small').look(160, 90), new Person('large').look(1280, 720)]
    await until(() => small.pictures.length >= 1 && large.pictures.length >= 1)
    expect(small.pictures[0]?.bytes ?? 0).toBeLessThan((large.pictures[0]?.bytes ?? 0) / 2)
  })
})

describe('taking over', () => {
  test('waits until the agent does nothing more, and hands and screen are then the person’s', async () => {
    const free = Promise.withResolvers<void>()
    screen.busy = free.promise
    const ana = new Person('ana')
    ana.visit.wish({ type: 'take_over' })
    expect(ana.state.steering).toMatchObject({ by: 'person', you: true, phase: 'taking' })
    ana.visit.wish({ type: 'move', x: 5, y: 6 })
    expect(screen.sent).toEqual([])
    free.resolve()
    await until(() => ana.steers)
    ana.visit.wish({ type: 'move', x: 5, y: 60_00 })
    await until(() => screen.sent.length > 0)
    expect([screen.takenBy, screen.events('control/move')]).toEqual([['Name of ana'], [{ x: 5, y: 719 }]])
    expect(ana.state.task).toBe('paused')
  })

  test('is for one at a time, and input of anybody else does nothing', async () => {
    const ana = await steering('ana')
    const ben = new Person('ben')
    ben.visit.wish({ type: 'take_over' })
    ben.visit.wish({ type: 'text', text: 'x' })
    ben.visit.wish({ type: 'hand_back' })
    expect([ben.refused, screen.sent, ana.steers]).toEqual([['somebody_steers'], [], true])
    expect(ben.state.steering).toMatchObject({ by: 'person', name: 'Name of ana', you: false, elsewhere: false })
  })

  test('is refused to who may only watch, and ends for who may no longer', async () => {
    const cleo = new Person('cleo', false)
    cleo.visit.wish({ type: 'take_over' })
    expect(cleo.refused).toEqual(['not_allowed'])
    const ana = await steering('ana')
    ana.visit.rights(false)
    expect([screen.handedBack, ana.reports.at(-2)]).toEqual([
      [['Name of ana', 'lost']],
      { type: 'handed_back', why: 'lost' },
    ])
  })

  test('that the desktop refuses gives the screen back to the agent and says why', async () => {
    screen.refusal = new NekodeError('forbidden', 'Controls are locked.')
    const ana = new Person('ana')
    ana.visit.wish({ type: 'take_over' })
    await until(() => ana.refused.length > 0)
    expect(ana.reports.at(-1)).toEqual({ type: 'refused', code: 'desktop_refused', message: 'Controls are locked.' })
    expect([screen.handedBack.length, ana.state.task]).toEqual([1, 'running'])
  })

  test('lets go of what is held when the person hands back', async () => {
    const ana = await steering('ana')
    ana.visit.wish({ type: 'button', button: 'left', down: true, x: 1, y: 2 })
    ana.visit.wish({ type: 'key', key: 'Shift', code: 'ShiftLeft', down: true })
    await until(() => screen.events('control/keydown').length > 0)
    ana.visit.wish({ type: 'hand_back' })
    expect(screen.events('control/keyup')).toEqual([{ keysym: 0xffe1 }])
    expect(screen.events('control/buttonup')).toEqual([{ code: 1 }])
    expect(screen.handedBack).toEqual([['Name of ana', 'asked']])
    expect(ana.state).toMatchObject({ task: 'running', steering: { by: 'agent' } })
  })
})

describe('somebody whose connection is gone', () => {
  test('is waited for, and goes on when they come back in time', async () => {
    stage.close()
    stage = new Stage({ agentId: AGENT, screens, log, graceMs: 60_000, idleMs: 60_000 })
    const ben = new Person('ben')
    const ana = await steering('ana')
    ana.visit.wish({ type: 'button', button: 'left', down: true, x: 1, y: 2 })
    await until(() => screen.events('control/buttondown').length > 0)
    ana.visit.leave()
    await until(() => screen.events('control/buttonup').length === 1)
    expect(ben.state.steering).toMatchObject({ by: 'person', name: 'Name of ana', phase: 'away' })
    expect(stage.isEmpty).toBe(false)
    const again = new Person('ana')
    expect(again.state.steering).toMatchObject({ you: false, elsewhere: true })
    again.visit.wish({ type: 'take_over' })
    expect([again.steers, screen.takenBy.length, screen.handedBack.length]).toEqual([true, 1, 0])
  })

  test('does not keep the agent waiting for good', async () => {
    const ana = await steering('ana')
    ana.visit.leave()
    await until(() => screen.handedBack.length === 1)
    expect([screen.handedBack, stage.isEmpty]).toEqual([[['Name of ana', 'gone']], true])
  })
})

test('somebody who does nothing for long hands back', async () => {
  stage.close()
  stage = new Stage({ agentId: AGENT, screens, log, graceMs: 10, idleMs: 20 })
  const ana = await steering('ana')
  await until(() => screen.handedBack.length === 1)
  expect(screen.handedBack).toEqual([['Name of ana', 'idle']])
  expect(ana.reports).toContainEqual({ type: 'handed_back', why: 'idle' })
})

test('who steers at one page goes on at another of theirs', async () => {
  const first = await steering('ana')
  const second = new Person('ana')
  second.visit.wish({ type: 'take_over' })
  expect([second.steers, first.reports.some((report) => report.type === 'handed_back')]).toEqual([true, true])
  first.visit.wish({ type: 'text', text: 'x' })
  expect(screen.sent).toEqual([])
})

describe('an agent’s session', () => {
  test('that ends says why to all, and ends steering', async () => {
    const ana = await steering('ana')
    end('The desktop was turned off.')
    expect(ana.reports).toContainEqual({ type: 'handed_back', why: 'ended' })
    expect(ana.state).toMatchObject({ phase: 'none', reason: 'The desktop was turned off.', width: 0 })
    ana.visit.wish({ type: 'take_over' })
    expect(ana.refused).toEqual(['no_session'])
  })

  test('that begins is shown to those who wait for it', async () => {
    end()
    const ana = new Person('ana').look()
    expect(ana.state.phase).toBe('none')
    screen = new ScriptedScreen()
    screen.size = { width: 800, height: 600 }
    screens.offer(AGENT, screen)
    await until(() => ana.pictures.length === 1)
    expect([ana.pictures[0]?.width, ana.state.phase]).toEqual([800, 'live'])
  })

  test('whose desktop is away says so, and input is refused with the reason', async () => {
    const ana = await steering('ana')
    screen.change({ connected: false })
    expect(ana.state.connected).toBe(false)
    ana.visit.wish({ type: 'text', text: 'x' })
    await until(() => ana.refused.length > 0)
    expect(ana.refused).toEqual(['not_typed'])
  })

  test('that somebody takes at the desktop itself is theirs', async () => {
    const ana = await steering('ana')
    screen.change({ isHost: false, hostId: 'somebody' })
    expect(ana.reports).toContainEqual({ type: 'handed_back', why: 'taken' })
    expect(ana.state.steering).toEqual({ by: 'other' })
  })
})
