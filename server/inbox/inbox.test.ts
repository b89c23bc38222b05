import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { EventPayload } from '@shared/contract'
import { createWorld, type World } from '../../test/fixtures/world'
import { type Scratch, storages } from '../../test/storages'
import type { ComputerPrincipal, UserPrincipal } from '../access/principal'

for (const storage of storages.filter((s) => s.available))
  describe(`on ${storage.name}`, () => {
    let scratch: Scratch
    let world: World
    let ada: UserPrincipal
    let computer: ComputerPrincipal
    let people = 0

    beforeAll(async () => {
      scratch = await storage.scratch()
      world = await createWorld(scratch.dsn)
      ada = await world.user('ada', 'owner')
      computer = await world.computer()
      await world.agent(ada, computer, 'bot')
    }, 60_000)
    afterAll(async () => {
      await world?.close()
      await scratch?.drop()
    })

    const post = async (p: UserPrincipal, content: string, more: object = {}) =>
      (await world.talk.messages.post(p, { target: '#general', content, ...more })).message
    /** Somebody with an empty inbox. */
    const somebody = () => world.user(`u${++people}`)
    const list = (p: UserPrincipal, query: object = {}) => world.talk.inbox.list(p, query)
    const shown = async (p: UserPrincipal, query: object = {}) =>
      (await list(p, query)).items.map((item) => `${item.kind} ${item.state}`)

    test('holds each message that mentions its owner until it is done', async () => {
      const bob = await somebody()
      const message = await post(ada, `@${bob.name} look`)
      await post(ada, 'nobody')
      await post(bob, `@${bob.name} is me`)
      const page = await list(bob)
      expect(page.items).toMatchObject([
        { kind: 'mention', state: 'unread', messageId: message.id, target: '#general' },
      ])
      expect(page.messages.map((m) => m.id)).toEqual([message.id])
      expect(page.unreadCount).toBe(1)
      const { id } = page.items[0]!
      world.events()
      await world.talk.inbox.mark(bob, id, 'read')
      const [event] = world.events()
      expect(event).toMatchObject({ kind: 'inbox', operation: 'updated', audience: `user:${bob.id}` })
      expect(EventPayload.inbox.parse(JSON.parse(event!.payload)).item).toMatchObject({ id, state: 'read' })
      expect(await list(bob)).toMatchObject({ items: [{ state: 'read' }], unreadCount: 0 })
      expect(await shown(bob, { unread: true })).toEqual([])
      await world.talk.inbox.mark(bob, id, 'done')
      expect(await shown(bob)).toEqual([])
      await world.talk.inbox.mark(bob, id, 'unread')
      expect(await shown(bob)).toEqual(['mention unread'])
      await expect(world.talk.inbox.mark(ada, id, 'done')).rejects.toMatchObject({ kind: 'not_found' })
    })

    test('forgets a mention that was edited away or deleted', async () => {
      const bob = await somebody()
      const { editing } = world.talk.messages
      const edited = await post(ada, `@${bob.name} one`)
      const deleted = await post(ada, `@${bob.name} two`)
      expect(await shown(bob)).toHaveLength(2)
      await editing.edit(ada, edited.id, 'nobody')
      await editing.delete(ada, deleted.id)
      expect(await shown(bob)).toEqual([])
      await editing.edit(ada, edited.id, `@${bob.name} after all`)
      expect(await shown(bob)).toEqual(['mention unread'])
    })

    test('has one item for a thread that its owner follows, which comes back with each reply', async () => {
      const bob = await somebody()
      const root = await post(bob, 'a question')
      expect(await shown(bob)).toEqual([])
      world.events()
      await post(ada, 'an answer', { threadId: root.id })
      const last = await post(ada, 'another', { threadId: root.id })
      // The first one makes it unread; that there is one more is told by the message.
      expect(world.events().filter((e) => e.kind === 'inbox')).toHaveLength(1)
      const page = await list(bob)
      expect(page.items).toMatchObject([{ kind: 'thread', threadId: root.id, messageId: last.id, unreadCount: 2 }])
      expect(page.messages.map((m) => m.id).toSorted()).toEqual([root.id, last.id].toSorted())
      await world.talk.inbox.threadRead(bob, last.id)
      expect(await list(bob)).toMatchObject({ items: [{ state: 'read', unreadCount: 0 }], unreadCount: 0 })
      await world.talk.inbox.markAll(bob, { state: 'done' })
      expect(await shown(bob)).toEqual([])
      await post(ada, 'once more', { threadId: root.id })
      expect(await shown(bob)).toEqual(['thread unread'])
      await world.talk.threads.unfollow(bob, root.id)
      expect(await shown(bob)).toEqual([])
      await post(ada, 'unheard', { threadId: root.id })
      expect(await shown(bob)).toEqual([])
    })

    test('is read where its messages are: a channel up to a message, a thread as a whole', async () => {
      const bob = await somebody()
      const root = await post(ada, `@${bob.name} first`)
      await post(ada, `@${bob.name} in the thread`, { threadId: root.id })
      const late = await post(ada, `@${bob.name} late`)
      await world.talk.channels.markRead(bob, '#general', root.id)
      const states = async () => new Map((await list(bob)).items.map((item) => [item.messageId, item.state]))
      expect((await states()).get(root.id)).toBe('read')
      expect((await states()).get(late.id)).toBe('unread')
      expect(await list(bob)).toMatchObject({ unreadCount: 3 })
      await world.talk.inbox.threadRead(bob, root.id)
      expect((await shown(bob)).toSorted()).toEqual(['mention read', 'mention read', 'mention unread', 'thread read'])
      expect((await shown(bob))[0]).toBe('mention unread')
    })

    test('shows unread first and then the latest, in pages without gaps or repetitions', async () => {
      const bob = await somebody()
      const ids: string[] = []
      for (let n = 0; n < 7; n++) ids.push((await post(ada, `@${bob.name} ${n}`)).id)
      const { items } = await list(bob)
      for (const item of items.filter((_, n) => n % 2 === 0)) await world.talk.inbox.mark(bob, item.id, 'read')
      const seen: string[] = []
      for (let cursor: string | undefined; ;) {
        const page = await list(bob, { limit: 2, cursor })
        seen.push(...page.items.map((item) => `${item.state} ${ids.indexOf(item.messageId ?? '')}`))
        cursor = page.nextCursor
        if (cursor === undefined) break
      }
      expect(seen.toSorted()).toEqual([...new Set(seen)].toSorted())
      expect(seen.map((text) => text.split(' ')[0])).toEqual([...Array(3).fill('unread'), ...Array(4).fill('read')])
      expect(seen).toHaveLength(7)
      await expect(list(bob, { cursor: 'nonsense' })).rejects.toMatchObject({ code: 'invalid_cursor' })
    })

    test('has the permissions that wait, for those who could give them, until somebody does', async () => {
      const bob = await somebody()
      const { deliveries } = await world.talk.messages.post(ada, { target: '#general', content: '@bot may you?' })
      const runId = deliveries[0]!.runId!
      const none = { summary: '', resultMessage: '', result: {}, error: '' }
      await world.talk.runs.report(computer, { ...none, runId, state: 'running', leaseId: 'l' })
      const detail = {
        type: 'approval',
        requestId: 'r1',
        name: 'bash',
        kind: 'execute',
        title: 'rm -rf build',
        input: {},
        canRemember: false,
        options: [],
      } as const
      await world.talk.steps.append(computer, {
        id: `step_${runId.slice(-8)}`,
        runId,
        leaseId: 'l',
        sequence: 1,
        status: 'running',
        startedAt: 1,
        completedAt: null,
        detail,
      })
      const page = await list(bob)
      expect(page.items).toMatchObject([{ kind: 'approval', state: 'unread', target: '#general' }])
      const [item] = page.items
      expect(page.approvals).toMatchObject([{ id: item!.id, title: 'rm -rf build' }])
      const viewer = await world.user('viewer', 'viewer')
      expect(await shown(viewer)).toEqual([])
      await world.talk.inbox.markAll(bob, { state: 'done' })
      expect(await shown(bob)).toEqual(['approval unread'])
      await world.talk.inbox.mark(bob, item!.id, 'read')
      expect(await list(bob)).toMatchObject({ items: [{ state: 'read' }], unreadCount: 0 })
      await world.talk.inbox.mark(bob, item!.id, 'done')
      expect(await shown(bob)).toEqual([])
      expect(await shown(ada, { kind: 'approval' })).toEqual(['approval unread'])
      await world.talk.approvals.decide(ada, item!.id, { allow: false })
      expect(await shown(ada, { kind: 'approval' })).toEqual([])
      await expect(world.talk.inbox.mark(bob, item!.id, 'unread')).rejects.toMatchObject({ kind: 'not_found' })
    })

    test('shows nothing of a conversation that its owner has left, and counts none of it', async () => {
      const bob = await somebody()
      const target = `#left${people}`
      await world.talk.channels.create(ada, { name: target.slice(1), visibility: 'private' })
      await world.talk.channels.addMember(ada, target, { kind: 'human', memberId: bob.id })
      await post(ada, `@${bob.name} in private`, { target })
      const { id } = (await list(bob)).items[0]!
      expect(await shown(bob, { target })).toEqual(['mention unread'])
      await world.talk.channels.removeMember(bob, target, 'human', bob.id)
      expect(await list(bob)).toEqual({ items: [], messages: [], approvals: [], tasks: [], unreadCount: 0 })
      await expect(list(bob, { target })).rejects.toMatchObject({ kind: 'not_found' })
      await expect(world.talk.inbox.mark(bob, id, 'done')).rejects.toMatchObject({ kind: 'not_found' })
    })

    describe('calling everybody', () => {
      test('with @channel counts for every person in the channel, and starts no agent', async () => {
        const bob = await somebody()
        const target = `#all${people}`
        const outsider = await somebody()
        await world.talk.channels.create(ada, { name: target.slice(1) })
        for (const [kind, memberId] of [
          ['human', bob.id],
          ['agent', world.core.directory.byHandle('bot')!.id],
        ] as const)
          await world.talk.channels.addMember(ada, target, { kind, memberId })
        const { message, deliveries } = await world.talk.messages.post(ada, { target, content: '@channel stand up' })
        expect(message.mentions).toMatchObject([{ kind: 'channel', name: 'channel' }])
        expect(deliveries).toEqual([])
        expect(await world.talk.channels.get(bob, target)).toMatchObject({ mentionCount: 1 })
        expect(await shown(bob)).toEqual(['mention unread'])
        expect(await shown(outsider)).toEqual([])
        expect((await world.talk.channels.get(ada, target)).mentionCount).toBe(0)
        await world.talk.messages.editing.edit(ada, message.id, '@channel @here stand up now')
        expect(await shown(bob)).toEqual(['mention unread'])
        await world.talk.messages.editing.delete(ada, message.id)
        expect(await world.talk.channels.get(bob, target)).toMatchObject({ mentionCount: 0 })
        expect(await shown(bob)).toEqual([])
      })

      test('with @here counts for those who follow what happens just now', async () => {
        const [here, away] = [await somebody(), await somebody()]
        const reader = world.core.hub.open({ principal: here, after: world.core.hub.head })
        const message = await post(ada, '@here now')
        reader.close()
        expect(await shown(here)).toEqual(['mention unread'])
        expect(await shown(away)).toEqual([])
        expect(message.mentions).toMatchObject([{ kind: 'channel', name: 'here' }])
      })

      test('is only for people: an agent’s @channel is text', async () => {
        const bob = await somebody()
        const bot = world.core.directory.agent(world.core.directory.byHandle('bot')!.id)!
        const p = { kind: 'agent', id: bot.id, name: 'bot', displayName: 'bot', credentialId: 'test' } as const
        const revoked = new AbortController().signal
        const posted = await world.talk.messages.post(
          { ...p, revoked },
          { target: '#general', content: '@channel all' },
        )
        expect(posted.message.mentions).toEqual([])
        expect(await shown(bob)).toEqual([])
      })
    })
  })
