import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { EventPayload, type Task } from '@shared/contract'
import { createWorld, type World } from '../../test/fixtures/world'
import { type Scratch, storages } from '../../test/storages'
import type { UserPrincipal } from '../access/principal'

for (const storage of storages.filter((s) => s.available))
  describe(`on ${storage.name}`, () => {
    let scratch: Scratch
    let world: World
    let ada: UserPrincipal
    let people = 0

    beforeAll(async () => {
      scratch = await storage.scratch()
      world = await createWorld(scratch.dsn)
      ada = await world.user('ada', 'owner')
    }, 60_000)
    afterAll(async () => {
      await world?.close()
      await scratch?.drop()
    })

    /** Somebody with an empty inbox. */
    const somebody = () => world.user(`u${++people}`)
    const make = (more: object = {}, by = ada): Promise<Task> =>
      world.talk.tasks.tasks.create(by, { target: '#general', summary: 'a task', ...more })
    const set = (task: Task, patch: object, by = ada): Promise<Task> =>
      world.talk.tasks.tasks.update(by, task.id, patch)
    const list = (p: UserPrincipal, query: object = {}) => world.talk.inbox.list(p, query)
    const shown = async (p: UserPrincipal) =>
      (await list(p)).items.map(({ kind, reason, state }) => `${kind} ${reason} ${state}`)

    test('a task that is given to somebody is in their inbox, until it is given to somebody else', async () => {
      const [bob, eve] = [await somebody(), await somebody()]
      world.events()
      const task = await make({ assigneeId: bob.id })
      const event = world.events().find((e) => e.kind === 'inbox')
      expect(event).toMatchObject({ operation: 'created', audience: `user:${bob.id}` })
      expect(EventPayload.inbox.parse(JSON.parse(event!.payload)).item).toMatchObject({ kind: 'task', taskId: task.id })
      const page = await list(bob)
      expect(page).toMatchObject({
        items: [
          { kind: 'task', reason: 'assigned', state: 'unread', taskId: task.id, messageId: null, target: '#general' },
        ],
        tasks: [{ id: task.id, assigneeId: bob.id }],
        unreadCount: 1,
      })
      await set(task, { assigneeId: eve.id })
      expect([await shown(bob), await shown(eve)]).toEqual([[], ['task assigned unread']])
      await set(task, { state: 'canceled' })
      expect(await shown(eve)).toEqual([])
    })

    test('nobody is told of what they did themselves', async () => {
      const bob = await somebody()
      const task = await make({ assigneeId: bob.id, reviewerIds: [bob.id] }, bob)
      await world.talk.tasks.claims.claim(bob, task.id, {})
      await set(task, { state: 'in_review' }, bob)
      await world.talk.tasks.comments.add(bob, task.id, 'to myself')
      expect(await shown(bob)).toEqual([])
    })

    test('whoever reviews a task is asked when it is to be reviewed, until they have answered or need not', async () => {
      const [bob, eve] = [await somebody(), await somebody()]
      const task = await make({ reviewerIds: [bob.id] })
      await set(task, { state: 'in_progress' })
      expect(await shown(bob)).toEqual([])
      await set(task, { state: 'in_review' })
      expect(await shown(bob)).toEqual(['task review unread'])
      await set(task, { reviewerIds: [bob.id, eve.id] })
      expect(await shown(eve)).toEqual(['task review unread'])
      await set(task, { reviewerIds: [bob.id] })
      expect(await shown(eve)).toEqual([])
      await world.talk.gates.review(bob, task.id, 'changes_requested', 'more tests')
      expect(await shown(bob)).toEqual([])
      await set(task, { state: 'in_review' })
      expect(await shown(bob)).toEqual(['task review unread'])
    })

    test('what is said about a task is told to whom it belongs, once, and not as a thread besides', async () => {
      const [bob, eve] = [await somebody(), await somebody()]
      const task = await make({ assigneeId: eve.id }, bob)
      await world.talk.tasks.comments.add(ada, task.id, 'first')
      const last = await world.talk.tasks.comments.add(ada, task.id, 'second')
      expect(await shown(bob)).toEqual(['task comment unread'])
      expect(await list(bob)).toMatchObject({ items: [{ messageId: last.id, unreadCount: 2 }] })
      // That it is hers is the news as long as she has not seen it.
      expect(await shown(eve)).toEqual(['task assigned unread'])
      await world.talk.inbox.threadRead(bob, last.id)
      await world.talk.inbox.taskRead(eve, `#${task.number}`)
      expect([await shown(bob), await shown(eve)]).toEqual([['task comment read'], ['task assigned read']])
      await world.talk.tasks.comments.add(bob, task.id, 'third')
      expect([await shown(bob), await shown(eve)]).toEqual([['task comment read'], ['task comment unread']])
      expect(await shown(ada)).toEqual(['thread null unread'])
      await world.talk.inbox.markAll(eve, { state: 'done', kind: 'task' })
      expect(await shown(eve)).toEqual([])
    })

    test('whoever wants to hear nothing of a task’s thread is not told of its comments', async () => {
      const bob = await somebody()
      const task = await make({}, bob)
      const first = await world.talk.tasks.comments.add(ada, task.id, 'first')
      await world.talk.inbox.markAll(bob, { state: 'done' })
      await world.talk.threads.unfollow(bob, first.id)
      await world.talk.tasks.comments.add(ada, task.id, 'second')
      expect(await shown(bob)).toEqual([])
    })

    test('a task of a channel that its assignee has left is not shown, nor can it be marked', async () => {
      const bob = await somebody()
      const target = `#quiet${people}`
      await world.talk.channels.create(ada, { name: target.slice(1), visibility: 'private' })
      await world.talk.channels.addMember(ada, target, { kind: 'human', memberId: bob.id })
      const task = await make({ target, assigneeId: bob.id })
      expect(await shown(bob)).toEqual(['task assigned unread'])
      await world.talk.channels.removeMember(ada, target, 'human', bob.id)
      expect(await shown(bob)).toEqual([])
      await world.talk.tasks.comments.add(ada, task.id, 'in private')
      expect(await shown(bob)).toEqual([])
      await expect(world.talk.inbox.taskRead(bob, task.id)).rejects.toMatchObject({ kind: 'not_found' })
    })
  })
