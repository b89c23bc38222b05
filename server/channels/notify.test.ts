import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import type { NotifyLevel } from '@shared/contract'
import { ApiError } from '@shared/contract/client'
import { type Scratch, storages } from '../../test/storages'
import { type Caller, type TestServer, startTestServer } from '../testing'

for (const storage of storages.filter((s) => s.available))
  describe(storage.name, () => {
    let scratch: Scratch
    let server: TestServer
    let ada: Caller
    let bob: Caller

    beforeAll(async () => {
      scratch = await storage.scratch()
      server = await startTestServer({ dsn: scratch.dsn })
      ada = await server.as('owner')
      bob = await server.as('member', 'bob')
    }, 60_000)
    afterAll(async () => {
      await server?.stop()
      await scratch?.drop()
    })

    const target = '#general'
    const choose = (who: Caller, level: NotifyLevel, where = target) =>
      who.call('PUT /api/channels/{target}/notifications', { params: { target: where }, body: { level } })
    const say = async (by: Caller, content: string, threadId?: string) =>
      (await by.call('POST /api/messages', { body: { target, content, ...(threadId ? { threadId } : {}) } })).message
    const waiting = async (who: Caller) =>
      (await who.call('GET /api/inbox', { query: { unread: 'true' } })).items.map(({ kind }) => kind)
    const clear = (who: Caller) => who.call('POST /api/inbox/mark-all', { body: { state: 'done' } })

    test('is what is usual until somebody chooses, and then theirs alone, on all of their devices', async () => {
      expect((await bob.call('GET /api/channels/{target}', { params: { target } })).notify).toBe('mentions')
      const dm = await ada.call('POST /api/dms', { body: { kind: 'human', memberId: bob.id } })
      expect(dm.notify).toBe('all')
      const { cursor } = await bob.call('GET /api/snapshot')
      expect((await choose(bob, 'nothing')).notify).toBe('nothing')
      const told = async (who: Caller) => {
        const { items } = await who.call('GET /api/events', { query: { cursor } })
        return items.filter(({ kind }) => kind === 'notify').map((e) => [e.target, e.payload])
      }
      expect(await told(bob)).toEqual([[target, { level: 'nothing' }]])
      expect(await told(ada)).toEqual([])
      expect((await ada.call('GET /api/channels/{target}', { params: { target } })).notify).toBe('mentions')
      const { items } = await ada.call('GET /api/channels/{target}/members', { params: { target } })
      expect(JSON.stringify(items)).not.toContain('nothing')
      await choose(bob, 'mentions')
    })

    test('of a channel that is muted nothing comes into the inbox but what waits for its reader, and threads they asked for', async () => {
      await clear(bob)
      const root = await say(bob, 'a thread of mine')
      await choose(bob, 'nothing')
      await say(ada, '@bob look')
      await say(ada, '@channel all of you')
      await say(ada, 'an answer', root.id)
      expect(await waiting(bob)).toEqual([])
      await ada.call('POST /api/tasks', { body: { target, summary: 'for bob', assigneeId: bob.id } })
      expect(await waiting(bob)).toEqual(['task'])
      await bob.call('PUT /api/threads/{id}/follow', { params: { id: root.id } })
      await say(ada, 'another answer', root.id)
      expect((await waiting(bob)).toSorted()).toEqual(['task', 'thread'])
      await choose(bob, 'mentions')
      await say(ada, '@bob again')
      expect((await waiting(bob)).toSorted()).toEqual(['mention', 'task', 'thread'])
    })

    test('is chosen by who is there', async () => {
      const { target: open } = await ada.call('POST /api/channels', { body: { name: 'open' } })
      const refused = await choose(bob, 'all', open).catch((error: unknown) => error)
      expect(refused instanceof ApiError && [refused.status, refused.code]).toEqual([412, 'not_member'])
      await bob.call('POST /api/channels/{target}/join', { params: { target: open } })
      expect((await choose(bob, 'all', open)).notify).toBe('all')
    })
  })
