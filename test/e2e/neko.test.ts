import { afterAll, beforeAll, expect, test } from 'bun:test'
import { FakeNeko } from '../fixtures/neko'
import { PaintedForm } from '../fixtures/painted'
import { NAME } from '../neko/pages'
import { startVision, TASKS, type Vision } from '../neko/vision'
import { Place } from './harness'
import { enrolledStage, type Stage } from './stage'
import { details } from './talk'

const minutes = (n: number) => n * 60_000

const secret = (name: string, value: string) => ({ name, value, secret: true })

let place: Place
let stage: Stage
let neko: FakeNeko
let vision: Vision
let form: PaintedForm

beforeAll(async () => {
  place = new Place()
  neko = FakeNeko.start()
  vision = startVision()
  form = new PaintedForm(neko, NAME)
  stage = await enrolledStage(place)
  const values = {
    NEKO_URL: neko.url,
    NEKO_USER: 'agent',
    NEKO_FRAMES: 'screenshot',
    REFINEMENT_STEPS: '1',
    OPENAI_BASE_URL: `${vision.url}/v1`,
  }
  const env = Object.entries(values).map(([name, value]) => ({ name, value, secret: false }))
  await stage.admin.call('POST /api/agents', {
    body: {
      name: 'desk',
      computerId: stage.computerId,
      runtimeKind: 'neko',
      model: 'showlab/ShowUI-2B',
      env: [...env, secret('NEKO_PASS', neko.passwords.user), secret('OPENAI_API_KEY', 'sk-none')],
      approvals: { default: 'ask', rules: { read: 'allow' } },
    },
  })
}, minutes(2))
afterAll(async () => {
  await place[Symbol.asyncDispose]()
  await neko.kill()
  await vision.stop()
})

test(
  'an agent in a channel does on a desktop what it is asked, after it was allowed to, and answers in the thread',
  async () => {
    const { talk } = stage
    form.reset()
    const asked = await talk.ask(`@desk ${TASKS.form}`)
    const approval = await talk.decide(asked, { allow: true })
    expect(approval).toMatchObject({ name: 'use_desktop', kind: 'other', canRemember: true })
    const outcome = await talk.over(asked)
    expect(outcome.delivery.state).toBe('answered')
    expect(outcome.said.map((message) => message.content)).toEqual(['It is done.'])
    expect(form.state).toBe('done')
    const tools = details(outcome, 'tool')
    expect(tools.map(({ name, outcome: came }) => [name, came])).toEqual([
      ['open_desktop', 'completed'],
      ['input', 'completed'],
      ['click', 'completed'],
    ])
    expect(tools[1]?.output).toMatch(/Picture: neko\/.+\/step-001-1-input\.jpg$/)
    expect(details(outcome, 'usage').length).toBeGreaterThan(1)
    expect(JSON.stringify(outcome.steps)).not.toContain('run_context')
  },
  minutes(2),
)

test(
  'a question of the model is asked in the thread, and the answer goes on with the task, also over a restart of the daemon',
  async () => {
    const { talk } = stage
    form.reset()
    vision.decide = () => ({ action: 'ASK', value: 'Which name shall I write?' })
    const asked = await talk.ask(`@desk ${TASKS.form}`)
    expect((await talk.over(asked)).said.map(({ content }) => content)).toEqual(['Which name shall I write?'])
    await stage.restartDaemon('SIGKILL')
    const texts: string[] = []
    vision.decide = (_sight, { items }) => void texts.push(items.map(({ text }) => text).join('\n'))
    const answer = await talk.ask('@desk the usual one', { threadId: asked.message.id })
    await talk.decide(answer, { allow: true })
    expect((await talk.over(answer)).delivery).toMatchObject({ state: 'answered', failure: null })
    expect(texts[0]).toContain(TASKS.form)
    expect(texts[0]).toContain('the usual one')
    vision.decide = undefined
  },
  minutes(3),
)

test(
  'a desktop that is not there fails the run with a reason of its own',
  async () => {
    const { talk } = stage
    await neko.kill()
    await stage.restartDaemon('SIGTERM')
    const outcome = await talk.over(await talk.ask(`@desk ${TASKS.form}`))
    expect(outcome.delivery).toMatchObject({ state: 'failed', failure: { reason: 'desktop_unavailable' } })
    expect(outcome.delivery.failure?.message).not.toContain(neko.passwords.user + '@')
    neko.listen()
  },
  minutes(3),
)
