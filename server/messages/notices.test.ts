import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { createWorld, type World } from '../../test/fixtures/world'
import type { ComputerPrincipal, UserPrincipal } from '../access/principal'
import { systemText } from './notices'

let world: World
let ada: UserPrincipal
let bob: UserPrincipal
let computer: ComputerPrincipal

beforeAll(async () => {
  world = await createWorld()
  ada = await world.user('ada', 'owner')
  bob = await world.user('bob')
  computer = await world.computer()
  await world.agent(ada, computer, 'bot')
})
afterAll(() => world.close())

const said = async (target: string) =>
  (await world.talk.messages.list(ada, { target })).items
    .filter((m) => m.system)
    .map((m) => m.content)
    .toReversed()

describe('a channel', () => {
  test('says who came and went and what became of it, to nobody’s attention', async () => {
    const { channels, messages } = world.talk
    await channels.create(ada, { name: 'story' })
    await channels.join(bob, '#story')
    await messages.post(ada, { target: '#story', content: '@bot come' })
    await channels.update(ada, '#story', { name: 'The story', topic: 'News', visibility: 'private' })
    await channels.update(ada, '#story', { topic: '', visibility: 'public' })
    await channels.removeMember(ada, '#story', 'agent', world.core.directory.byHandle('bot')!.id)
    await channels.removeMember(bob, '#story', 'human', bob.id)
    await channels.addMember(ada, '#story', { kind: 'human', memberId: bob.id })
    expect(await said('#story')).toEqual([
      '@bob joined.',
      '@ada added @bot.',
      '@ada renamed the channel to “The story”.',
      '@ada set the topic to “News”.',
      '@ada made the channel private.',
      '@ada cleared the topic.',
      '@ada made the channel public.',
      '@ada removed @bot.',
      '@bob left.',
      '@ada added @bob.',
    ])
    const { items } = await messages.list(bob, { target: '#story', limit: 1 })
    expect(items[0]).toMatchObject({
      sender: { kind: 'system', id: 'notice' },
      system: { type: 'channel.member_added', data: { kind: 'human', memberId: bob.id, name: 'bob', by: 'ada' } },
      mentions: [],
    })
    // What somebody said is unread, and nothing else.
    expect(await channels.get(bob, '#story')).toMatchObject({ unreadCount: 1, mentionCount: 0, name: 'The story' })
    expect((await messages.search(ada, { q: 'renamed' })).items).toEqual([])
  })

  test('is told so in its own language, and what happens in it as well', async () => {
    const { channels, messages } = world.talk
    await channels.create(ada, { name: '中文', language: 'zh', visibility: 'private' })
    await channels.addMember(ada, '#中文', { kind: 'human', memberId: bob.id })
    await channels.update(ada, '#中文', { topic: '你好' })
    expect(await said('#中文')).toEqual(['@ada 将 @bob 加入了频道。', '@ada 将频道主题设为“你好”。'])
    const { message } = await messages.post(ada, { target: '#中文', content: '@bot 你在吗' })
    const { items } = await messages.list(ada, { target: '#中文', threadId: message.id })
    expect(items[0]!.content).toStartWith('@bot 不是此频道的成员')
    const member = { kind: 'agent', memberId: world.core.directory.byHandle('bot')!.id } as const
    await channels.addMember(ada, '#中文', member)
    const { deliveries } = await messages.post(ada, { target: '#中文', content: '@bot 现在呢' })
    const { prompt } = await world.talk.prompts.snapshot(computer, deliveries[0]!.runId!)
    expect(prompt.content).toContain('channel_language=zh')
    await channels.update(ada, '#中文', { language: 'en' })
    await channels.update(ada, '#中文', { topic: 'hello' })
    expect((await said('#中文')).at(-1)).toBe('@ada set the topic to “hello”.')
  })

  test('where everybody is says who leaves, not who is put into it', async () => {
    await world.user('newcomer')
    expect(await said('#general')).toEqual([])
    await world.talk.channels.removeMember(bob, '#general', 'human', bob.id)
    expect(await said('#general')).toEqual(['@bob left.'])
  })
})

test('what is not known in a language stays as its writer said it', () => {
  expect(systemText('en', { type: 'guard.tripped', data: { reason: 'guard_cost' } })).toBeUndefined()
  const guard = { type: 'guard.tripped', data: { reason: 'guard_cost', agentName: 'bot' } }
  expect(systemText('zh', guard)).toStartWith('@bot 已达到今天的费用上限')
  expect(systemText('zh', { type: 'nobody.knows', data: {} })).toBeUndefined()
  expect(systemText('en', { type: 'channel.topic', data: { by: 'a', topic: '{by} $&' } })).toBe(
    '@a set the topic to “{by} $&”.',
  )
})
