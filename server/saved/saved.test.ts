import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { MAX_DRAFTS } from '@shared/contract'
import { createWorld, type World } from '../../test/fixtures/world'
import { type Scratch, storages } from '../../test/storages'
import type { AgentPrincipal, UserPrincipal } from '../access/principal'
import { type TestServer, startTestServer } from '../testing'

for (const storage of storages.filter((s) => s.available))
  describe(`on ${storage.name}`, () => {
    let scratch: Scratch
    let world: World
    let ada: UserPrincipal
    let bob: UserPrincipal
    let bot: AgentPrincipal

    beforeAll(async () => {
      scratch = await storage.scratch()
      world = await createWorld(scratch.dsn)
      ada = await world.user('ada', 'owner')
      bob = await world.user('bob')
      bot = await world.agent(ada, await world.computer(), 'bot')
    }, 60_000)
    afterAll(async () => {
      await world?.close()
      await scratch?.drop()
    })

    const post = async (content: string, target = '#general') =>
      (await world.talk.messages.post(ada, { target, content })).message.id
    const saved = () => world.talk.saved
    const texts = async (p: UserPrincipal | AgentPrincipal, query: object = {}) =>
      (await saved().list(p, query)).items.map((item) => item.message.content)

    describe('saved messages', () => {
      test('are one’s own, the latest first, as they are now, once each', async () => {
        const ids = [await post('one'), await post('two'), await post('three')]
        world.events()
        for (const id of ids) await saved().save(bob, id)
        const again = await saved().save(bob, ids[0]!)
        expect(again).toMatchObject({ messageId: ids[0], target: '#general', message: { content: 'one' } })
        const events = world.events()
        expect(events.map((e) => `${e.kind} ${e.operation} ${e.audience}`)).toEqual(
          Array(3).fill(`saved created user:${bob.id}`),
        )
        expect(events.some((e) => e.payload.includes('three'))).toBe(false)
        expect(await texts(bob)).toEqual(['three', 'two', 'one'])
        expect(await texts(ada)).toEqual([])
        const page = await saved().list(bob, { limit: 2 })
        expect(await texts(bob, { limit: 2, cursor: page.nextCursor })).toEqual(['one'])
        await world.talk.messages.editing.edit(ada, ids[1]!, 'two, edited')
        expect(await texts(bob)).toEqual(['three', 'two, edited', 'one'])
        expect(await saved().unsave(bob, ids[1]!)).toMatchObject({ removed: true })
        expect(await saved().unsave(bob, ids[1]!)).toEqual({ removed: false })
        expect(await texts(bob)).toEqual(['three', 'one'])
        await saved().save(bot, ids[0]!)
        expect(await texts(bot)).toEqual(['one'])
        await expect(saved().list(bob, { cursor: 'x' })).rejects.toMatchObject({ code: 'invalid_cursor' })
      })

      test('of a channel that one has left are not shown, and can be let go of', async () => {
        await world.talk.channels.create(ada, { name: 'gone', visibility: 'private' })
        const id = await post('hidden', '#gone')
        await expect(saved().save(bob, id)).rejects.toMatchObject({ kind: 'not_found' })
        await world.talk.channels.addMember(ada, '#gone', { kind: 'human', memberId: bob.id })
        await saved().save(bob, id)
        expect(await texts(bob)).toContain('hidden')
        await world.talk.channels.removeMember(bob, '#gone', 'human', bob.id)
        expect(await texts(bob)).not.toContain('hidden')
        await expect(saved().list(bob, { target: '#gone' })).rejects.toMatchObject({ kind: 'not_found' })
        expect(await saved().unsave(bob, id)).toMatchObject({ removed: true })
      })

      test('say nothing more when they were deleted', async () => {
        const id = await post('soon gone')
        await saved().save(bob, id)
        await world.talk.messages.editing.delete(ada, id)
        const { items } = await saved().list(bob, {})
        expect(items.find((item) => item.messageId === id)).toMatchObject({ message: { content: '' } })
        await expect(saved().save(ada, id)).rejects.toMatchObject({ code: 'message_deleted' })
      })
    })

    describe('drafts', () => {
      test('are one a conversation, told to their writer’s devices alone, and gone when they are empty', async () => {
        const root = await post('root')
        const reply = (await world.talk.messages.post(ada, { target: '#general', content: 'r', threadId: root }))
          .message
        const { drafts } = world.talk
        world.events()
        await drafts.put(bob, { target: '#general', content: 'a' })
        await drafts.put(bob, { target: '#general', content: 'ab' })
        await drafts.put(bob, { target: '#general', threadId: reply.id, content: 'in the thread' })
        const events = world.events()
        expect(events.map((e) => `${e.kind} ${e.audience}`)).toEqual(Array(3).fill(`draft user:${bob.id}`))
        expect((await drafts.list(bob)).items).toMatchObject(
          expect.arrayContaining([
            expect.objectContaining({ threadId: null, content: 'ab' }),
            expect.objectContaining({ threadId: root, content: 'in the thread' }),
          ]),
        )
        expect((await drafts.list(ada)).items).toEqual([])
        await drafts.put(bob, { target: '#general', content: '' })
        expect(world.events()).toMatchObject([{ kind: 'draft', operation: 'deleted' }])
        await drafts.put(bob, { target: '#general', content: '' })
        expect(world.events()).toEqual([])
        expect((await drafts.list(bob)).items).toHaveLength(1)
      })

      test('are for conversations that one may write in', async () => {
        const { drafts, channels } = world.talk
        await channels.create(ada, { name: 'own', visibility: 'private' })
        await expect(drafts.put(bob, { target: '#own', content: 'x' })).rejects.toMatchObject({ kind: 'not_found' })
        await channels.addMember(ada, '#own', { kind: 'human', memberId: bob.id })
        await drafts.put(bob, { target: '#own', content: 'mine' })
        const there = async () => (await drafts.list(bob)).items.some((draft) => draft.target === '#own')
        expect(await there()).toBe(true)
        await channels.removeMember(bob, '#own', 'human', bob.id)
        expect(await there()).toBe(false)
        const stranger = { target: '#general', threadId: await post('elsewhere', '#own'), content: 'x' }
        await expect(drafts.put(bob, stranger)).rejects.toMatchObject({ code: 'thread_unknown' })
      })

      test('are so many and no more', async () => {
        const cid = await world.user('cid')
        const { drafts } = world.talk
        for (let n = 0; n < MAX_DRAFTS; n++)
          await drafts.put(cid, { target: '#general', threadId: await post(String(n)), content: 'x' })
        const more = { target: '#general', content: 'one more' }
        await expect(drafts.put(cid, more)).rejects.toMatchObject({ code: 'too_many_drafts' })
      }, 60_000)
    })
  })

describe('over HTTP', () => {
  let server: TestServer
  beforeAll(async () => {
    server = await startTestServer()
  })
  afterAll(() => server.stop())

  test('threads, the inbox, saved messages and drafts answer as their contract says', async () => {
    const owner = await server.as('owner')
    const member = await server.as('member')
    const body = { target: '#general', content: '@owner hello' }
    const { message } = await member.call('POST /api/messages', { body })
    const { id } = message
    await owner.call('POST /api/messages', { body: { target: '#general', content: 'hi', threadId: id } })
    const thread = await member.call('GET /api/threads/{id}', { params: { id } })
    expect(thread).toMatchObject({ followed: true, unreadCount: 1, replyCount: 1 })
    expect((await owner.call('GET /api/threads', { query: { followed: 'true' } })).items).toHaveLength(1)
    await owner.call('DELETE /api/threads/{id}/follow', { params: { id } })
    await owner.call('PUT /api/threads/{id}/follow', { params: { id } })
    const inbox = await owner.call('GET /api/inbox')
    expect(inbox.items).toMatchObject([{ kind: 'mention' }])
    await owner.call('POST /api/inbox/{id}', { params: { id: inbox.items[0]!.id }, body: { state: 'done' } })
    expect((await member.call('GET /api/inbox/threads', { query: { unread: 'true' } })).items).toHaveLength(1)
    await member.call('POST /api/inbox/threads/{threadId}/read', { params: { threadId: id } })
    expect(await member.call('POST /api/inbox/threads/read-all', { body: {} })).toEqual({ changed: 0 })
    expect(await member.call('POST /api/inbox/mark-all', { body: { state: 'done' } })).toEqual({ changed: 1 })
    await owner.call('POST /api/messages/{id}/save', { params: { id } })
    expect((await owner.call('GET /api/messages/saved')).items).toMatchObject([{ messageId: id }])
    expect(await owner.call('DELETE /api/messages/{id}/save', { params: { id } })).toMatchObject({ removed: true })
    await owner.call('PUT /api/drafts', { body: { target: '#general', content: 'not yet' } })
    expect((await owner.call('GET /api/drafts')).items).toMatchObject([{ content: 'not yet' }])
  })
})
