import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { Emoji, MAX_EMOJI, MAX_PINS, Message, permalinkOf } from '@shared/contract'
import { createWorld, type World } from '../../test/fixtures/world'
import { type Scratch, storages } from '../../test/storages'
import type { AgentPrincipal, UserPrincipal } from '../access/principal'
import { type TestServer, startTestServer } from '../testing'

test.each(['👍', '❤️', '👩‍💻', '👍🏽', '🇩🇪', '1️⃣', '🏴󠁧󠁢󠁳󠁣󠁴󠁿', '☺', '👨‍👩‍👧‍👦'])('%s is an emoji', (text) => {
  expect(Emoji.safeParse(text).success).toBe(true)
})

test.each(['', 'a', '1', '#', '👍👍', '👍 ', ':+1:', '<b>', '\u200d', '字', '🇩', '👍'.repeat(20)])(
  '%p is no emoji',
  (text) => {
    expect(Emoji.safeParse(text).success).toBe(false)
  },
)

test('a message has a link to its page in the console', () => {
  const at = (target: string, threadId: string | null) => permalinkOf({ target, threadId, id: 'msg_2' })
  expect(at('#general', null)).toBe('/c/general?message=msg_2')
  expect(at('#日志', 'msg_1')).toBe(`/c/${encodeURIComponent('日志')}?thread=msg_1&message=msg_2`)
  expect(at('dm:a+b', null)).toBe('/d/a%2Bb?message=msg_2')
})

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
    const marks = () => world.talk.messages.marks

    test('reactions are one for each somebody and emoji, in order, and go with the message', async () => {
      const id = await post('react')
      await marks().react(ada, id, '👍')
      await marks().react(bot, id, '👍')
      await marks().react(bob, id, '🎉')
      world.events()
      const same = await marks().react(bob, id, '🎉')
      expect(world.events()).toEqual([])
      expect(same.reactions).toEqual([
        {
          emoji: '👍',
          by: [
            { kind: 'human', id: ada.id },
            { kind: 'agent', id: bot.id },
          ],
        },
        { emoji: '🎉', by: [{ kind: 'human', id: bob.id }] },
      ])
      const { items } = await world.talk.messages.list(bob, { target: '#general', limit: 1 })
      expect(items[0]).toEqual(same)
      // What changes the message in another way keeps them.
      await world.talk.messages.post(bob, { target: '#general', content: 'reply', threadId: id })
      await marks().unreact(bob, id, '🎉')
      await marks().unreact(bob, id, '👍')
      const [event] = world.events().toReversed()
      expect(Message.parse(JSON.parse(event!.payload))).toMatchObject({
        id,
        replyCount: 1,
        reactions: [{ emoji: '👍' }],
      })
    })

    test('two people who react at the same moment both do', async () => {
      const id = await post('at once')
      await Promise.all([ada, bob].map((p) => marks().react(p, id, '👀')))
      const { message } = await world.talk.messages.get(ada, id)
      expect(message.reactions[0]!.by.map((one) => one.id).toSorted()).toEqual([ada.id, bob.id].toSorted())
    })

    test('so many different ones are enough', async () => {
      const id = await post('many')
      for (let n = 0; n < MAX_EMOJI; n++) await marks().react(ada, id, String.fromCodePoint(0x1f600 + n))
      await expect(marks().react(ada, id, '👍')).rejects.toMatchObject({ code: 'too_many_reactions' })
      await marks().react(bob, id, '😀')
    })

    test('a pinned message says who pinned it, is listed latest first, and is bounded', async () => {
      await world.talk.channels.create(ada, { name: 'pins' })
      const first = await post('first', '#pins')
      const second = await post('second', '#pins')
      const pinned = await marks().pin(ada, first)
      expect(pinned.pinned).toMatchObject({ by: { name: 'ada' } })
      await marks().pin(ada, second)
      expect(await marks().pin(bob, first)).toEqual(pinned)
      const ids = async () => (await marks().pins(bob, '#pins')).items.map((m) => m.id)
      expect((await ids()).toSorted()).toEqual([first, second].toSorted())
      await marks().unpin(bob, first)
      expect(await ids()).toEqual([second])
      await world.talk.messages.editing.delete(ada, second)
      expect(await ids()).toEqual([])
      await expect(marks().pin(ada, second)).rejects.toMatchObject({ code: 'message_deleted' })
      await expect(marks().react(ada, second, '👍')).rejects.toMatchObject({ code: 'message_deleted' })
      for (let n = 0; n < MAX_PINS; n++) await marks().pin(ada, await post(String(n), '#pins'))
      await expect(marks().pin(ada, first)).rejects.toMatchObject({ code: 'too_many_pins' })
    }, 60_000)

    test('neither is for those who are not in the channel, or only read', async () => {
      await world.talk.channels.create(ada, { name: 'shut', visibility: 'private' })
      const id = await post('inside', '#shut')
      await marks().pin(ada, id)
      for (const p of [bob, bot]) {
        await expect(marks().react(p, id, '👍')).rejects.toMatchObject({ kind: 'not_found' })
        await expect(marks().unpin(p, id)).rejects.toMatchObject({ kind: 'not_found' })
        await expect(marks().pins(p, '#shut')).rejects.toMatchObject({ kind: 'not_found' })
      }
      const viewer = await world.user('vic', 'viewer')
      await expect(marks().react(viewer, await post('read only'), '👍')).rejects.toMatchObject({ kind: 'forbidden' })
    })
  })

describe('over HTTP', () => {
  let server: TestServer
  beforeAll(async () => {
    server = await startTestServer()
  })
  afterAll(() => server.stop())

  test('an emoji stands in the path', async () => {
    const { call } = await server.as('owner')
    const { message } = await call('POST /api/messages', { body: { target: '#general', content: 'hi' } })
    const { id } = message
    const put = await call('PUT /api/messages/{id}/reactions/{emoji}', { params: { id, emoji: '👩‍💻' } })
    expect(put.reactions).toMatchObject([{ emoji: '👩‍💻' }])
    await expect(
      call('PUT /api/messages/{id}/reactions/{emoji}', { params: { id, emoji: 'nope' } }),
    ).rejects.toMatchObject({ status: 400 })
    const gone = await call('DELETE /api/messages/{id}/reactions/{emoji}', { params: { id, emoji: '👩‍💻' } })
    expect(gone.reactions).toEqual([])
    await call('PUT /api/messages/{id}/pin', { params: { id } })
    const { items } = await call('GET /api/channels/{target}/pins', { params: { target: '#general' } })
    expect(items.map((m) => m.id)).toEqual([id])
    await call('DELETE /api/messages/{id}/pin', { params: { id } })
    const edited = await call('PATCH /api/messages/{id}', { params: { id }, body: { content: 'ho' } })
    expect(edited.message.content).toBe('ho')
    expect((await call('GET /api/messages/{id}/edits', { params: { id } })).items).toMatchObject([{ content: 'hi' }])
    expect(await call('DELETE /api/messages/{id}', { params: { id } })).toMatchObject({ content: '' })
  })
})
