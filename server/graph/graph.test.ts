import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { eq } from 'drizzle-orm'
import type { Task, TaskGraph } from '@shared/contract'
import { ApiError } from '@shared/contract/client'
import { type Scratch, storages } from '../../test/storages'
import { type Caller, type TestServer, startTestServer } from '../testing'

const codeOf = async (call: Promise<unknown>): Promise<string> => {
  try {
    await call
    return 'ok'
  } catch (error) {
    if (error instanceof ApiError) return `${error.status} ${error.code}`
    throw error
  }
}

for (const storage of storages.filter((s) => s.available))
  describe(`on ${storage.name}`, () => {
    let scratch: Scratch
    let server: TestServer
    let ada: Caller
    let bob: Caller
    let bot: Caller

    beforeAll(async () => {
      scratch = await storage.scratch()
      server = await startTestServer({ dsn: scratch.dsn })
      ada = await server.as('owner', 'owner')
      bob = await server.as('member', 'bob')
      const box = await server.computer({ lastSeenAt: Date.now(), announced: 'online' })
      bot = await server.agent({ name: 'bot', computerId: box.id })
      await ada.call('POST /api/channels', { body: { name: 'den', visibility: 'private' } })
    }, 60_000)
    afterAll(async () => {
      await server?.stop()
      await scratch?.drop()
    })

    const make = (summary: string, more: object = {}): Promise<Task> =>
      ada.call('POST /api/tasks', { body: { target: '#general', summary, ...more } })
    const get = (id: string): Promise<Task> => ada.call('GET /api/tasks/{id}', { params: { id } })
    const state = (id: string, to: Task['state']) =>
      ada.call('PATCH /api/tasks/{id}', { params: { id }, body: { state: to } })
    const build = (body: object, by = ada): Promise<TaskGraph> =>
      by.call('POST /api/tasks/graph', { body: { target: '#general', root: { ref: 'root', summary: 'all' }, ...body } })
    const change = (id: string, body: object, by = ada): Promise<TaskGraph> =>
      by.call('PATCH /api/tasks/{id}/graph', { params: { id }, body })
    const part = (ref: string, more: object = {}) => ({ ref, summary: ref, ...more })
    const of = (graph: TaskGraph, summary: string): Task => graph.nodes.find((t) => t.summary === summary)!
    const done = async (id: string) => {
      await state(id, 'in_progress')
      await state(id, 'done')
    }

    test('a graph is made whole, and once for a key', async () => {
      const body = {
        subtasks: [part('a'), part('b'), part('c', { parent: 'b' })],
        edges: [
          { from: 'b', to: 'a', kind: 'depends_on' },
          { from: 'a', to: 'c', kind: 'blocks' },
        ],
        requestId: 'graph-1',
      }
      const [graph, again] = await Promise.all([build(body), build(body)])
      expect(again).toEqual(graph!)
      const [a, b, c] = ['a', 'b', 'c'].map((name) => of(graph!, name))
      expect(graph!.nodes.map((t) => [t.summary, t.parentId, t.dependsOn])).toEqual([
        ['all', null, []],
        ['a', graph!.rootId, []],
        ['b', graph!.rootId, [a!.id]],
        ['c', b!.id, [a!.id]],
      ])
      expect(graph!.nodes.every((t) => t.rootId === graph!.rootId)).toBe(true)
      const params = { id: c!.id }
      expect(await ada.call('GET /api/tasks/{id}/graph', { params })).toEqual(graph!)
      const { version } = graph!
      const since = await ada.call('GET /api/tasks/{id}/graph', { params, query: { since: version } })
      expect(since).toEqual({ rootId: graph!.rootId, version, nodes: [], edges: [] })
    })

    test('nothing of a graph is made when a part of it is wrong', async () => {
      const outside = await make('elsewhere', { target: '#den' })
      const before = await server.events()
      const a = part('a')
      const b = part('b')
      const wrong: [body: object, code: string][] = [
        [{ subtasks: [a, b], edges: [dep('a', 'b'), dep('b', 'a')] }, '409 cycle'],
        [{ subtasks: [a, b], edges: [dep('a', 'b'), { from: 'a', to: 'b', kind: 'blocks' }] }, '409 cycle'],
        [{ subtasks: [a], edges: [dep('a', 'a')] }, '409 cycle'],
        [{ subtasks: [a], edges: [dep('a', 'root')] }, '409 cycle'],
        [{ subtasks: [part('a', { parent: 'b' }), part('b', { parent: 'a' })] }, '409 cycle'],
        [{ subtasks: [a, a] }, '400 invalid_request'],
        [{ subtasks: [a], edges: [dep('a', 'tsk_0')] }, '404 task_unknown'],
        [{ subtasks: [a], edges: [dep('a', outside.id)] }, '409 other_channel'],
        [{ subtasks: [part('a', { assigneeId: 'agent_0' })] }, '404 assignee_unknown'],
        [{ subtasks: Array.from({ length: 101 }, (_, i) => part(`p${i}`)) }, '400 invalid_request'],
      ]
      for (const [body, code] of wrong) expect([body, await codeOf(build(body))]).toEqual([body, code])
      expect(await server.events()).toBe(before)
      expect(await codeOf(build({ subtasks: [a], edges: [dep('a', outside.id)] }, bob))).toContain('404')
    })

    test('a task that waits for another is neither started nor claimed before that one is done', async () => {
      const graph = await build({ subtasks: [part('first'), part('then')], edges: [dep('then', 'first')] })
      const [first, then] = [of(graph, 'first'), of(graph, 'then')]
      const claim = () => bot.call('POST /api/tasks/{id}/claim', { params: { id: then.id }, body: {} })
      expect(await codeOf(state(then.id, 'in_progress'))).toBe('409 dependencies_open')
      expect(await codeOf(claim())).toBe('409 dependencies_open')
      await done(first.id)
      expect((await claim()).task.state).toBe('in_progress')
    })

    test('dependencies come and go, and none that would close a circle, however many ask at once', async () => {
      const [a, b, c] = [await make('a'), await make('b'), await make('c')]
      await change(a.id, { add: [dep(a.id, b.id)] })
      await change(b.id, { add: [dep(String(b.number), `#${c.number}`)] })
      expect(await codeOf(change(c.id, { add: [dep(c.id, a.id)] }))).toBe('409 cycle')
      expect((await get(c.id)).dependsOn).toEqual([])
      const after = await change(a.id, { remove: [dep(a.id, b.id)] })
      expect(of(after, 'a').dependsOn).toEqual([])
      await change(c.id, { add: [dep(c.id, a.id)] })
      const both = await Promise.all([
        codeOf(change(a.id, { add: [dep(a.id, b.id)] })),
        codeOf(change(a.id, { add: [dep(a.id, c.id)] })),
      ])
      expect(both).toEqual(['409 cycle', '409 cycle'])
      const [x, y] = [await make('x'), await make('y')]
      const race = await Promise.all([
        codeOf(change(x.id, { add: [dep(x.id, y.id)] })),
        codeOf(change(y.id, { add: [dep(y.id, x.id)] })),
      ])
      expect(race.toSorted()).toEqual(['409 cycle', 'ok'])
    })

    test('a part moves with everything below it, and never into itself', async () => {
      const graph = await build({ subtasks: [part('p'), part('q', { parent: 'p' }), part('r', { parent: 'q' })] })
      const [p, q, r] = ['p', 'q', 'r'].map((name) => of(graph, name))
      expect(await codeOf(change(p!.id, { parentId: r!.id }))).toBe('409 cycle')
      expect(await codeOf(change(r!.id, { add: [dep(r!.id, p!.id)] }))).toBe('409 cycle')
      expect(await codeOf(change(q!.id, { parentId: null, version: graph.version + 1 }))).toBe('409 stale')
      const top = await change(q!.id, { parentId: null, version: graph.version })
      expect(top.nodes.map((t) => [t.summary, t.parentId])).toEqual([
        ['q', null],
        ['r', q!.id],
      ])
      const rest = await ada.call('GET /api/tasks/{id}/graph', { params: { id: p!.id } })
      expect(rest.nodes.map((t) => t.summary)).toEqual(['all', 'p'])
      expect(rest.version).toBeGreaterThan(graph.version)
      const back = await change(q!.id, { parentId: p!.id })
      expect(back.nodes.map((t) => t.rootId)).toEqual(back.nodes.map(() => graph.rootId))
    })

    const propose = (id: string, body: object = {}, by = ada) =>
      by.call('POST /api/tasks/{id}/splits', {
        params: { id },
        body: {
          parts: [
            { clientId: '1', summary: 'one' },
            { clientId: '2', summary: 'two', dependsOn: ['1'] },
          ],
          ...body,
        },
      })
    const apply = (id: string, splitId: string, body: object = {}, by = ada) =>
      by.call('POST /api/tasks/{id}/splits/{splitId}/apply', { params: { id, splitId }, body })

    test('a proposal changes nothing until it is applied, in one go and once', async () => {
      const task = await make('big')
      const split = await propose(task.id)
      expect(await get(task.id)).toEqual(task)
      const both = await Promise.allSettled([apply(task.id, split.id), apply(task.id, split.id)])
      expect(both.map((r) => r.status).toSorted()).toEqual(['fulfilled', 'rejected'])
      expect(both.find((r) => r.status === 'rejected')?.reason.code).toBe('proposal_over')
      const { nodes } = await ada.call('GET /api/tasks/{id}/graph', { params: { id: task.id } })
      const [one, two] = split.parts
      expect(nodes.map((t) => [t.id, t.parentId, t.splitId, t.dependsOn])).toEqual([
        [task.id, null, null, []],
        [one!.id, task.id, split.id, []],
        [two!.id, task.id, split.id, [one!.id]],
      ])
    })

    test('a proposal that is stale, expired, withdrawn or incomplete is not applied', async () => {
      const task = await make('moving')
      const stale = await propose(task.id)
      const old = await propose(task.id, { ttlSeconds: 10 })
      await server.core.db.tx(async (tx) => {
        await tx.q
          .update(server.core.db.t.taskSplits)
          .set({ expiresAt: 1 })
          .where(eq(server.core.db.t.taskSplits.id, old.id))
      })
      expect(await codeOf(apply(task.id, old.id))).toBe('409 proposal_expired')
      const gone = await propose(task.id)
      await ada.call('DELETE /api/tasks/{id}/splits/{splitId}', { params: { id: task.id, splitId: gone.id } })
      expect(await codeOf(apply(task.id, gone.id))).toBe('409 proposal_over')
      expect(await codeOf(apply(task.id, stale.id, { partIds: [stale.parts[1]!.id] }))).toBe('409 part_needed')
      await ada.call('PATCH /api/tasks/{id}', { params: { id: task.id }, body: { summary: 'moved' } })
      expect(await codeOf(apply(task.id, stale.id))).toBe('409 stale')
      const fresh = await propose(task.id)
      const { created } = await apply(task.id, fresh.id, { partIds: [fresh.parts[0]!.id] })
      expect(created.map((t) => t.summary)).toEqual(['one'])
      const states = (await ada.call('GET /api/tasks/{id}/splits', { params: { id: task.id } })).items
      expect(states.map((s) => s.state)).toEqual(['applied', 'canceled', 'expired', 'pending'])
      const circle = {
        parts: [
          { clientId: '1', summary: 'x', dependsOn: ['2'] },
          { clientId: '2', summary: 'y', dependsOn: ['1'] },
        ],
      }
      expect(await codeOf(propose(task.id, circle))).toBe('409 cycle')
    })

    test('an agent splits only what it has in hand', async () => {
      const task = await make('not yours')
      expect(await codeOf(propose(task.id, {}, bot))).toBe('409 not_holder')
      await bot.call('POST /api/tasks/{id}/claim', { params: { id: task.id }, body: {} })
      const split = await propose(task.id, {}, bot)
      expect((await apply(task.id, split.id, {}, bot)).created).toHaveLength(2)
    })
  })

function dep(from: string, to: string) {
  return { from, to, kind: 'depends_on' as const }
}
