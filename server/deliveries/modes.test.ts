import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import type { DeliveryMode } from '@shared/contract'
import { and, eq } from 'drizzle-orm'
import { type World, createWorld } from '../../test/fixtures/world'
import { type Scratch, storages } from '../../test/storages'
import type { AgentPrincipal, ComputerPrincipal, UserPrincipal } from '../access/principal'

const MINUTE = 60_000

for (const storage of storages.filter((s) => s.available))
  describe(`on ${storage.name}`, () => {
    let scratch: Scratch
    let world: World
    let ada: UserPrincipal
    let box: ComputerPrincipal
    let bot: AgentPrincipal
    let other: AgentPrincipal

    beforeAll(async () => {
      scratch = await storage.scratch()
      world = await createWorld(scratch.dsn)
      ada = await world.user('ada', 'owner')
      box = await world.computer()
      bot = await world.agent(ada, box, 'bot')
      other = await world.agent(ada, box, 'other')
      for (const name of ['modes', 'digest', 'chatter'])
        await world.talk.channels.create(ada, { name }).then(async () => {
          for (const { id } of [bot, other])
            await world.talk.channels.addMember(ada, `#${name}`, { kind: 'agent', memberId: id })
        })
    }, 60_000)
    afterAll(async () => {
      await world?.close()
      await scratch?.drop()
    })

    const mode = (target: string, deliveryMode: DeliveryMode, digestMinutes?: number) =>
      world.talk.channels.updateMember(ada, target, 'agent', bot.id, {
        deliveryMode,
        ...(digestMinutes === undefined ? {} : { digestMinutes }),
      })
    const causes = async (p: UserPrincipal | AgentPrincipal, target: string, content: string) => {
      const { deliveries } = await world.talk.messages.post(p, { target, content })
      return deliveries.filter((d) => d.agentId === bot.id).map((d) => d.cause)
    }
    const due = async (target: string): Promise<number> => {
      const channel = world.core.directory.channelAt(target)
      const { members: t } = world.core.db.t
      const [row] = await world.core.db.q
        .select()
        .from(t)
        .where(and(eq(t.channelId, channel?.id ?? ''), eq(t.memberId, bot.id)))
      return row?.digestAt ?? 0
    }
    const periodic = async () =>
      (await world.talk.deliveries.list(ada, { target: '#digest' })).items.filter((d) => d.cause === 'periodic')

    test('a mode decides which messages are deliveries: of people and of agents, that mention the agent and that do not', async () => {
      const expected: Record<
        DeliveryMode,
        [mention: boolean, agentMention: boolean, anything: boolean, agentAnything: boolean]
      > = {
        mentions: [true, true, false, false],
        all: [true, true, true, false],
        periodic: [true, true, false, false],
        muted: [true, false, false, false],
        off: [false, false, false, false],
      }
      for (const [name, wanted] of Object.entries(expected)) {
        const each = name as DeliveryMode
        await mode('#modes', each)
        const got = [
          await causes(ada, '#modes', '@bot hi'),
          await causes(other, '#modes', '@bot hi'),
          await causes(ada, '#modes', 'hi'),
          await causes(other, '#modes', 'hi'),
        ].map((list) => list.length > 0)
        expect([each, ...got]).toEqual([each, ...wanted])
      }
    })

    test('a change of mode is an event, and only the periodic one takes minutes', async () => {
      world.events()
      expect(await mode('#modes', 'periodic', 30)).toMatchObject({ deliveryMode: 'periodic', digestMinutes: 30 })
      expect(world.events().map((e) => [e.kind, e.operation])).toContainEqual(['member', 'updated'])
      expect(await mode('#modes', 'periodic')).toMatchObject({ digestMinutes: 30 })
      expect(await mode('#modes', 'mentions')).toMatchObject({ digestMinutes: null })
      await expect(mode('#modes', 'all', 30)).rejects.toMatchObject({ code: 'invalid_request' })
      expect(await mode('#modes', 'periodic')).toMatchObject({ digestMinutes: 60 })
      await mode('#modes', 'off')
    })

    test('a digest is one delivery about all that was written since, threads included, and is answered where everybody reads it', async () => {
      await mode('#digest', 'periodic', 10)
      const first = await world.talk.messages.post(ada, { target: '#digest', content: 'the build is red' })
      await world.talk.messages.post(ada, { target: '#digest', threadId: first.message.id, content: 'since Friday' })
      await world.talk.messages.post(other, { target: '#digest', content: 'I look into it' })
      expect(await world.talk.digests.giveDue(Date.now())).toBe(0)
      expect(await world.talk.digests.giveDue(await due('#digest'))).toBe(1)
      const [digest, ...more] = await periodic()
      expect(more).toEqual([])
      expect(digest).toMatchObject({ agentId: bot.id, state: 'pending', threadId: null })
      const run = await world.talk.runs.visible(box, digest!.runId!)
      const { prompt } = await world.talk.prompts.snapshot(box, run.id)
      for (const said of [
        'Nobody asked you',
        '@ada: the build is red',
        `[thread ${first.message.id}] @ada: since Friday`,
        '@other: I look into it',
      ])
        expect(prompt.content).toContain(said)
      // It has not answered yet: what is written meanwhile waits for the next one.
      await world.talk.messages.post(ada, { target: '#digest', content: 'never mind' })
      expect(await world.talk.digests.giveDue(await due('#digest'))).toBe(0)
      await world.talk.actions.perform(ada, run.id, 'kill')
      expect(await world.talk.digests.giveDue(await due('#digest'))).toBe(1)
      const [next] = await periodic()
      const again = await world.talk.prompts.snapshot(box, next!.runId!)
      expect(again.prompt.content).toContain('never mind')
      expect(again.prompt.content).not.toContain('the build is red')
      await world.talk.actions.perform(ada, next!.runId!, 'kill')
    })

    test('what the agent was asked by itself is not told again, and nothing is told when nothing is new', async () => {
      await world.talk.messages.post(ada, { target: '#digest', content: '@bot a question' })
      const before = (await periodic()).length
      expect(await world.talk.digests.giveDue(await due('#digest'))).toBe(0)
      expect(await periodic()).toHaveLength(before)
    })

    test('an agent that is turned off is told when it is on again', async () => {
      const said = () => world.talk.messages.post(ada, { target: '#digest', content: 'for later' })
      await said()
      await world.talk.agents.update(ada, bot.id, { enabled: false })
      const before = (await periodic()).length
      expect(await world.talk.digests.giveDue(await due('#digest'))).toBe(0)
      expect(await periodic()).toHaveLength(before)
      await world.talk.agents.update(ada, bot.id, { enabled: true })
      expect(await world.talk.digests.giveDue(await due('#digest'))).toBe(1)
    })

    test('agents that read along do not keep each other going', async () => {
      const at = (agent: AgentPrincipal) => ({ target: '#chatter', content: `I am ${agent.name}` })
      await mode('#chatter', 'periodic', 5)
      await world.talk.messages.post(other, at(other))
      expect(await world.talk.digests.giveDue(await due('#chatter'))).toBe(0)
      await world.talk.messages.post(ada, { target: '#chatter', content: 'go on' })
      expect(await world.talk.digests.giveDue((await due('#chatter')) + MINUTE)).toBe(1)
    })
  })
