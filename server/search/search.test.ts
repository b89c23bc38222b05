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
    let bot: AgentPrincipal

    beforeAll(async () => {
      scratch = await storage.scratch()
      world = await createWorld(scratch.dsn)
      ada = await world.user('ada', 'owner')
      bob = await world.user('bob')
      bot = await world.agent(ada, await world.computer(), 'bot')
      await world.talk.channels.create(ada, { name: 'secret', visibility: 'private' })
      for (const content of [
        'The deployment failed with out of memory',
        'the it of a an to be',
        'memory of things: see https://example.org/a_b',
        '部署失败了，请检查数据库',
        'Crème brûlée for `everyone`',
        'in_nothing from_nobody',
      ])
        await world.talk.messages.post(ada, { target: '#general', content })
      await world.talk.messages.post(bob, { target: '#general', content: 'I deployed it again' })
      await world.talk.messages.post(ada, { target: '#secret', content: 'the deployment of the treasure' })
    }, 60_000)
    afterAll(async () => {
      await world?.close()
      await scratch?.drop()
    })

    const found = async (p: UserPrincipal | AgentPrincipal, q: string, more: object = {}) =>
      (await world.talk.messages.search(p, { q, ...more })).items.map((message) => message.content)

    test('words are found by their beginning, in any case, newest first, by those who may read them', async () => {
      expect(await found(ada, 'DEPLOY')).toEqual([
        'the deployment of the treasure',
        'I deployed it again',
        'The deployment failed with out of memory',
      ])
      expect(await found(bob, 'deploy')).toHaveLength(2)
      expect(await found(bot, 'treasure')).toEqual([])
      await expect(found(bob, 'in:#secret treasure')).rejects.toMatchObject({ kind: 'not_found' })
    })

    test.each([
      ['"out of memory"', ['The deployment failed with out of memory']],
      ['"memory of out"', []],
      ['memory -failed', ['memory of things: see https://example.org/a_b']],
      ['has:link', ['memory of things: see https://example.org/a_b']],
      ['has:code', ['Crème brûlée for `everyone`']],
      ['example.org/a_b', ['memory of things: see https://example.org/a_b']],
      ['from:bob', ['I deployed it again']],
      ['it', ['I deployed it again', 'the it of a an to be']],
      ['of an', ['the it of a an to be']],
      ['creme', ['Crème brûlée for `everyone`']],
      ['失败', ['部署失败了，请检查数据库']],
      ['败失', []],
      ['部署失败 数据', ['部署失败了，请检查数据库']],
      ['库', ['部署失败了，请检查数据库']],
      ['in_nothing', ['in_nothing from_nobody']],
      ['memory after:2100-01-01', []],
      ['deploy before:2000-01-01', []],
      ['-it -memory -失败 -in_nothing before:2100-01-01', ['Crème brûlée for `everyone`']],
      ['in:general deploy before:2100-01-01', ['I deployed it again', 'The deployment failed with out of memory']],
    ])('%p finds %p', async (q, expected) => expect(await found(bob, q)).toEqual(expected))

    test.each([
      'x") OR ("treasure',
      "x') | ('treasure'",
      'x) qztreasure* (qzx',
      `${'x'.repeat(500)}`,
      'x" OR "is_message',
      "x' | 'is_message",
      'x qzis_message',
      '',
    ])('whoever is said to have written it, it is no part of the query: %j', async (senderId) => {
      expect(await found(bob, 'deploy', { senderId })).toEqual([])
      expect(await found(bob, 'treasure', { senderId })).toEqual([])
    })

    test('a page goes on where the one before ended, in both orders', async () => {
      for (const sort of ['recent', 'relevance'] as const) {
        const first = await world.talk.messages.search(ada, { q: 'deploy', sort, limit: 2 })
        const rest = await world.talk.messages.search(ada, { q: 'deploy', sort, limit: 2, cursor: first.nextCursor })
        expect(rest.nextCursor).toBeUndefined()
        expect(new Set([...first.items, ...rest.items].map((message) => message.id)).size).toBe(3)
      }
      await expect(world.talk.messages.search(ada, { q: 'deploy', cursor: 'nonsense' })).rejects.toMatchObject({
        code: 'invalid_cursor',
      })
    })

    test('the best match comes first, with the words that matched', async () => {
      const { items } = await world.talk.search.search(bob, { q: 'memory things' })
      expect(items).toHaveLength(1)
      expect(items[0]).toMatchObject({ kind: 'message', target: '#general', sender: { name: 'ada' } })
      expect(items[0]!.highlights.map(([from, to]) => items[0]!.snippet.slice(from, to))).toEqual(['memory', 'things'])
    })

    test('what is Markdown is shown as it reads, and as it stands where only its signs match', async () => {
      const content = 'The **outage** is _over_, see [the report](https://status.example/zebra)'
      await world.talk.messages.post(ada, { target: '#general', content })
      const shown = async (q: string) => (await world.talk.search.search(bob, { q })).items[0]
      const hit = await shown('outage')
      expect(hit).toMatchObject({ snippet: 'The outage is over, see the report', messageId: hit?.id })
      expect(hit?.highlights.map(([from, to]) => hit.snippet.slice(from, to))).toEqual(['outage'])
      expect((await shown('zebra'))?.snippet).toContain('](https://status.example/zebra)')
    })

    test('the index can be built anew, and finds the same', async () => {
      const before = await found(ada, 'deploy')
      await world.core.db.tx((tx) => world.core.settings.remove(tx, 'search.version'))
      await world.talk.search.ensure()
      expect(await found(ada, 'deploy')).toEqual(before)
      expect(await world.core.settings.get('search.version')).toBe('1')
    })

    test('what is changed is found by its new words only, what is removed not at all', async () => {
      const { message } = await world.talk.messages.post(ada, { target: '#general', content: 'a marmot' })
      const doc = {
        kind: 'message' as const,
        refId: message.id,
        channelId: world.core.directory.channelAt('#general')!.id,
        threadId: '',
        senderId: ada.id,
        text: 'a capybara',
        has: [],
        label: 'note',
        createdAt: message.createdAt,
      }
      await world.core.db.tx((tx) => world.talk.search.put(tx, doc))
      expect([await found(ada, 'marmot'), await found(ada, 'capybara')]).toEqual([[], ['a marmot']])
      await world.core.db.tx((tx) => world.talk.search.remove(tx, 'message', message.id))
      expect(await found(ada, 'capybara')).toEqual([])
    })
  })
