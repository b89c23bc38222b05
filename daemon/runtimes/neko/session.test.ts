import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'bun:test'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { checkStream, Probe } from '../../../test/agents/contract'
import { FakeNeko } from '../../../test/fixtures/neko'
import { PaintedForm } from '../../../test/fixtures/painted'
import { NAME } from '../../../test/neko/pages'
import { startVision, TASKS, type Vision } from '../../../test/neko/vision'
import { createLogger } from '@shared/log'
import { type LiveScreen, LiveScreens } from '../../neko/viewer/live'
import { Stage } from '../../neko/viewer/stage'
import { createDriver, type StartOptions } from '..'

const root = mkdtempSync(join(tmpdir(), 'nekode-session-'))
afterAll(() => rmSync(root, { recursive: true, force: true }))

let neko: FakeNeko
let form: PaintedForm
let vision: Vision
let probe: Probe
let live: LiveScreen | undefined
let over: string | undefined
let number = 0

beforeAll(() => (vision = startVision()))
afterAll(() => vision.stop())

beforeEach(() => {
  neko = FakeNeko.start()
  form = new PaintedForm(neko, NAME)
  vision.decide = undefined
  live = undefined
  over = undefined
  probe = make()
  probe.decide = () => ({ allow: true })
})

afterEach(async () => {
  await probe.driver.stop()
  await neko.kill()
  checkStream(probe.events)
})

function make(options: Partial<StartOptions> = {}): Probe {
  const folder = join(root, `${++number}`)
  mkdirSync(join(folder, 'work'), { recursive: true })
  const driver = createDriver('neko', {
    neko: { patience: { changeMs: 60, slightMs: 20, settleMs: 400, lookMs: 10 } },
    offerScreen: (screen) => {
      live = screen
      return (why) => (over = why)
    },
  })
  const env = {
    NEKO_URL: neko.url,
    NEKO_USER: 'agent',
    NEKO_PASS: 'neko',
    NEKO_FRAMES: 'screenshot',
    REFINEMENT_STEPS: '1',
    NEKODE_MODEL_BASE_URL: `${vision.url}/v1`,
    NEKODE_MODEL: 'showlab/ShowUI-2B',
  }
  return new Probe(driver, {
    cwd: join(folder, 'work'),
    env,
    prompt: '',
    stateDir: join(folder, 'state'),
    mcp: [],
    ...options,
  })
}

const said = (text: string) => `<run_context>\nrun_id=1\n</run_context>\n\n[#general] @ada: @desk ${text}`

describe('a turn', () => {
  test('is a task on what can be seen, whose actions are steps with pictures', async () => {
    await probe.start()
    expect(probe.of('ready')[0]?.model).toContain('ShowUI')
    const { end } = await probe.turn(said(TASKS.form))
    expect(end).toMatchObject({ reason: 'completed', text: 'It is done.' })
    expect(form.state).toBe('done')
    expect(probe.of('tool.start').map(({ name, kind }) => [name, kind])).toEqual([
      ['open_desktop', 'think'],
      ['input', 'other'],
      ['click', 'other'],
    ])
    expect(probe.of('tool.start')[1]?.title).toStartWith(`Type “${NAME}” at `)
    const [, first] = probe.of('tool.end')
    expect(first?.status).toBe('completed')
    expect(first?.output).toContain('The screen changed.')
    const path = /Picture: (.+)$/.exec(first!.output)?.[1]
    const jpeg = readFileSync(join(probe.options.cwd, path!))
    expect((await new Bun.Image(jpeg).metadata()).width).toBe(800)
    expect(probe.of('usage').length).toBeGreaterThan(1)
  }, 30_000)

  test('asks once whether the desktop may be used, and once more in the next', async () => {
    await probe.start()
    await probe.turn(said(TASKS.form))
    expect(probe.of('permission')).toMatchObject([{ name: 'use_desktop', kind: 'other', canRemember: true }])
    form.state = 'button'
    await probe.turn(said(TASKS.form))
    expect(probe.of('permission')).toHaveLength(2)
    probe.decide = () => ({ allow: true, remember: true })
    form.state = 'button'
    await probe.turn(said(TASKS.form))
    form.state = 'button'
    await probe.turn(said(TASKS.form))
    expect(probe.of('permission')).toHaveLength(3)
  }, 30_000)

  test('does nothing on the desktop when it is denied, and fails for that', async () => {
    await probe.start()
    probe.decide = () => ({ allow: false, message: 'not today' })
    const { end } = await probe.turn(said(TASKS.form))
    expect(end).toMatchObject({ reason: 'failed', failure: { reason: 'permission_denied' } })
    expect(end.failure?.message).toContain('not today')
    expect(neko.got('control/buttonpress')).toHaveLength(0)
    expect(probe.of('tool.end').at(-1)?.status).toBe('denied')
  }, 30_000)

  test('is interrupted, lets go of the control, and the next one works', async () => {
    await probe.start()
    vision.decide = () => ({ action: 'WAIT', value: '60' })
    await probe.driver.send(said('wait'))
    await probe.until('tool.start', 0, ({ name }) => name === 'wait')
    await probe.driver.interrupt()
    expect(probe.of('turn.end')).toMatchObject([{ reason: 'interrupted' }])
    await neko.until(() => neko.hostId === null)
    vision.decide = undefined
    expect((await probe.turn(said(TASKS.form))).end.reason).toBe('completed')
  }, 30_000)

  test('is interrupted while it waits for a permission, which is withdrawn', async () => {
    probe.decide = undefined
    await probe.start()
    await probe.driver.send(said(TASKS.form))
    const asked = await probe.until('permission')
    await probe.driver.interrupt()
    expect(probe.of('permission.cancel').map(({ requestId }) => requestId)).toEqual([asked.requestId])
    expect(neko.got('control/buttonpress')).toHaveLength(0)
  }, 30_000)

  test('hears what is said during it at its next step', async () => {
    await probe.start()
    const texts: string[] = []
    const begun = Promise.withResolvers<void>()
    const said2 = Promise.withResolvers<void>()
    vision.decide = (_sight, { items }) => {
      texts.push(items.map(({ text }) => text).join('\n'))
      begun.resolve()
      return texts.length < 3 ? { action: 'WAIT', value: '0.2' } : { action: 'ANSWER', value: 'heard' }
    }
    await probe.driver.send(said('wait for a word'))
    await begun.promise
    expect(await probe.driver.send(said('RATHER-BLUE'))).toBe('steered')
    said2.resolve()
    await probe.until('turn.end')
    expect(texts.join()).toContain('RATHER-BLUE')
    expect(texts.join()).not.toContain('run_context')
  }, 30_000)
})

describe('a question of the model', () => {
  test('ends the turn, and the next message goes on with the task, also after a restart', async () => {
    await probe.start()
    vision.decide = () => ({ action: 'ASK', value: 'Which name?' })
    const first = await probe.turn(said(TASKS.form))
    expect(first.end).toMatchObject({ reason: 'completed', text: 'Which name?' })
    const sessionId = probe.driver.sessionId!
    await probe.driver.stop()
    checkStream(probe.events)
    probe = make({ resume: sessionId, stateDir: probe.options.stateDir })
    probe.decide = () => ({ allow: true })
    await probe.start()
    const texts: string[] = []
    vision.decide = (_sight, { items }) => void texts.push(items.map(({ text }) => text).join('\n'))
    const second = await probe.turn(said('the usual one'))
    expect(second.end).toMatchObject({ reason: 'completed', text: 'It is done.' })
    expect(texts[0]).toContain(TASKS.form)
    expect(texts[0]).toContain('the usual one')
  }, 30_000)
})

describe('a failure', () => {
  test('names the desktop that is not there', async () => {
    await neko.kill()
    await probe.start()
    const { end } = await probe.turn(said(TASKS.form))
    expect(end).toMatchObject({ reason: 'failed', failure: { reason: 'desktop_unavailable' } })
  }, 30_000)

  test('names a limit of steps, and the word to go on goes on', async () => {
    await probe.start()
    vision.decide = () => ({ action: 'WAIT', value: '0' })
    const env = { ...probe.options.env, NEKO_MAX_STEPS: '2' }
    await probe.driver.stop()
    probe = make({ env })
    probe.decide = () => ({ allow: true })
    await probe.start()
    const { end } = await probe.turn(said(TASKS.form))
    expect(end).toMatchObject({ reason: 'limit', failure: { reason: 'turn_limit' } })
    vision.decide = undefined
    expect((await probe.turn(said('continue'))).end.reason).toBe('limit')
    expect((await probe.turn(said('go on'))).end).toMatchObject({ reason: 'completed', text: 'It is done.' })
  }, 30_000)

  test('names settings that are wrong before anything starts', async () => {
    const bad = make({ env: { ...probe.options.env, NEKO_MODE: 'tv' } })
    await expect(bad.start()).rejects.toMatchObject({ failure: { message: expect.stringContaining('NEKO_MODE') } })
  })

  test('refuses a session that does not exist', async () => {
    for (const resume of ['nothing', '../../etc/passwd'])
      await expect(make({ resume }).start()).rejects.toMatchObject({ failure: { reason: 'session_lost' } })
  })

  test('keeps no picture where a link leads out of the workspace, and works on', async () => {
    const outside = join(root, 'outside')
    mkdirSync(outside)
    symlinkSync(outside, join(probe.options.cwd, 'neko'))
    await probe.start()
    expect((await probe.turn(said(TASKS.form))).end.reason).toBe('completed')
    expect(probe.of('tool.end').some(({ output }) => output.includes('Picture:'))).toBe(false)
  }, 30_000)
})

test('people may watch the screen and take it over, and are told when it is over', async () => {
  await probe.start()
  const taken = Promise.withResolvers<void>()
  vision.decide = () => {
    void live!.task.takeOver('ada').then(taken.resolve)
    vision.decide = undefined
    return { action: 'WAIT', value: '1' }
  }
  await probe.driver.send(said(TASKS.form))
  await taken.promise
  expect(live!.task.state).toBe('paused')
  expect((await live!.frames.next()).width).toBe(800)
  form.state = 'button'
  live!.task.handBack('ada', 'asked')
  expect((await probe.until('turn.end')).reason).toBe('completed')
  expect(neko.got('control/keypress')).toHaveLength(0)
  await probe.driver.stop()
  expect(over).toContain('sleep')
}, 30_000)

test('a person who watches steers by way of the session, and the agent goes on after them on what is there then', async () => {
  await probe.start()
  const screens = new LiveScreens()
  const steering = Promise.withResolvers<void>()
  const stage = new Stage({ agentId: 'desk', screens, log: createLogger({ write: () => undefined }) })
  const visit = stage.join({
    userId: 'ada',
    name: 'ada',
    mayTakeOver: true,
    picture: () => undefined,
    report(report) {
      if (report.type !== 'state' || report.steering.by !== 'person') return
      if (report.steering.phase === 'steering') steering.resolve()
    },
  })
  vision.decide = () => {
    vision.decide = undefined
    screens.offer('desk', live!)
    visit.wish({ type: 'take_over' })
    return { action: 'CLICK', position: [0.01, 0.01] }
  }
  await probe.driver.send(said(TASKS.form))
  await steering.promise
  visit.wish({ type: 'button', button: 'left', down: true, x: 700, y: 40 })
  visit.wish({ type: 'button', button: 'left', down: false, x: 700, y: 40 })
  await neko.next('control/buttonup')
  expect(neko.got('control/buttonpress')).toHaveLength(0)
  expect(neko.received.find(({ event }) => event === 'control/buttondown')?.session).toBe(neko.hostId!)
  visit.wish({ type: 'hand_back' })
  expect((await probe.until('turn.end')).reason).toBe('completed')
  expect(form.state).toBe('done')
  stage.close()
}, 30_000)
