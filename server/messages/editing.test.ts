import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { MAX_EDITS, Message } from '@shared/contract'
import { eq } from 'drizzle-orm'
import { createWorld, type World } from '../../test/fixtures/world'
import { type Scratch, storages } from '../../test/storages'
import type { AgentPrincipal, ComputerPrincipal, UserPrincipal } from '../access/principal'

for (const storage of storages.filter((s) => s.available))
  describe(`on ${storage.name}`, () => {
    let scratch: Scratch
    let world: World
    let ada: UserPrincipal
    let bob: UserPrincipal
    let computer: ComputerPrincipal
    let bot: AgentPrincipal

    beforeAll(async () => {
      scratch = await storage.scratch()
      world = await createWorld(scratch.dsn)
      ada = await world.user('ada', 'owner')
      bob = await world.user('bob')
      computer = await world.computer()
      bot = await world.agent(ada, computer, 'bot')
    }, 60_000)
    afterAll(async () => {
      await world?.close()
      await scratch?.drop()
    })

    const post = async (p: UserPrincipal | AgentPrincipal, content: string, more: object = {}) =>
      world.talk.messages.post(p, { target: '#general', content, ...more })
    const search = async (q: string) => (await world.talk.messages.search(ada, { q })).items.map((m) => m.content)
    const remove = (p: UserPrincipal | AgentPrincipal, id: string) => world.talk.messages.editing.delete(p, id)
    const versions = (p: UserPrincipal, id: string) => world.talk.messages.editing.versions(p, id)
    const edit = (p: UserPrincipal | AgentPrincipal, id: string, text: string) =>
      world.talk.messages.editing.edit(p, id, text)
    const mentionCount = async (p: UserPrincipal) => (await world.talk.channels.get(p, '#general')).mentionCount

    describe('an edit', () => {
      test('changes what is read, searched and told, and keeps what was said before', async () => {
        const { message } = await post(ada, 'the quixotic plan')
        world.events()
        const { message: edited } = await edit(ada, message.id, 'the zephyrean plan')
        expect(edited).toMatchObject({ id: message.id, content: 'the zephyrean plan', createdAt: message.createdAt })
        expect(edited.editedAt).toBeGreaterThanOrEqual(message.createdAt)
        expect(await search('quixotic')).toEqual([])
        expect(await search('zephyrean')).toEqual(['the zephyrean plan'])
        const events = world.events()
        expect(events.map((e) => `${e.kind} ${e.operation}`)).toEqual(['message updated'])
        expect(Message.parse(JSON.parse(events[0]!.payload))).toEqual(edited)
        await edit(ada, message.id, 'the third plan')
        expect((await versions(bob, message.id)).items.map((v) => v.content)).toEqual([
          'the quixotic plan',
          'the zephyrean plan',
        ])
        world.events()
        await edit(ada, message.id, 'the third plan')
        expect(world.events()).toEqual([])
      })

      test('is for whoever wrote the message, not even for an admin, and not for what the server says', async () => {
        const { message } = await post(bob, 'mine')
        await expect(edit(ada, message.id, 'yours')).rejects.toMatchObject({ code: 'not_author' })
        await expect(edit(bot, message.id, 'yours')).rejects.toMatchObject({ code: 'not_author' })
        await expect(edit(bob, message.id, ' \n')).rejects.toMatchObject({ code: 'invalid_request' })
        expect((await world.talk.messages.get(ada, message.id)).message.content).toBe('mine')
        const own = await post(bot, 'an agent’s')
        expect((await edit(bot, own.message.id, 'edited')).message.content).toBe('edited')
      })

      test('asks the agents that it mentions for the first time, each once, whatever else is edited', async () => {
        const { message, deliveries } = await post(ada, 'somebody look at this')
        expect(deliveries).toEqual([])
        const first = await edit(ada, message.id, '@bot look at this')
        expect(first.deliveries).toMatchObject([{ agentId: bot.id, cause: 'mention', messageId: message.id }])
        expect((await edit(ada, message.id, 'nobody look')).deliveries).toEqual([])
        expect((await edit(ada, message.id, '@bot look again')).deliveries).toEqual([])
        const { deliveries: all } = await world.talk.messages.get(ada, message.id)
        expect(all).toHaveLength(1)
        const { message: asked } = await post(ada, '@bot do it')
        expect((await edit(ada, asked.id, '@bot do that')).deliveries).toEqual([])
      })

      test('of an agent asks no other agent', async () => {
        await world.agent(ada, computer, 'second')
        const { message } = await post(bot, 'done')
        expect((await edit(bot, message.id, 'done, @second')).deliveries).toEqual([])
      })

      test('counts for the people whom it mentions now, and no more for those whom it does not', async () => {
        await world.talk.channels.markRead(bob, '#general', (await post(ada, 'read up to here')).message.id)
        const { message } = await post(ada, 'hello')
        expect(await mentionCount(bob)).toBe(0)
        world.events()
        await edit(ada, message.id, 'hello @bob')
        expect(await mentionCount(bob)).toBe(1)
        const read = world.events().find((e) => e.kind === 'read')
        expect(read).toMatchObject({ audience: `user:${bob.id}` })
        expect(JSON.parse(read!.payload)).toMatchObject({ mentionCount: 1 })
        await edit(ada, message.id, 'hello @ada')
        expect(await mentionCount(bob)).toBe(0)
      })

      test('is refused when the channel is not there for its writer any more, and after very many', async () => {
        await world.talk.channels.create(ada, { name: 'left', visibility: 'private' })
        await world.talk.channels.addMember(ada, '#left', { kind: 'human', memberId: bob.id })
        const { message } = await post(bob, 'inside', { target: '#left' })
        await world.talk.channels.removeMember(bob, '#left', 'human', bob.id)
        await expect(edit(bob, message.id, 'outside')).rejects.toMatchObject({ kind: 'not_found' })
        await expect(versions(bob, message.id)).rejects.toMatchObject({ kind: 'not_found' })
        await expect(remove(bob, message.id)).rejects.toMatchObject({ kind: 'not_found' })
        const { message: worn } = await post(ada, '0')
        for (let n = 1; n <= MAX_EDITS; n++) await edit(ada, worn.id, String(n))
        await expect(edit(ada, worn.id, 'once more')).rejects.toMatchObject({ code: 'too_many_edits' })
      }, 60_000)
    })

    describe('a deleted message', () => {
      test('leaves its place and its replies, and nothing of what it said anywhere', async () => {
        const secret = 'the password is xyzzy-plugh'
        const { message } = await post(ada, `@bob ${secret}`, { requestId: 'delete-me' })
        await edit(ada, message.id, `@bob ${secret} indeed`)
        await post(bob, 'a reply', { threadId: message.id })
        const { deliveries } = await post(ada, '@bot what was it?', { threadId: message.id })
        const prompt = await world.talk.prompts.snapshot(computer, deliveries[0]!.runId!)
        expect(prompt.prompt.content).toContain('xyzzy')
        const cursor = world.core.hub.head - 100
        world.events()
        const erased = await remove(ada, message.id)
        expect(erased).toMatchObject({ content: '', mentions: [], replyCount: 2 })
        expect(erased.deletedAt).not.toBeNull()
        expect(world.events().find((e) => e.kind === 'message')).toMatchObject({ operation: 'deleted' })

        const { items } = await world.talk.messages.list(bob, { target: '#general', threadId: message.id })
        expect(items.map((m) => m.content)).toEqual(['@bot what was it?', 'a reply', ''])
        expect(await search('xyzzy')).toEqual([])
        expect(await mentionCount(bob)).toBe(0)
        const { db, hub } = world.core
        for (const table of [db.t.messages, db.t.messageEdits, db.t.events, db.t.prompts, db.t.idempotency])
          expect(JSON.stringify(await db.q.select().from(table))).not.toContain('xyzzy')
        const { events } = await hub.after(Math.max(0, cursor))
        expect(JSON.stringify(events)).not.toContain('xyzzy')
        const again = await world.talk.prompts.snapshot(computer, deliveries[0]!.runId!)
        expect(again.prompt.content).toContain('(a message that was deleted)')
        expect(again.prompt.content).toContain('@bob: a reply')
        const hash = new Bun.CryptoHasher('sha256').update(again.prompt.content).digest('hex')
        expect(again.prompt.contentHash).toBe(hash)

        const repeated = await post(ada, `@bob ${secret}`, { requestId: 'delete-me' })
        expect(repeated.message).toEqual(erased)
        expect(await remove(ada, message.id)).toMatchObject({ deletedAt: erased.deletedAt })
        await expect(edit(ada, message.id, 'x')).rejects.toMatchObject({ code: 'message_deleted' })
        expect((await versions(bob, message.id)).items).toEqual([])
      })

      test('is its writer’s to delete, or an admin’s of the channel', async () => {
        const { message } = await post(bot, 'an agent said')
        await expect(remove(bob, message.id)).rejects.toMatchObject({ code: 'not_author' })
        expect((await remove(ada, message.id)).content).toBe('')
        const own = await post(bob, 'bob said')
        expect((await remove(bob, own.message.id)).content).toBe('')
      })

      test('is not begun with by agents that had not begun', async () => {
        const { message, deliveries } = await post(ada, '@bot never mind')
        await remove(ada, message.id)
        const { t, q } = world.core.db
        const [run] = await q.select().from(t.runs).where(eq(t.runs.id, deliveries[0]!.runId!))
        expect(run).toMatchObject({ state: 'canceled', failure: { reason: 'killed' } })
      })

      test('does not come back when the search index is built anew', async () => {
        const { message } = await post(ada, 'ephemeral words')
        await remove(ada, message.id)
        await world.core.db.tx((tx) => world.core.settings.put(tx, 'search.version', 'old'))
        await world.talk.search.ensure()
        expect(await search('ephemeral')).toEqual([])
      })
    })
  })
