import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { createWorld, type World } from '../../test/fixtures/world'
import { type Scratch, storages } from '../../test/storages'
import type { AgentPrincipal, UserPrincipal } from '../access/principal'

for (const storage of storages.filter((s) => s.available))
  describe(`on ${storage.name}`, () => {
    let scratch: Scratch
    let world: World
    let ada: UserPrincipal
    let bob: UserPrincipal
    let cid: UserPrincipal
    let bot: AgentPrincipal
    let other: AgentPrincipal

    beforeAll(async () => {
      scratch = await storage.scratch()
      world = await createWorld(scratch.dsn)
      ada = await world.user('ada', 'owner')
      bob = await world.user('bob')
      cid = await world.user('cid')
      const computer = await world.computer()
      bot = await world.agent(ada, computer, 'bot')
      other = await world.agent(ada, computer, 'other')
    }, 60_000)
    afterAll(async () => {
      await world?.close()
      await scratch?.drop()
    })

    const post = async (p: UserPrincipal | AgentPrincipal, content: string, threadId?: string, target = '#general') =>
      (await world.talk.messages.post(p, { target, content, ...(threadId ? { threadId } : {}) })).message.id
    const threads = () => world.talk.threads
    const follows = async (p: UserPrincipal | AgentPrincipal, id: string) => (await threads().get(p, id)).followed

    test('a message becomes a thread with its first reply, and the thread that moved last comes first', async () => {
      await world.talk.channels.create(ada, { name: 'order' })
      const at = '#order'
      const [one, two] = [await post(ada, 'one', undefined, at), await post(ada, 'two', undefined, at)]
      const list = async () => (await threads().list(bob, { target: at })).items.map((t) => t.id)
      expect(await list()).toEqual([])
      await post(bob, 'to two', two, at)
      await post(bob, 'to one', one, at)
      expect(await list()).toEqual([one, two])
      await post(bob, 'to two', two, at)
      expect(await list()).toEqual([two, one])
      const first = await threads().list(bob, { target: at, limit: 1 })
      const rest = await threads().list(bob, { target: at, limit: 1, cursor: first.nextCursor })
      expect([...first.items, ...rest.items].map((t) => t.id)).toEqual([two, one])
      expect(rest.nextCursor).toBeUndefined()
      expect(first.items[0]).toMatchObject({ root: { content: 'two' }, replyCount: 2 })
      await expect(threads().list(bob, { cursor: 'x' })).rejects.toMatchObject({ code: 'invalid_cursor' })
    })

    test('people follow what they began, were mentioned in and replied to; nobody else does', async () => {
      const id = await post(ada, 'begun')
      expect(await follows(ada, id)).toBe(false)
      const reply = await post(bob, 'what does @cid think?', id)
      expect([await follows(ada, id), await follows(bob, id), await follows(cid, reply)]).toEqual([true, true, true])
      const fay = await world.user('fay')
      expect(await follows(fay, id)).toBe(false)
      expect((await threads().list(cid, { followed: true })).items.map((t) => t.id)).toEqual([id])
      expect((await threads().list(fay, { followed: true })).items).toEqual([])
    })

    test('whoever said that they do not follow stays away, whatever happens in the thread', async () => {
      const id = await post(ada, 'noise')
      await post(bob, 'more noise', id)
      world.events()
      expect((await threads().unfollow(ada, id)).followed).toBe(false)
      const told = world.events().filter((e) => e.kind === 'follow')
      expect(told).toMatchObject([{ audience: `user:${ada.id}`, aggregateId: id }])
      await threads().unfollow(ada, id)
      expect(world.events()).toEqual([])
      await post(bob, '@ada look', id)
      await post(ada, 'no', id)
      expect(await follows(ada, id)).toBe(false)
      expect((await threads().follow(ada, id)).followed).toBe(true)
    })

    test('what is unread is counted for each follower, and not for whoever writes', async () => {
      const id = await post(ada, 'counted')
      await post(bob, '1', id)
      await post(bob, '2', id)
      expect((await threads().get(ada, id)).unreadCount).toBe(2)
      expect((await threads().get(bob, id)).unreadCount).toBe(0)
      await post(ada, '3', id)
      expect((await threads().get(ada, id)).unreadCount).toBe(0)
      expect((await threads().get(bob, id)).unreadCount).toBe(1)
      await world.talk.inbox.threadRead(bob, id)
      expect((await threads().get(bob, id)).unreadCount).toBe(0)
    })

    test('an agent that was told to follow gets what people write there, not what agents write, and only once', async () => {
      const id = await post(ada, 'for the agent')
      const say = async (p: UserPrincipal | AgentPrincipal, content: string) =>
        (await world.talk.messages.post(p, { target: '#general', content, threadId: id })).deliveries
      expect(await say(bob, 'before')).toEqual([])
      await threads().follow(bot, id)
      expect(await say(bob, 'after')).toMatchObject([{ agentId: bot.id, cause: 'subscription' }])
      expect(await say(other, 'from an agent')).toEqual([])
      expect(await say(bob, '@bot both')).toMatchObject([{ agentId: bot.id, cause: 'mention' }])
      await threads().unfollow(bot, id)
      // It was asked here before, but it stays out unless it is mentioned.
      expect(await say(bob, 'anybody?')).toEqual([])
      expect(await say(bob, '@bot?')).toMatchObject([{ agentId: bot.id, cause: 'mention' }])
    })

    test('a private channel’s threads are for its members, and nobody hears of them after leaving', async () => {
      await world.talk.channels.create(ada, { name: 'vault', visibility: 'private' })
      await world.talk.channels.addMember(ada, '#vault', { kind: 'human', memberId: bob.id })
      const id = await post(ada, 'secret', undefined, '#vault')
      await post(bob, 'reply', id, '#vault')
      expect((await threads().list(bob, {})).items.map((t) => t.id)).toContain(id)
      await world.talk.channels.removeMember(ada, '#vault', 'human', bob.id)
      world.events()
      await post(ada, 'after bob left', id, '#vault')
      expect(world.events().filter((e) => e.audience === `user:${bob.id}`)).toEqual([])
      for (const p of [bob, bot]) {
        for (const followed of [true, false])
          expect((await threads().list(p, { followed })).items.map((t) => t.id)).not.toContain(id)
        await expect(threads().get(p, id)).rejects.toMatchObject({ kind: 'not_found' })
        await expect(threads().follow(p, id)).rejects.toMatchObject({ kind: 'not_found' })
        await expect(world.talk.threads.list(p, { target: '#vault' })).rejects.toMatchObject({ kind: 'not_found' })
      }
      await expect(world.talk.inbox.threadRead(bob, id)).rejects.toMatchObject({ kind: 'not_found' })
    })
  })
