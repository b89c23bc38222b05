import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { NekodeError } from '@shared/errors'
import { type World, createWorld } from '../../test/fixtures/world'
import { type Scratch, storages } from '../../test/storages'
import type { AgentPrincipal, UserPrincipal } from '../access/principal'

for (const storage of storages.filter((s) => s.available))
  describe(`on ${storage.name}`, () => {
    let scratch: Scratch
    let world: World
    let ada: UserPrincipal
    let bob: UserPrincipal
    let eve: UserPrincipal
    let bot: AgentPrincipal

    beforeAll(async () => {
      scratch = await storage.scratch()
      world = await createWorld(scratch.dsn)
      ada = await world.user('ada', 'owner')
      bob = await world.user('bob')
      eve = await world.user('eve')
      bot = await world.agent(ada, await world.computer(), 'bot')
      await world.talk.channels.create(ada, { name: 'den', visibility: 'private' })
      for (const [kind, memberId] of [
        ['human', bob.id],
        ['agent', bot.id],
      ] as const)
        await world.talk.channels.addMember(ada, '#den', { kind, memberId })
    }, 60_000)
    afterAll(async () => {
      await world?.close()
      await scratch?.drop()
    })

    const code = async (work: Promise<unknown>): Promise<string> => {
      try {
        await work
        return 'ok'
      } catch (error) {
        return error instanceof NekodeError ? error.code : String(error)
      }
    }

    test('a topic begins with a message that sets agents to work as any does, and what is said in it is its thread', async () => {
      world.events()
      const topic = await world.talk.topics.create(bob, '#den', { title: 'Investigation', content: '@bot have a look' })
      expect(topic).toMatchObject({ number: 1, title: 'Investigation', replyCount: 0, createdBy: { id: bob.id } })
      expect(world.events().map((e) => e.kind)).toContain('topic')
      const { message, deliveries } = await world.talk.messages.get(ada, topic.threadId)
      expect(message.content).toBe('**Investigation**\n\n@bot have a look')
      expect(deliveries.map((d) => d.agentId)).toEqual([bot.id])
      await world.talk.messages.post(ada, { target: '#den', threadId: topic.threadId, content: 'found it' })
      expect(await world.talk.topics.get(bot, '#den', 1)).toMatchObject({ replyCount: 1 })
    })

    test('a thread that is there gets a name once, by any of its messages', async () => {
      const { message } = await world.talk.messages.post(bob, { target: '#den', content: 'the build is red' })
      const reply = await world.talk.messages.post(ada, { target: '#den', threadId: message.id, content: 'since when' })
      const name = { title: 'Build', threadId: reply.message.id }
      expect(await world.talk.topics.create(ada, '#den', name)).toMatchObject({ threadId: message.id, replyCount: 1 })
      expect(await code(world.talk.topics.create(bob, '#den', { title: 'Again', threadId: message.id }))).toBe(
        'topic_exists',
      )
      const elsewhere = await world.talk.messages.post(bob, { target: '#general', content: 'x' })
      const wrong = { title: 'x', threadId: elsewhere.message.id }
      expect(await code(world.talk.topics.create(bob, '#den', wrong))).toBe('not_found')
      expect(await code(world.talk.topics.create(bob, '#den', { ...name, content: 'x' }))).toBe('invalid_request')
    })

    test('topics that are begun at once have numbers of their own, and come in pages, the latest first', async () => {
      await Promise.all(Array.from({ length: 10 }, (_, i) => world.talk.topics.create(bot, '#den', { title: `T${i}` })))
      const first = await world.talk.topics.list(bob, '#den', { limit: 7 })
      const second = await world.talk.topics.list(bob, '#den', { limit: 7, cursor: first.nextCursor })
      const numbers = [...first.items, ...second.items].map((t) => t.number)
      expect(numbers).toEqual([12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1])
      expect(second.nextCursor).toBeUndefined()
      expect(await code(world.talk.topics.list(bob, '#den', { cursor: 'x' }))).toBe('invalid_cursor')
    })

    test('who began it and admins of the channel change it; who does not see the channel sees none of it', async () => {
      const { topics } = world.talk
      expect(await topics.update(bob, '#den', 1, { title: 'Found', closed: true })).toMatchObject({ title: 'Found' })
      expect((await topics.list(bob, '#den', { closed: true })).items.map((t) => t.number)).toEqual([1])
      expect(await topics.update(ada, '#den', 1, { closed: false })).toMatchObject({ closedAt: null })
      expect(await code(topics.update(bot, '#den', 1, { title: 'x' }))).toBe('forbidden')
      expect(await code(topics.get(eve, '#den', 1))).toBe('not_found')
      expect(await code(topics.create(eve, '#den', { title: 'x' }))).toBe('not_found')
      expect(await code(topics.get(bob, '#den', 99))).toBe('not_found')
    })
  })
