import { describe, expect, test } from 'bun:test'
import { RuntimeFailure } from '../../runtimes/failure'
import type { Action } from '../agent/actions'
import type { Picture } from '../frames/picture'
import type { FrameSource } from '../frames/source'
import { click, Desk, testSettings } from '../../../test/fixtures/desk'

const answer = (value = 'it is blue'): Action[] => [{ action: 'ANSWER', value }]

describe('a task', () => {
  test('looks, acts, sees what came of it, and ends with the answer', async () => {
    await using desk = await Desk.open([[click(0.25, 0.5)], answer()])
    const outcome = await desk.task.run('click it')
    expect(outcome).toMatchObject({ reason: 'answered', answer: 'it is blue', steps: 2 })
    expect(desk.neko.got('control/buttonpress')[0]?.payload).toMatchObject({ code: 1, x: 80, y: 90 })
    expect(desk.of('acted')[0]).toMatchObject({ as: 'done', result: 'The screen changed.' })
    expect(desk.vision.asked[1]?.history[0]).toMatchObject({ number: 1, result: 'The screen changed.' })
    await desk.neko.until(() => desk.said.length === 3)
    expect(desk.said).toEqual([
      'Action: {"action":"CLICK","value":null,"position":[0.25,0.5]}',
      'Action: {"action":"ANSWER","value":"it is blue","position":null}',
      'Answer: it is blue',
    ])
    const order = desk.neko.received.map(({ event }) => event)
    expect(order.indexOf('chat/message')).toBeLessThan(order.indexOf('control/buttonpress'))
  })

  test('asks for the control at its start, and lets go of it at its end', async () => {
    await using desk = await Desk.open([answer()])
    await desk.task.run('look')
    await desk.neko.until(() => desk.neko.hostId === null)
    expect(desk.neko.got('control/request')).toHaveLength(1)
    expect(desk.neko.got('control/release')).toHaveLength(1)
  })

  test('tells the model what changed nothing, and ends as stuck when it goes on so', async () => {
    await using desk = await Desk.open([[click()]])
    desk.onPress = () => undefined
    const outcome = await desk.task.run('click')
    expect(outcome).toMatchObject({ reason: 'stuck', steps: 4 })
    const results = desk.vision.asked.at(-1)?.history.map(({ result }) => result)
    expect(results?.[0]).toContain('Nothing changed on the screen.')
    expect(results?.[1]).toContain('done 2 times')
  })

  test('ends at its limit of steps', async () => {
    await using desk = await Desk.open([[click()]], { settings: testSettings({ maxSteps: 3 }) })
    expect(await desk.task.run('go on for ever')).toMatchObject({ reason: 'step_limit', steps: 3 })
    expect(desk.neko.got('control/buttonpress')).toHaveLength(3)
  })

  test('ends at its limit of time, also in the middle of a call of the model', async () => {
    await using desk = await Desk.open([], { settings: testSettings({ timeLimitSeconds: 0.2 }) })
    desk.vision.next = ({ signal }) =>
      new Promise((_resolve, reject) => signal.addEventListener('abort', () => reject(signal.reason)))
    expect(await desk.task.run('hang')).toMatchObject({ reason: 'time_limit' })
  })

  test('is stopped by its signal, and by a word', async () => {
    await using desk = await Desk.open([[{ action: 'WAIT', seconds: 60 }]])
    const stop = new AbortController()
    const first = desk.task.run('wait', { signal: stop.signal })
    await desk.until('action')
    stop.abort()
    expect(await first).toMatchObject({ reason: 'stopped' })
    const second = desk.task.run('wait')
    await desk.until('action', 2)
    desk.task.stop('ada said so.')
    expect(await second).toMatchObject({ reason: 'stopped', message: 'ada said so.' })
  })

  test('does several actions of one reply, and no more than it should', async () => {
    await using desk = await Desk.open([
      [{ action: 'INPUT', value: 'hi', position: { x: 0.5, y: 0.5 } }, { action: 'ENTER' }],
      answer(),
    ])
    expect((await desk.task.run('type')).reason).toBe('answered')
    expect(desk.neko.got('control/keypress').map(({ payload }) => Object(payload).keysym)).toEqual([0x68, 0x69, 0xff0d])
  })

  test('copies by the event that is for it', async () => {
    await using desk = await Desk.open([[{ action: 'COPY', value: 'the price' }], answer()])
    await desk.task.run('copy')
    expect(desk.neko.got('control/copy')).toHaveLength(1)
    expect(desk.neko.got('control/keypress')).toHaveLength(0)
    expect(desk.said.join('\n')).toContain('I have copied what is selected (the price).')
  })

  test('says what could not be done, and goes on', async () => {
    await using desk = await Desk.open([[{ action: 'KEY', keys: ['Nonsense'] }], answer()])
    expect((await desk.task.run('press')).reason).toBe('answered')
    expect(desk.of('acted')[0]).toMatchObject({ as: 'failed' })
    expect(desk.of('acted')[0]?.result).toContain('could not be done')
  })

  test('hears at its next step what is said to it', async () => {
    await using desk = await Desk.open([
      () => {
        desk.task.say('rather the other one')
        return [click()]
      },
      answer(),
    ])
    await desk.task.run('click')
    expect(desk.vision.asked[1]?.words).toEqual(['rather the other one'])
  })

  test('goes on with an earlier history', async () => {
    await using desk = await Desk.open([[click()], [{ action: 'ASK', value: 'Which one?' }], answer()])
    const first = await desk.task.run('book a room')
    expect(first).toMatchObject({ reason: 'asked', question: 'Which one?' })
    await desk.task.run('book a room', { history: desk.task.history, words: ['the large one'] })
    const asked = desk.vision.asked.at(-1)
    expect(asked?.history.map(({ number }) => number)).toEqual([1, 2])
    expect(asked?.words).toEqual(['the large one'])
  })
})

describe('a model', () => {
  test('that answers nonsense is told so, and ends the task at the third time', async () => {
    await using desk = await Desk.open(['what?', [click()], 'hm', 'hm', 'hm'])
    expect(await desk.task.run('click')).toMatchObject({ reason: 'unparsable', steps: 5 })
    expect(desk.vision.asked[1]?.history[0]?.result).toContain('no action that could be understood')
  })

  test('that fails once is asked again; that fails twice ends the task with its failure', async () => {
    const late = new RuntimeFailure('timeout', 'no answer in time')
    await using desk = await Desk.open([late, [click()], late, late])
    expect(await desk.task.run('click')).toMatchObject({ reason: 'model_failed', failure: { reason: 'timeout' } })
    expect(desk.neko.got('control/buttonpress')).toHaveLength(1)
  })

  test('that needs a login ends the task at once', async () => {
    await using desk = await Desk.open([new RuntimeFailure('runtime_login_required', 'no key')])
    expect(await desk.task.run('click')).toMatchObject({
      reason: 'model_failed',
      steps: 1,
      failure: { reason: 'runtime_login_required' },
    })
  })
})

describe('a person', () => {
  test('pauses the task, and lets it go on', async () => {
    await using desk = await Desk.open([
      () => {
        desk.task.pause('ada')
        return [click()]
      },
      answer(),
    ])
    const running = desk.task.run('click')
    expect((await desk.until('waiting')).message).toContain('ada has paused')
    expect(desk.task.state).toBe('paused')
    expect(desk.neko.got('control/buttonpress')).toHaveLength(0)
    desk.task.resume()
    expect((await running).reason).toBe('answered')
    expect(desk.of('resumed')).toHaveLength(1)
  })

  test('takes over in the middle of an action, which is broken off, and hands back', async () => {
    await using desk = await Desk.open([
      [{ action: 'WAIT', seconds: 30 }],
      (input) => {
        expect(input.history[0]?.result).toContain('Look again')
        expect(input.words?.[0]).toContain('ada had the screen')
        return answer()
      },
    ])
    const running = desk.task.run('wait')
    await desk.until('action')
    await desk.task.takeOver('ada')
    expect(desk.task.state).toBe('paused')
    desk.task.handBack('ada', 'asked')
    expect((await running).reason).toBe('answered')
  })

  test('who has taken over keeps that, though somebody lets a pause end', async () => {
    await using desk = await Desk.open([[click()], answer()])
    await desk.task.takeOver('ada')
    desk.task.pause('grace')
    const running = desk.task.run('click')
    expect((await desk.until('waiting')).message).toContain('ada took over')
    desk.task.resume()
    expect(desk.task.state).toBe('paused')
    expect(desk.vision.asked).toHaveLength(0)
    desk.task.handBack('ada', 'asked')
    expect((await running).reason).toBe('answered')
  })

  test('who takes the control is told, and waited for', async () => {
    await using desk = await Desk.open([
      () => {
        const person = desk.neko.login('grace', true)
        desk.neko.setHost(person.id)
        return [click()]
      },
      answer(),
    ])
    const running = desk.task.run('click')
    const waiting = await desk.until('waiting')
    expect(waiting).toMatchObject({ for: 'host', taken: true })
    expect(waiting.message).toContain('grace took over')
    expect(desk.neko.got('control/buttonpress')).toHaveLength(0)
    desk.neko.setHost(null)
    expect((await running).reason).toBe('answered')
  })

  test('who asks for the control in the room is given it, and the task goes on when they let go', async () => {
    let desk: Desk
    let ada = ''
    await using opened = await Desk.open(
      [
        async () => {
          ada = desk.neko.login('ada').id
          desk.neko.claim(ada)
          await desk.neko.until(() => desk.neko.hostId === ada)
          return [click()]
        },
        answer(),
      ],
      { give: (id) => desk.client.rest.control.give(id) },
    )
    desk = opened
    const running = desk.task.run('click')
    expect((await desk.until('waiting')).message).toContain('ada took over')
    expect(desk.neko.got('control/buttonpress')).toHaveLength(0)
    desk.neko.setHost(null, ada)
    expect((await running).reason).toBe('answered')
  })

  test('who keeps the control for too long ends the task', async () => {
    await using desk = await Desk.open(
      [
        () => {
          desk.neko.setHost(desk.neko.login('grace', true).id)
          return [click()]
        },
      ],
      { waits: { hostMs: 50 } },
    )
    expect(await desk.task.run('click')).toMatchObject({ reason: 'taken_over' })
  })

  test('answers a question of the model', async () => {
    const asked: string[] = []
    await using desk = await Desk.open([[{ action: 'ASK', value: 'Which one?' }], answer()], {
      ask: async (question) => {
        asked.push(question)
        return 'the second'
      },
    })
    expect((await desk.task.run('choose')).reason).toBe('answered')
    expect(asked).toEqual(['Which one?'])
    expect(desk.vision.asked[1]?.words).toEqual(['the second'])
  })

  test('who does not answer ends the task', async () => {
    await using desk = await Desk.open([[{ action: 'ASK', value: 'Which one?' }]], {
      waits: { answerMs: 30 },
      // As a terminal, which knows nothing of signals.
      ask: () => new Promise(() => undefined),
    })
    expect(await desk.task.run('choose')).toMatchObject({ reason: 'unanswered' })
  })

  test('denies actions, which are not done', async () => {
    await using desk = await Desk.open([[click(0.1)], [click(0.9)], [click(0.5)]], {
      permit: () => Promise.resolve({ allow: false, message: 'not here' }),
    })
    expect(await desk.task.run('click')).toMatchObject({ reason: 'denied', steps: 3 })
    expect(desk.neko.got('control/buttonpress')).toHaveLength(0)
    expect(desk.vision.asked[1]?.history[0]?.result).toContain('denied: not here')
  })
})

describe('a room', () => {
  test('whose control nobody may have ends the task', async () => {
    await using desk = await Desk.open([answer()], {}, { profile: { can_host: false } })
    expect(await desk.task.run('click')).toMatchObject({ reason: 'host_refused', steps: 1 })
  })

  test('whose host does not let go ends the task', async () => {
    await using desk = await Desk.open([answer()], { waits: { hostMs: 30 } })
    desk.neko.setHost(desk.neko.login('grace').id)
    const outcome = await desk.task.run('click')
    expect(outcome).toMatchObject({ reason: 'host_refused' })
    expect(outcome.message).toContain('grace steers')
  }, 15_000)

  test('whose screen gets another size between picture and action is looked at again', async () => {
    await using desk = await Desk.open([
      async () => {
        desk.neko.resize({ width: 640, height: 360, rate: 30 })
        await desk.neko.until(() => desk.client.size.width === 640)
        return [click()]
      },
      [click()],
      answer(),
    ])
    expect(await desk.task.run('click')).toMatchObject({ reason: 'answered', steps: 2 })
    expect(desk.neko.got('control/buttonpress').map(({ payload }) => payload)).toMatchObject([{ x: 320, y: 180 }])
    expect(desk.vision.asked[1]?.history[0]?.result).toContain('Look again')
  })

  test('whose connection is cut is waited for, and looked at again', async () => {
    await using desk = await Desk.open([
      () => {
        desk.neko.cut(desk.client.state.sessionId)
        return [click()]
      },
      answer(),
    ])
    expect((await desk.task.run('click')).reason).toBe('answered')
    expect(desk.of('waiting').some((event) => event.for === 'connection')).toBe(true)
  })

  test('that is gone ends the task', async () => {
    await using desk = await Desk.open(
      [
        async () => {
          await desk.neko.kill()
          return [click()]
        },
      ],
      { waits: { reconnectMs: 200 } },
    )
    expect(await desk.task.run('click')).toMatchObject({ reason: 'connection_lost' })
  })

  test('whose video is behind its screen is seen by screenshots', async () => {
    let desk: Desk
    let old: Picture | undefined
    const proof: FrameSource = {
      kind: 'screenshot',
      next: (options) => desk.frames.next(options),
      close: () => Promise.resolve(),
    }
    const frames: FrameSource = {
      kind: 'webrtc',
      // For ever what was there at first.
      async next() {
        old ??= await desk.frames.next()
        return { ...old, at: Date.now(), source: 'webrtc' }
      },
      close: () => Promise.resolve(),
    }
    await using opened = await Desk.open([[click()], [click()], answer()], { frames, proof })
    desk = opened
    expect(await desk.task.run('click')).toMatchObject({ reason: 'answered', steps: 3 })
    expect(desk.of('acted').map(({ result }) => result)).toEqual(['The screen changed.', 'The screen changed.'])
    expect(desk.of('step').map(({ picture }) => picture.source)).toEqual(['webrtc', 'screenshot', 'screenshot'])
  })

  test('whose video alone is wanted is waited for when it is behind', async () => {
    let desk: Desk
    const shown: Picture[] = []
    const proof: FrameSource = {
      kind: 'screenshot',
      next: (options) => desk.frames.next(options),
      close: () => Promise.resolve(),
    }
    const frames: FrameSource = {
      kind: 'webrtc',
      // What was there some pictures ago.
      async next() {
        shown.push(await desk.frames.next())
        return { ...(shown.at(-25) ?? shown[0]!), at: Date.now(), source: 'webrtc' }
      },
      close: () => Promise.resolve(),
    }
    const settings = testSettings({ frames: 'webrtc' })
    await using opened = await Desk.open([[click()], answer()], { frames, proof, settings })
    desk = opened
    expect(await desk.task.run('click')).toMatchObject({ reason: 'answered', steps: 2 })
    expect(desk.of('acted').map(({ result }) => result)).toEqual(['The screen changed.'])
  })

  test('without pictures ends the task', async () => {
    await using desk = await Desk.open([answer()])
    desk.frames.next = () => Promise.reject(new Error('the video does not run'))
    const outcome = await desk.task.run('look')
    expect(outcome).toMatchObject({ reason: 'no_picture' })
    expect(outcome.message).toContain('the video does not run')
  }, 15_000)
})
