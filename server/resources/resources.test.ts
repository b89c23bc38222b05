import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { type World, createWorld } from '../../test/fixtures/world'
import { type Scratch, storages } from '../../test/storages'
import type { AgentPrincipal, UserPrincipal } from '../access/principal'
import { MAX_SUBSCRIPTIONS, type ResourceService, SUBSCRIPTION_MS } from './service'
import { parseUri } from './uri'

test.each([
  ['nekode://conversations/%23general', 'conversation', '#general', undefined],
  [`nekode://conversations/${encodeURIComponent('dm:chn_1')}`, 'conversation', 'dm:chn_1', undefined],
  [`nekode://conversations/%23general:msg_1`, 'thread', '#general', 'msg_1'],
  ['nekode://tasks/tsk_1', 'task', 'tsk_1', undefined],
  ['nekode://memory/agent_1', 'memory', 'agent_1', undefined],
] as const)('%s is a %s', (uri, kind, name, threadId) => {
  expect(parseUri(uri)).toEqual({ kind, name, threadId })
})

test.each([
  '',
  'general',
  'file:///etc/passwd',
  'nekode://conversations/',
  'nekode://conversations/a/b',
  'nekode://conversations/%zz',
  'nekode://other/x',
  `nekode://tasks/${'x'.repeat(500)}`,
])('%j names no resource', (uri) => {
  expect(() => parseUri(uri)).toThrow(expect.objectContaining({ kind: 'invalid', code: 'resource_unknown' }))
})

for (const storage of storages.filter((s) => s.available))
  describe(`on ${storage.name}`, () => {
    let scratch: Scratch
    let world: World
    let ada: UserPrincipal
    let bot: AgentPrincipal
    let other: AgentPrincipal
    let resources: ResourceService

    beforeAll(async () => {
      scratch = await storage.scratch()
      world = await createWorld(scratch.dsn)
      ada = await world.user('ada', 'owner')
      const box = await world.computer()
      bot = await world.agent(ada, box, 'bot')
      other = await world.agent(ada, box, 'other')
      resources = world.talk.resources
      await world.talk.channels.create(ada, { name: 'den', visibility: 'private' })
      await world.talk.channels.addMember(ada, '#den', { kind: 'agent', memberId: bot.id })
    }, 60_000)
    afterAll(async () => {
      await world?.close()
      await scratch?.drop()
    })

    const watch = (uri: string, p = bot) => resources.subscribe(p, { uri, runtimeId: '', endpointId: '' })
    const say = async (target: string, content: string, threadId?: string) =>
      (await world.talk.messages.post(ada, { target, content, ...(threadId === undefined ? {} : { threadId }) }))
        .message
    /** The texts of the messages among the updates, with their numbers. */
    const read = async (id: string, cursor?: string, limit = 100) => {
      const page = await resources.updates(bot, { id, cursor, limit })
      return {
        cursor: page.cursor,
        said: page.updates.map(({ event, sequence }) => `${sequence} ${JSON.parse(event.payload).content}`),
      }
    }

    test('a conversation’s changes come in order, numbered from 1, page after page and later on', async () => {
      await say('#den', 'before')
      const { id } = await watch('nekode://conversations/%23den')
      expect((await read(id)).said).toEqual([])
      for (const text of ['one', 'two', 'three']) await say('#den', text)
      await say('#general', 'elsewhere')
      const first = await read(id, undefined, 2)
      expect(first.said).toEqual(['1 one', '2 two'])
      const second = await read(id, first.cursor, 2)
      expect(second.said).toEqual(['3 three'])
      expect((await read(id, second.cursor)).said).toEqual([])
      await say('#den', 'four')
      expect((await read(id, second.cursor)).said).toEqual(['4 four'])
      expect((await read(id)).said).toHaveLength(4)
    })

    test('subscribing twice is one subscription, and after canceling a new one that begins anew', async () => {
      const uri = 'nekode://conversations/%23general'
      const { id } = await watch(uri)
      expect((await watch(uri)).id).toBe(id)
      for (let i = 0; i < 2; i++) expect((await resources.cancel(bot, id)).canceled).toBe(true)
      await expect(resources.updates(bot, { id, limit: 1 })).rejects.toMatchObject({ code: 'subscription_over' })
      await say('#general', 'meanwhile')
      const again = await watch(uri)
      expect(again.id).not.toBe(id)
      expect((await read(again.id)).said).toEqual([])
      await resources.cancel(bot, again.id)
    })

    test('a thread’s changes are its root and its replies', async () => {
      const root = await say('#general', 'root')
      const { id } = await watch(`nekode://conversations/%23general:${root.id}`)
      await say('#general', 'beside')
      await say('#general', 'reply', root.id)
      const { updates } = await resources.updates(bot, { id, limit: 10 })
      const replies = updates.filter(({ event }) => event.operation === 'created')
      expect(replies.map(({ event }) => JSON.parse(event.payload).content)).toEqual(['reply'])
      await resources.cancel(bot, id)
    })

    test('a task’s changes are those of the task', async () => {
      const { tasks } = world.talk.tasks
      const task = await tasks.create(ada, { target: '#den', summary: 'watched' })
      const { id } = await watch(`nekode://tasks/${task.id}`)
      await tasks.create(ada, { target: '#den', summary: 'another' })
      await tasks.update(ada, task.id, { summary: 'renamed' })
      const { updates } = await resources.updates(bot, { id, limit: 10 })
      expect(updates.map(({ event }) => JSON.parse(event.payload).summary)).toEqual(['renamed'])
      await expect(watch(`nekode://tasks/${task.id}`, other)).rejects.toMatchObject({ kind: 'not_found' })
      await resources.cancel(bot, id)
    })

    test('an agent’s memory is for itself alone, the notes about conversations included', async () => {
      const { memory } = world.talk
      const { id } = await watch(`nekode://memory/${bot.id}`)
      const note = { content: 'x', expectedVersion: 0 }
      await memory.put(bot, bot.id, { ...note, path: 'own.md' })
      await memory.put(other, other.id, { ...note, path: 'others.md' })
      await memory.put(bot, bot.id, { ...note, path: 'den.md', scope: 'channel', target: '#den' })
      const { updates } = await resources.updates(bot, { id, limit: 10 })
      expect(updates.map(({ event }) => JSON.parse(event.payload).path)).toEqual(['own.md', 'den.md'])
      await expect(watch(`nekode://memory/${bot.id}`, other)).rejects.toMatchObject({ kind: 'forbidden' })
      await resources.cancel(bot, id)
    })

    test('whoever cannot see a conversation cannot watch it, and who leaves it hears nothing more', async () => {
      const uri = 'nekode://conversations/%23den'
      await expect(watch(uri, other)).rejects.toMatchObject({ kind: 'not_found' })
      const { id } = await watch(uri)
      const { cursor } = await read(id)
      const params = { kind: 'agent', memberId: bot.id } as const
      await world.talk.channels.removeMember(ada, '#den', params.kind, params.memberId)
      await say('#den', 'secret')
      expect(await read(id, cursor)).toEqual({ said: [], cursor })
      await expect(watch(uri)).rejects.toMatchObject({ kind: 'not_found' })
      await world.talk.channels.addMember(ada, '#den', params)
      const { updates } = await resources.updates(bot, { id, cursor, limit: 10 })
      expect(updates.some(({ event }) => event.kind === 'member')).toBe(true)
    })

    test('all of an agent’s subscriptions are read at once in the order of the log, without loss or duplicate', async () => {
      const [den, general] = [
        await watch('nekode://conversations/%23den'),
        await watch('nekode://conversations/%23general'),
      ]
      let { cursor } = await resources.updates(bot, { limit: 200 })
      const texts = ['a', 'b', 'c', 'd', 'e', 'f', 'g']
      for (const [i, text] of texts.entries()) await say(i % 3 ? '#den' : '#general', text)
      const seen: string[] = []
      for (let pages = 0; pages < texts.length; pages++) {
        const page = await resources.updates(bot, { limit: 2, cursor })
        cursor = page.cursor
        seen.push(...page.updates.map(({ event }) => JSON.parse(event.payload).content))
      }
      expect(seen).toEqual(texts)
      const only = await resources.updates(bot, { limit: 200, uri: general.uri })
      expect(only.updates.every((u) => u.subscription.id === general.id)).toBe(true)
      expect(den.id).not.toBe(general.id)
    })

    test('nobody reads or ends another agent’s subscription', async () => {
      const { id } = await watch('nekode://conversations/%23general')
      await expect(resources.updates(other, { id, limit: 1 })).rejects.toMatchObject({ kind: 'not_found' })
      await expect(resources.cancel(other, id)).rejects.toMatchObject({ kind: 'not_found' })
    })

    test('a subscription that nobody asks for ends, and goes', async () => {
      const { id } = await watch('nekode://conversations/%23general')
      const { db } = world.core
      const age = (expiresAt: number) =>
        db.tx(async (tx) => void (await tx.q.update(db.t.resourceSubscriptions).set({ expiresAt })))
      await age(Date.now() + SUBSCRIPTION_MS / 4)
      await read(id)
      const kept = (await db.q.select().from(db.t.resourceSubscriptions)).find((row) => row.id === id)
      expect(kept!.expiresAt).toBeGreaterThan(Date.now() + SUBSCRIPTION_MS / 2)
      await age(Date.now() - 1)
      await expect(read(id)).rejects.toMatchObject({ kind: 'gone', code: 'subscription_over' })
      await resources.sweep()
      await expect(read(id)).rejects.toMatchObject({ kind: 'gone' })
      await resources.sweep(Date.now() + 2 * SUBSCRIPTION_MS)
      await expect(read(id)).rejects.toMatchObject({ kind: 'not_found' })
    })

    test('an agent watches so many resources and no more', async () => {
      const root = await say('#general', 'roots')
      for (let i = 0; i < MAX_SUBSCRIPTIONS; i++)
        await watch(`nekode://conversations/%23general:${root.id.slice(0, -2)}${String(i).padStart(2, '0')}`)
      await expect(watch('nekode://conversations/%23general')).rejects.toMatchObject({ code: 'subscriptions_full' })
    })

    test.each(['x', 'sub_1:1', 'sub_1:-1:0', 'sub_1:1:99999999999', 'x'.repeat(9000)])(
      'a cursor that nobody gave out is refused (%#)',
      async (cursor) => {
        await expect(resources.updates(bot, { cursor, limit: 1 })).rejects.toMatchObject({ kind: 'invalid' })
      },
    )
  })
