import { afterAll, beforeAll, expect, test } from 'bun:test'
import { createLogger } from '@shared/log'
import { NekoClient } from '../../daemon/neko/client/client'
import { inPlace, Place, type Program } from '../e2e/program'
import { Network } from '../fault/network'
import { freePort } from '../setup/databases'
import { NAME, Pages } from './pages'
import { type Desk, type Login, startAgent, startDesk } from './stage'
import { startVision, TASKS, type Vision } from './vision'

const log = createLogger({ level: 'error' })
const minutes = (n: number) => n * 60_000

let place: Place
let pages: Pages
let desk: Desk
let vision: Vision

beforeAll(async () => {
  place = new Place()
  pages = new Pages()
  vision = startVision()
  desk = await startDesk(place, pages)
}, minutes(2))
afterAll(async () => {
  await place[Symbol.asyncDispose]()
  await pages[Symbol.asyncDispose]()
  await vision.stop()
})

/** An agent on the form, to whom something happens before its second decision. */
async function disturbed(
  happens: () => Promise<unknown>,
  options: { login?: Login; env?: Record<string, string> } = {},
): Promise<Program> {
  await pages.show('form')
  const seen = vision.sights.length
  const onSecond = Promise.withResolvers<void>()
  vision.decide = async () => {
    if (vision.sights.length - seen !== 2) return undefined
    // It has happened when the model answers, and the agent acts on what it saw before.
    await happens().then(() => onSecond.resolve(), onSecond.reject)
    return undefined
  }
  const agent = await startAgent(place, options.login ?? desk.user, vision, {
    task: TASKS.form,
    env: { NEKO_MAX_STEPS: '20', REFINEMENT_STEPS: '1', ...options.env },
  })
  await Promise.race([onSecond.promise, agent.exited])
  return agent
}

const hasSent = (): boolean => pages.told.some(({ done, name }) => done && name === NAME)

async function finishes(agent: Program): Promise<void> {
  const code = await agent.exited
  if (code !== 0 || !hasSent())
    throw new Error(`the agent ended with ${code}:\n${agent.output}\n${JSON.stringify(pages.told.slice(-10))}`)
}

/** The screen from above: whoever administrates the room. */
async function asAdmin(work: (client: NekoClient) => Promise<unknown>): Promise<void> {
  const client = await NekoClient.connect({ ...desk.admin, log })
  try {
    await work(client)
  } finally {
    await client.close()
  }
}

test(
  'a WebSocket that is cut comes back, and the task goes on',
  async () => {
    await using network = await Network.to(Number(new URL(desk.user.url).port))
    const login = { ...desk.user, url: `http://127.0.0.1:${network.port}` }
    const agent = await disturbed(
      async () => {
        network.set('refused')
        await Bun.sleep(300)
        network.set('open')
      },
      { login },
    )
    await finishes(agent)
    expect(network.connections).toBeGreaterThan(1)
  },
  minutes(2),
)

test(
  'whoever takes the controls has them until they let go: the agent waits, and goes on then',
  async () => {
    const wanted = Promise.withResolvers<void>()
    const taken = Promise.withResolvers<void>()
    const letGo = Promise.withResolvers<void>()
    const person = asAdmin(async (client) => {
      await wanted.promise
      await client.rest.control.take()
      taken.resolve()
      await letGo.promise
      await client.rest.control.reset()
    })
    const agent = await disturbed(() => {
      wanted.resolve()
      return taken.promise
    })
    try {
      await agent.line(/took over/, 60)
      expect(hasSent()).toBe(false)
    } finally {
      letGo.resolve()
      await person
    }
    await finishes(agent)
  },
  minutes(2),
)

test(
  'a screen that gets another size in the middle of a step is looked at again',
  async () => {
    const agent = await disturbed(() =>
      asAdmin((client) => client.rest.screen.set({ width: 1024, height: 640, rate: 30 })),
    )
    await finishes(agent)
    await asAdmin((client) => client.rest.screen.set({ width: 1280, height: 720, rate: 30 }))
  },
  minutes(2),
)

test(
  'a session that an administrator ended ends the task, with the reason',
  async () => {
    const agent = await disturbed(() =>
      asAdmin(async (client) => {
        for (const { id, profile } of await client.rest.sessions.list())
          if (!profile.is_admin) await client.rest.sessions.delete(id)
      }),
    )
    expect(await agent.exited).toBe(1)
    expect(agent.output).toMatch(/reason=connection_lost/)
  },
  minutes(2),
)

test(
  'a room that is private for a while shows nothing then, and the task goes on after it',
  async () => {
    const agent = await disturbed(
      () =>
        asAdmin(async (client) => {
          await client.rest.settings.set({ private_mode: true })
          await Bun.sleep(500)
          await client.rest.settings.set({ private_mode: false })
        }),
      { env: { NEKO_FRAMES: 'webrtc' } },
    )
    await finishes(agent)
  },
  minutes(2),
)

test(
  'a model that fails is asked again; one that never answers in time, or answers nonsense, ends the task with the reason',
  async () => {
    await pages.show('form')
    for (const [says, env, reason] of [
      ['nonsense, and no action', {}, 'unparsable'],
      ['', { NEKO_INFERENCE_TIMEOUT: '2', OPENROUTER_MAX_RETRIES: '1' }, 'model_failed'],
    ] as const) {
      const slow = Promise.withResolvers<void>()
      vision.decide = () => says || slow.promise.then(() => undefined)
      const agent = await startAgent(place, desk.user, vision, {
        task: TASKS.form,
        env: { ...env, NEKO_MAX_STEPS: '6' },
      })
      expect(await agent.exited).toBe(1)
      expect(agent.output).toContain(`reason=${reason}`)
      slow.resolve()
    }
  },
  minutes(3),
)

test(
  'a server that is killed and does not come back ends the task with the reason; nothing hangs',
  async () => {
    await inPlace(async (own) => {
      await using ownPages = new Pages()
      const port = await freePort()
      const ownDesk = await startDesk(own, ownPages, { port })
      await ownPages.show('form')
      let isKilled = false
      vision.decide = () => {
        if (!isKilled) {
          isKilled = true
          void ownDesk.program.killHard()
        }
        return undefined
      }
      const agent = await startAgent(own, ownDesk.user, vision, {
        task: TASKS.form,
        env: { NEKO_TIME_LIMIT: '20s', REFINEMENT_STEPS: '1' },
      })
      expect(await agent.exited).toBe(1)
      expect(agent.output).toMatch(/reason=(connection_lost|time_limit)/)
    })
  },
  minutes(3),
)

test(
  'an agent that is told to stop lets go of the controls, and ends well',
  async () => {
    await pages.show('form')
    vision.decide = () => ({ action: 'WAIT' })
    const agent = await startAgent(place, desk.user, vision, { task: TASKS.form, env: { NEKO_MAX_STEPS: '100' } })
    await agent.line(/action=WAIT/, 60)
    await asAdmin(async (client) => {
      expect((await client.rest.control.status()).has_host).toBe(true)
      expect(await agent.stop()).toBe(0)
      expect((await client.rest.control.status()).has_host).toBe(false)
    })
  },
  minutes(2),
)
