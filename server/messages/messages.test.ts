import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { createWorld, type World } from '../../test/fixtures/world'
import type { AgentPrincipal, UserPrincipal } from '../access/principal'
import { findMentions } from './mentions'

let world: World
let ada: UserPrincipal
let bob: UserPrincipal
let bot: AgentPrincipal

beforeAll(async () => {
  world = await createWorld()
  ada = await world.user('ada', 'owner')
  bob = await world.user('bob')
  bot = await world.agent(ada, await world.computer(), 'bot')
})
afterAll(() => world.close())

const post = (
  p: UserPrincipal | AgentPrincipal,
  content: string,
  more: { target?: string; threadId?: string; requestId?: string } = {},
) => world.talk.messages.post(p, { target: '#general', content, ...more })

describe('mentions', () => {
  const table: [text: string, names: string[]][] = [
    ['@ada', ['ada']],
    ['@ADA, please', ['ada']],
    ['hey @ada: and (@bob)!', ['ada', 'bob']],
    ['@ada.', ['ada']],
    ['@ada’s idea', ['ada']],
    ['你好@ada谢谢', ['ada']],
    ['你好 @ada，谢谢', ['ada']],
    ['@ada/cli', []],
    ['x@ada', []],
    ['@ada.dev', []],
    ['`@ada` @bob', ['bob']],
    ['~~~\n@ada\n~~~', []],
    ['> @ada said so\n@bob', ['bob']],
    ['2 > 1, @ada', ['ada']],
    ['```\n@ada', []],
    ['@nobody', []],
    ['@ada @ada', ['ada']],
  ]
  for (const [text, names] of table)
    test(`of “${text.replaceAll('\n', '⏎')}” are ${names.length ? names.join(' and ') : 'none'}`, () => {
      expect(findMentions(text, world.core.directory).map((m) => m.name)).toEqual(names)
    })
})

describe('a message', () => {
  test('brings its writer and an agent into a public channel once, however many are written at the same moment', async () => {
    await world.talk.channels.create(ada, { name: 'crowd' })
    const posted = await Promise.all([1, 2, 3].map((n) => post(bob, `@bot ${n}`, { target: '#crowd' })))
    expect(posted.map(({ deliveries }) => deliveries.length)).toEqual([1, 1, 1])
    expect(
      world.talk.channels
        .members(ada, '#crowd')
        .map((m) => m.name)
        .toSorted(),
    ).toEqual(['ada', 'bob', 'bot'])
  })

  test('with the same key is written once, also when both arrive together', async () => {
    world.events()
    const twice = await Promise.all([1, 2].map(() => post(ada, '@bot once', { requestId: 'k1' })))
    expect(twice[0]).toEqual(twice[1]!)
    expect(world.events().filter((e) => e.kind === 'message')).toHaveLength(1)
  })

  test('with the same key and other text is refused, and nothing changes', async () => {
    await post(ada, 'one', { requestId: 'k2' })
    world.events()
    expect(post(ada, 'two', { requestId: 'k2' })).rejects.toMatchObject({ code: 'idempotency_conflict' })
    await post(bob, 'another caller’s key is another key', { requestId: 'k2' })
    expect(world.events()).toHaveLength(1)
  })

  const refused: [
    name: string,
    who: () => UserPrincipal | AgentPrincipal,
    target: string,
    threadId: string | undefined,
    code: string,
  ][] = [
    ['to a channel that is not there', () => ada, '#nowhere', undefined, 'not_found'],
    ['of an agent to a channel that it is not in', () => bot, '#elsewhere', undefined, 'not_found'],
    ['in a thread that is not there', () => ada, '#general', 'msg_00000000000000000000000000000000', 'thread_unknown'],
  ]
  for (const [name, who, target, threadId, code] of refused)
    test(`${name} is refused and leaves no trace`, async () => {
      if (!world.core.directory.channelAt('#elsewhere')) await world.talk.channels.create(ada, { name: 'elsewhere' })
      world.events()
      expect(world.talk.messages.post(who(), { target, content: 'x', threadId })).rejects.toMatchObject({ code })
      expect(world.events()).toEqual([])
    })

  test('in a thread belongs to the thread, whichever of its messages it answers', async () => {
    const root = (await post(ada, 'root')).message
    const reply = (await post(bob, 'reply', { threadId: root.id })).message
    const nested = (await post(ada, 'nested', { threadId: reply.id })).message
    expect(nested.threadId).toBe(root.id)
    const { items } = await world.talk.messages.list(bob, { target: '#general', threadId: root.id })
    expect(items.map((m) => m.content)).toEqual(['nested', 'reply', 'root'])
    expect(items.at(-1)).toMatchObject({ replyCount: 2 })
  })

  test('that mentions an agent brings it into a public channel, not into a private one', async () => {
    await world.talk.channels.create(ada, { name: 'open' })
    expect((await post(ada, '@bot come', { target: '#open' })).deliveries).toHaveLength(1)
    await world.talk.channels.create(ada, { name: 'closed', visibility: 'private' })
    const { message, deliveries } = await post(ada, '@bot come', { target: '#closed' })
    expect(deliveries).toEqual([])
    const { items } = await world.talk.messages.list(ada, { target: '#closed', threadId: message.id })
    expect(items[0]).toMatchObject({ system: { type: 'agent.not_member', data: { agentName: 'bot' } } })
  })

  test('in a direct conversation with an agent needs no mention, and is answered where it is', async () => {
    const { target } = await world.talk.channels.openDm(ada, 'agent', bot.id)
    const { deliveries } = await post(ada, 'just us', { target })
    expect(deliveries).toMatchObject([{ cause: 'direct', threadId: null, target }])
    expect(post(bob, 'me too', { target })).rejects.toMatchObject({ kind: 'not_found' })
  })

  test('pages without gaps or repetitions, forwards and backwards', async () => {
    await world.talk.channels.create(ada, { name: 'pages' })
    for (let i = 0; i < 25; i++) await post(ada, String(i), { target: '#pages' })
    const seen: string[] = []
    for (let cursor: string | undefined; ;) {
      const page = await world.talk.messages.list(ada, { target: '#pages', limit: 10, cursor })
      seen.push(...page.items.map((m) => m.content))
      cursor = page.nextCursor
      if (!cursor) break
    }
    expect(seen).toEqual(Array.from({ length: 25 }, (_, i) => String(24 - i)))
    const { items } = await world.talk.messages.list(ada, { target: '#pages', limit: 10 })
    const later = await world.talk.messages.list(ada, { target: '#pages', after: items[5]!.id })
    expect(later.items.map((m) => m.content)).toEqual(['20', '21', '22', '23', '24'])
    const around = await world.talk.messages.list(ada, { target: '#pages', around: items[5]!.id, limit: 4 })
    expect(around.items.map((m) => m.content)).toEqual(['21', '20', '19', '18', '17'])
  })

  test('is found by its words by those who may read it', async () => {
    await post(ada, 'one hundred 100% sure_thing 搜索文字')
    for (const q of ['100%', 'SURE_thing', '搜索'])
      expect((await world.talk.messages.search(bob, { q })).items).toHaveLength(1)
    expect((await world.talk.messages.search(bob, { q: 'undred' })).items).toEqual([])
  })
})
