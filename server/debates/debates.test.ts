import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import type { Debate } from '@shared/contract'
import { NekodeError } from '@shared/errors'
import { type World, createWorld } from '../../test/fixtures/world'
import { type Scratch, storages } from '../../test/storages'
import type { AgentPrincipal, ComputerPrincipal, UserPrincipal } from '../access/principal'

for (const storage of storages.filter((s) => s.available))
  describe(`on ${storage.name}`, () => {
    let scratch: Scratch
    let world: World
    let ada: UserPrincipal
    let bob: UserPrincipal
    let eve: UserPrincipal
    let box: ComputerPrincipal
    let pro: AgentPrincipal
    let con: AgentPrincipal

    beforeAll(async () => {
      scratch = await storage.scratch()
      world = await createWorld(scratch.dsn)
      ada = await world.user('ada', 'owner')
      bob = await world.user('bob')
      eve = await world.user('eve')
      box = await world.computer()
      pro = await world.agent(ada, box, 'pro')
      con = await world.agent(ada, box, 'con')
      await world.talk.channels.create(ada, { name: 'den', visibility: 'private' })
      for (const [kind, memberId] of [
        ['human', bob.id],
        ['agent', pro.id],
        ['agent', con.id],
      ] as const)
        await world.talk.channels.addMember(ada, '#den', { kind, memberId })
    }, 60_000)
    afterAll(async () => {
      await world?.close()
      await scratch?.drop()
    })

    const start = (turns = 4, p = bob): Promise<Debate> =>
      world.talk.debates.start(p, { target: '#den', topic: 'Tabs or spaces', agentIds: [pro.id, con.id], turns })
    const now = ({ id }: Debate): Promise<Debate> => world.talk.debates.get(ada, id)
    const open = async () =>
      (await world.talk.deliveries.list(ada, { target: '#den', limit: 200 })).items.filter((d) => d.state === 'pending')
    /** The agent whose turn it is answers. */
    const answer = async (resultMessage: string, state: 'completed' | 'failed' = 'completed') => {
      const [turn] = await open()
      const update = { runId: turn!.runId!, leaseId: 'l', summary: '', result: {}, error: 'it broke' }
      await world.talk.runs.report(box, { ...update, state: 'running', resultMessage: '' })
      await world.talk.runs.report(box, { ...update, state, resultMessage })
      return turn!.agentId
    }
    const thread = async ({ threadId }: Debate) =>
      (await world.talk.messages.list(ada, { target: '#den', threadId, limit: 100 })).items.map((m) => m.content)
    const code = async (work: Promise<unknown>): Promise<string> => {
      try {
        await work
        return 'ok'
      } catch (error) {
        return error instanceof NekodeError ? error.code : String(error)
      }
    }

    test('two agents take turns, each after the other’s answer, and it ends with the last words of both', async () => {
      const debate = await start()
      expect(debate).toMatchObject({ state: 'running', turn: 1, turns: 4, createdBy: { id: bob.id } })
      const speakers: string[] = []
      for (let turn = 1; turn <= 4; turn++) {
        expect(await open()).toHaveLength(1)
        expect(await now(debate)).toMatchObject({ turn, state: 'running' })
        // Whoever it mentions, the next turn is the only thing that follows.
        speakers.push(await answer(`argument ${turn}, @pro @con`))
      }
      expect(speakers).toEqual([pro.id, con.id, pro.id, con.id])
      expect(await open()).toEqual([])
      const over = await now(debate)
      expect(over).toMatchObject({ state: 'completed', turn: 4, deliveryId: null })
      const { message } = await world.talk.messages.get(ada, over.summaryMessageId!)
      expect(message).toMatchObject({ threadId: debate.threadId, sender: { kind: 'system' } })
      expect(message.content).toContain('over after 4 turns')
      expect(message.content).toContain('**@pro** said last:\n\n> argument 3')
      expect(message.content).toContain('**@con** said last:\n\n> argument 4')
      const { deliveries } = await world.talk.messages.get(ada, debate.threadId)
      expect(deliveries).toEqual([])
      expect((await thread(debate)).filter((text) => text.startsWith('Turn '))).toHaveLength(4)
    })

    test('a turn that fails, and one with nothing to say, end it with the reason', async () => {
      const broken = await start()
      await answer('', 'failed')
      expect(await now(broken)).toMatchObject({ state: 'failed', reason: 'it broke' })
      const silent = await start()
      await answer('first')
      await answer('')
      expect(await now(silent)).toMatchObject({ state: 'failed', reason: '@con had nothing to say.', turn: 2 })
      expect((await thread(silent)).some((text) => text.includes('ended after 1 turns'))).toBeTrue()
      expect(await open()).toEqual([])
    })

    test('paused it gives no turn until it goes on, and stopped none at all', async () => {
      const debate = await start()
      expect(await world.talk.debates.pause(bob, debate.id)).toMatchObject({ state: 'paused' })
      await answer('first')
      expect(await open()).toEqual([])
      expect(await now(debate)).toMatchObject({ state: 'paused', turn: 1, deliveryId: null })
      expect(await world.talk.debates.resume(ada, debate.id)).toMatchObject({ state: 'running', turn: 2 })
      expect(await code(world.talk.debates.resume(ada, debate.id))).toBe('illegal_transition')
      const [turn] = await open()
      const begun = { runId: turn!.runId!, leaseId: 'l', summary: '', result: {}, error: '' }
      await world.talk.runs.report(box, { ...begun, state: 'running', resultMessage: '' })
      expect(await world.talk.debates.stop(bob, debate.id)).toMatchObject({ state: 'stopped' })
      await world.talk.runs.report(box, { ...begun, state: 'completed', resultMessage: 'too late' })
      expect(await open()).toEqual([])
      expect(await now(debate)).toMatchObject({ state: 'stopped', turn: 2 })
      expect(await code(world.talk.debates.stop(bob, debate.id))).toBe('illegal_transition')
    })

    test('stopped it takes back the turn that nobody has begun, so that no agent answers when it is over', async () => {
      const debate = await start()
      const [turn] = await open()
      await world.talk.debates.stop(bob, debate.id)
      expect(await open()).toEqual([])
      const { run } = await world.talk.runs.get(ada, turn!.runId!)
      expect(run).toMatchObject({ state: 'canceled', failure: { message: '@bob stopped the debate.' } })
      expect(await now(debate)).toMatchObject({ state: 'stopped', turn: 1, reason: '' })
    })

    test('the guards of its agents hold: a turn that they refuse ends it', async () => {
      await world.talk.agents.update(ada, con.id, { limits: { turnsPerHour: 0, costPerDayUsd: null } })
      const debate = await start()
      await answer('first')
      const over = await now(debate)
      expect(over).toMatchObject({ state: 'failed', turn: 2 })
      expect(over.reason).toContain('its limit is 0')
      await world.talk.agents.update(ada, con.id, { limits: { turnsPerHour: null, costPerDayUsd: null } })
    })

    test('an agent that is taken out of the channel ends it', async () => {
      const debate = await start()
      await world.talk.channels.removeMember(ada, '#den', 'agent', pro.id)
      expect(await now(debate)).toMatchObject({ state: 'failed' })
      await world.talk.channels.addMember(ada, '#den', { kind: 'agent', memberId: pro.id })
    })

    test('it is for those who see its channel, and those who began it or run the channel', async () => {
      const debate = await start(2, ada)
      const { get, pause } = {
        get: (p: UserPrincipal) => code(world.talk.debates.get(p, debate.id)),
        pause: (p: UserPrincipal) => code(world.talk.debates.pause(p, debate.id)),
      }
      expect([await get(bob), await get(eve), await pause(bob), await pause(eve)]).toEqual([
        'ok',
        'not_found',
        'forbidden',
        'not_found',
      ])
      expect(await code(start(2, eve))).toBe('not_found')
      const wrong = { target: '#den', topic: 'x', turns: 2 }
      expect(await code(world.talk.debates.start(bob, { ...wrong, agentIds: [pro.id, pro.id] }))).toBe(
        'invalid_request',
      )
      expect(await code(world.talk.debates.start(bob, { ...wrong, agentIds: [pro.id, 'agent_x'] }))).toBe(
        'not_a_member',
      )
      const many = [
        await code(start()),
        await code(start()),
        await code(start()),
        await code(start()),
        await code(start()),
      ]
      expect(many).toEqual(['ok', 'ok', 'ok', 'ok', 'too_many_debates'])
      expect((await world.talk.debates.list(bob, { target: '#den', state: 'running' })).items).toHaveLength(5)
      expect((await world.talk.debates.list(eve, {})).items).toEqual([])
    })
  })
