import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { eq } from 'drizzle-orm'
import { TASK_TRANSITIONS, TaskState, type Task } from '@shared/contract'
import { ApiError } from '@shared/contract/client'
import { type Scratch, storages } from '../../test/storages'
import { type Caller, type TestServer, startTestServer } from '../testing'

/** What a call is refused with: `409 stale`. */
async function refused(call: Promise<unknown>): Promise<ApiError> {
  try {
    await call
  } catch (error) {
    if (error instanceof ApiError) return error
    throw error
  }
  throw new Error('it was not refused')
}
const codeOf = async (call: Promise<unknown>): Promise<string> => {
  const { status, code } = await refused(call)
  return `${status} ${code}`
}

for (const storage of storages.filter((s) => s.available))
  describe(`on ${storage.name}`, () => {
    let scratch: Scratch
    let server: TestServer
    let ada: Caller
    let bob: Caller
    let bot: Caller
    let other: Caller

    beforeAll(async () => {
      scratch = await storage.scratch()
      server = await startTestServer({ dsn: scratch.dsn })
      ada = await server.as('owner', 'owner')
      bob = await server.as('member', 'bob')
      const box = await server.computer({ lastSeenAt: Date.now(), announced: 'online' })
      bot = await server.agent({ name: 'bot', computerId: box.id })
      other = await server.agent({ name: 'other', computerId: box.id })
      await ada.call('POST /api/channels', { body: { name: 'den', visibility: 'private' } })
    }, 60_000)
    afterAll(async () => {
      await server?.stop()
      await scratch?.drop()
    })

    const make = (summary: string, more: object = {}, by = ada): Promise<Task> =>
      by.call('POST /api/tasks', { body: { target: '#general', summary, ...more } })
    const set = (task: Pick<Task, 'id'>, body: object, by = ada): Promise<Task> =>
      by.call('PATCH /api/tasks/{id}', { params: { id: task.id }, body })
    const get = (id: string, by = ada): Promise<Task> => by.call('GET /api/tasks/{id}', { params: { id } })
    const claim = (id: string, by: Caller, body: object = {}) =>
      by.call('POST /api/tasks/{id}/claim', { params: { id }, body })

    test('a task has a number that people can say, and all that was said about it', async () => {
      const about = {
        description: '# Why\n\nBecause 😀',
        priority: 'high',
        labels: ['api', 'bug', 'api'],
        dueAt: 2_000_000_000_000,
        assigneeId: bob.id,
        reviewerIds: [ada.id],
      }
      const task = await make('write the docs', about)
      expect(task).toMatchObject({ ...about, labels: ['api', 'bug'], state: 'todo', column: 'todo', version: 1 })
      expect(await get(String(task.number))).toEqual(task)
      expect(await get(`#${task.number}`)).toEqual(task)
      const next = await make('the next')
      expect(next.number).toBe(task.number + 1)
    })

    test('a state that cannot follow is refused with what can, for each of the thirty pairs', async () => {
      const road: Record<TaskState, TaskState[]> = {
        todo: [],
        in_progress: ['in_progress'],
        in_review: ['in_progress', 'in_review'],
        blocked: ['blocked'],
        done: ['in_progress', 'done'],
        canceled: ['canceled'],
      }
      for (const from of TaskState.options)
        for (const to of TaskState.options) {
          if (from === to) continue
          const task = await make(`${from} to ${to}`)
          for (const state of road[from]) await set(task, { state })
          if (TASK_TRANSITIONS[from].includes(to)) {
            expect(await set(task, { state: to })).toMatchObject({ state: to, column: to })
            continue
          }
          const before = await get(task.id)
          const error = await refused(set(task, { state: to }))
          expect(error).toMatchObject({ status: 409, code: 'illegal_transition' })
          expect(error.data).toEqual({ state: from, allowed: [...TASK_TRANSITIONS[from]] })
          expect(await get(task.id)).toEqual(before)
        }
    }, 30_000)

    test('of two who change the same version one is told what it is now', async () => {
      const task = await make('shared')
      const both = await Promise.allSettled([
        set(task, { summary: 'by ada', version: task.version }),
        set(task, { summary: 'by bob', version: task.version }, bob),
      ])
      expect(both.map((r) => r.status).toSorted()).toEqual(['fulfilled', 'rejected'])
      const current = await get(task.id)
      const lost = both.find((r) => r.status === 'rejected')
      expect(lost?.reason).toMatchObject({ status: 409, code: 'stale', data: { current } })
      const patch = (tag: string) =>
        ada.fetch(`/api/tasks/${task.id}`, {
          method: 'PATCH',
          headers: { 'content-type': 'application/json', 'if-match': tag },
          body: JSON.stringify({ summary: 'by tag' }),
        })
      expect((await patch(`"${task.version}"`)).status).toBe(409)
      const answer = await patch(`"${current.version}"`)
      expect([answer.status, answer.headers.get('etag')]).toEqual([200, `"${current.version + 1}"`])
      expect((await patch('nonsense')).status).toBe(400)
    })

    test('what stays as it was changes nothing, and tells nobody', async () => {
      const task = await make('quiet', { labels: ['a'] })
      const before = await server.events()
      expect(await set(task, { summary: 'quiet', labels: ['a'], state: 'todo' })).toEqual(task)
      expect(await server.events()).toBe(before)
    })

    test('the timeline has every change: who, when, from what to what', async () => {
      const task = await make('with a past')
      await set(task, { summary: 'with a longer past', priority: 'low' }, bob)
      await set(task, { state: 'blocked', blockedReason: 'no key' })
      const { items } = await ada.call('GET /api/tasks/{id}/timeline', { params: { id: task.id } })
      expect(items.map((c) => [c.action, c.actor.name, c.version, c.fields])).toEqual([
        ['created', 'owner', 1, []],
        [
          'updated',
          'bob',
          2,
          [
            { field: 'summary', from: 'with a past', to: 'with a longer past' },
            { field: 'priority', from: 'none', to: 'low' },
          ],
        ],
        [
          'updated',
          'owner',
          3,
          [
            { field: 'state', from: 'todo', to: 'blocked' },
            { field: 'column', from: 'todo', to: 'blocked' },
            { field: 'blockedReason', from: '', to: 'no key' },
          ],
        ],
      ])
      const first = await ada.call('GET /api/tasks/{id}/timeline', { params: { id: task.id }, query: { limit: 2 } })
      const { nextCursor: cursor } = first
      const rest = await ada.call('GET /api/tasks/{id}/timeline', { params: { id: task.id }, query: { cursor } })
      expect([...first.items, ...rest.items]).toEqual(items)
    })

    test('a repeated request makes one task, and the same key for another is refused', async () => {
      const once = () => make('once', { requestId: 'key-1' })
      const [a, b] = await Promise.all([once(), once()])
      expect(a).toEqual(b!)
      expect(await codeOf(make('twice', { requestId: 'key-1' }))).toBe('409 idempotency_conflict')
    })

    test('lists and boards page through every task once, with each filter in the query', async () => {
      await ada.call('POST /api/channels', { body: { name: 'paged' } })
      const target = '#paged'
      const made: Task[] = []
      for (let i = 0; i < 12; i++)
        made.push(await make(`t${i}`, { target, labels: i % 3 ? [] : ['third'], priority: i % 2 ? 'urgent' : 'none' }))
      await set(made[0]!, { state: 'in_progress' })
      await set(made[1]!, { column: 'later' })
      const walk = async (query: object): Promise<string[]> => {
        const found: string[] = []
        for (let cursor: string | undefined; ;) {
          const page = await ada.call('GET /api/tasks', {
            query: { target, limit: 5, ...query, ...(cursor && { cursor }) },
          })
          found.push(...page.items.map((t) => t.summary))
          if (!(cursor = page.nextCursor)) return found
        }
      }
      expect(await walk({})).toEqual([
        't1',
        't0',
        ...made
          .slice(2)
          .map((t) => t.summary)
          .toReversed(),
      ])
      expect((await walk({ label: 'third' })).toSorted()).toEqual(['t0', 't3', 't6', 't9'])
      expect(await walk({ priority: 'urgent', state: 'todo' })).toHaveLength(6)
      expect(await walk({ state: 'in_progress' })).toEqual(['t0'])
      expect(await walk({ column: 'later' })).toEqual(['t1'])
      const board = await ada.call('GET /api/tasks/board', { query: { target, limit: 4 } })
      expect(board.columns.map((c) => [c.column, c.total, c.items.length])).toEqual([
        ['todo', 10, 4],
        ['in_progress', 1, 1],
        ['blocked', 0, 0],
        ['in_review', 0, 0],
        ['done', 0, 0],
        ['canceled', 0, 0],
        ['later', 1, 1],
      ])
      const todo: string[] = board.columns[0]!.items.map((t) => t.summary)
      for (let cursor = board.columns[0]!.nextCursor; cursor;) {
        const { columns } = await ada.call('GET /api/tasks/board', {
          query: { target, limit: 4, column: 'todo', cursor },
        })
        todo.push(...columns[0]!.items.map((t) => t.summary))
        cursor = columns[0]!.nextCursor
      }
      expect(todo).toEqual(
        made
          .slice(2)
          .map((t) => t.summary)
          .toReversed(),
      )
      expect(await codeOf(ada.call('GET /api/tasks', { query: { cursor: 'x' } }))).toBe('400 invalid_request')
    })

    test('a task of a private channel is there for those inside only', async () => {
      const task = await make('secret', { target: '#den', labels: ['hidden'] })
      const id = task.id
      for (const who of [bob, bot]) {
        expect(await codeOf(get(id, who))).toBe('404 task_unknown')
        expect(await codeOf(get(String(task.number), who))).toBe('404 task_unknown')
        expect(await codeOf(set(task, { summary: 'x' }, who))).toBe('404 task_unknown')
        expect(await codeOf(claim(id, who))).toBe('404 task_unknown')
        for (const key of ['comments', 'timeline', 'claims'] as const)
          expect(await codeOf(who.call(`GET /api/tasks/{id}/${key}`, { params: { id } }))).toBe('404 task_unknown')
        expect((await who.call('GET /api/tasks', { query: { label: 'hidden' } })).items).toEqual([])
        expect(JSON.stringify(await who.call('GET /api/tasks/board', {}))).not.toContain('secret')
        expect(await codeOf(who.call('GET /api/tasks', { query: { target: '#den' } }))).toBe('404 not_found')
        const { items } = await who.call('GET /api/events', { query: { limit: 500 } })
        expect(JSON.stringify(items)).not.toContain('secret')
      }
      expect((await ada.call('GET /api/tasks', { query: { label: 'hidden' } })).items).toEqual([task])
    })

    test('a task is found by its words and its state, as it is now, by those who see it', async () => {
      const task = await make('polish the zither', { description: 'until it rings', labels: ['music'] })
      const secret = await make('the hidden zither', { target: '#den' })
      const find = async (q: string, by: Caller) =>
        (await by.call('GET /api/search', { query: { q, kinds: 'task' } })).items.map((hit) => hit.id).toSorted()
      expect(await find('zither', ada)).toEqual([task.id, secret.id].toSorted())
      expect(await find('zither', bob)).toEqual([task.id])
      await set(task, { summary: 'polish the lute', state: 'blocked' })
      expect(await find('zither', bob)).toEqual([])
      expect(await find('lute kind:blocked', bob)).toEqual([task.id])
      expect(await find('music rings', bob)).toEqual([task.id])
    })

    test('comments are messages of the task’s thread, which begins with the first of them', async () => {
      const task = await make('talked about')
      expect(task.threadId).toBeNull()
      const params = { id: task.id }
      const say = (content: string, by: Caller, requestId?: string) =>
        by.call('POST /api/tasks/{id}/comments', { params, body: { content, ...(requestId && { requestId }) } })
      await say('first', ada, 'c1')
      await say('first', ada, 'c1')
      await say('second', bob)
      await say('third', bot)
      const first = await ada.call('GET /api/tasks/{id}/comments', { params, query: { limit: 2 } })
      const rest = await ada.call('GET /api/tasks/{id}/comments', { params, query: { cursor: first.nextCursor } })
      expect([...first.items, ...rest.items].map((m) => m.content)).toEqual(['first', 'second', 'third'])
      const { threadId, version } = await get(task.id)
      expect(version).toBe(1)
      const { message } = await ada.call('GET /api/messages/{id}', { params: { id: threadId! } })
      expect(message).toMatchObject({ replyCount: 3, system: { type: 'task.thread', data: { taskId: task.id } } })
    })

    test('everything that a caller supplies is bounded, and what fits is kept as it is', async () => {
      const wrong: object[] = [
        { summary: '' },
        { summary: 'x'.repeat(301) },
        { summary: 'two\nlines' },
        { description: 'x'.repeat(40_001) },
        { labels: Array.from({ length: 21 }, (_, i) => `l${i}`) },
        { labels: ['x'.repeat(51)] },
        { dueAt: -1 },
        { dueAt: 9e15 },
        { priority: 'highest' },
        { state: 'nearly' },
        { claimPolicy: 'mine' },
        { reviewerIds: Array.from({ length: 11 }, (_, i) => `usr_${i}`) },
        { requiredCapabilities: ['x'.repeat(65)] },
        { unheard: 'of' },
      ]
      const before = await server.events()
      for (const body of wrong) expect([body, await codeOf(make('x', body))]).toEqual([body, '400 invalid_request'])
      for (const path of [
        '?limit=0',
        '?limit=201',
        '?state=x',
        '?cursor=1',
        '?dueBefore=x',
        '/board?cursor=x',
        '/x',
        '/0',
      ])
        expect([path, (await ada.fetch(`/api/tasks${path}`)).status]).toEqual([path, 400])
      const task = { id: 'tsk_0' }
      for (const leaseSeconds of [9, 3601]) expect(await codeOf(claim(task.id, ada, { leaseSeconds }))).toContain('400')
      expect(await server.events()).toBe(before)
      const fits = { summary: '😀'.repeat(150), labels: ['界'.repeat(50)], description: `${'é'.repeat(39_999)}\n` }
      expect(await make('x', fits)).toMatchObject(fits)
    })

    test('nobody is given a task who could not read it', async () => {
      expect(await codeOf(make('x', { target: '#den', assigneeId: bob.id }))).toBe('409 not_a_member')
      expect(await codeOf(make('x', { target: '#den', assigneeId: bot.id }))).toBe('409 not_a_member')
      expect(await codeOf(make('x', { assigneeId: 'usr_0' }))).toBe('404 assignee_unknown')
      expect(await codeOf(make('x', { reviewerIds: ['agent_0'] }))).toBe('404 assignee_unknown')
      expect(await codeOf(make('x', { assigneeId: 'cmp_0' }))).toBe('400 invalid_request')
    })

    test('of many claims at the same moment one is held, and nobody else changes the task meanwhile', async () => {
      const task = await make('wanted')
      const claims = await Promise.allSettled([claim(task.id, bot), claim(task.id, other), claim(task.id, bob)])
      expect(claims.filter((c) => c.status === 'fulfilled')).toHaveLength(1)
      for (const c of claims) if (c.status === 'rejected') expect(c.reason.code).toBe('already_claimed')
      const mine = await make('mine')
      const { claim: held, task: now } = await claim(mine.id, bot)
      expect(now).toMatchObject({ state: 'in_progress', assigneeId: bot.id, claims: [{ mode: 'owner', attempt: 1 }] })
      expect((await claim(mine.id, bot)).claim.leaseId).toBe(held.leaseId)
      expect(await codeOf(set(mine, { summary: 'x' }, other))).toBe('409 not_holder')
      expect(await codeOf(set(mine, { state: 'done' }, other))).toBe('409 not_holder')
      const params = { id: mine.id }
      const renew = (by: Caller) =>
        by.call('POST /api/tasks/{id}/claim/renew', { params, body: { leaseId: held.leaseId, leaseSeconds: 600 } })
      expect(await codeOf(renew(other))).toBe('409 lease_lost')
      expect((await renew(bot)).claim.expiresAt!).toBeGreaterThan(held.expiresAt!)
      expect(await set(mine, { state: 'in_review' }, bot)).toMatchObject({ state: 'in_review', claims: [] })
      expect(await codeOf(renew(bot))).toBe('409 lease_lost')
      expect(await codeOf(claim(mine.id, other))).toBe('409 not_claimable')
    })

    test('an agent without a claim does not start a task, and none that is not its own changes it at all', async () => {
      const task = await make('loose')
      expect(await codeOf(set(task, { priority: 'low' }, bot))).toBe('409 not_holder')
      const own = await make('own', {}, bot)
      expect(await set(own, { priority: 'low' }, bot)).toMatchObject({ priority: 'low' })
      expect(await codeOf(set(own, { state: 'in_progress' }, bot))).toBe('409 not_holder')
    })

    test('a claim that nobody renews ends, and the third in a row blocks the task', async () => {
      const task = await make('hard')
      const later = (): number => Date.now() + 301_000
      for (const attempt of [1, 2, 3]) {
        const { claim: held } = await claim(task.id, bot)
        expect(held.attempt).toBe(attempt)
        // Its run waits for a daemon that is not there, which keeps nothing.
        expect(await server.services.tasks.claims.reap(later())).toBeGreaterThan(0)
      }
      expect(await get(task.id)).toMatchObject({ state: 'blocked', claims: [] })
      const { items } = await ada.call('GET /api/tasks/{id}/claims', { params: { id: task.id } })
      expect(items.map((c) => [c.attempt, c.state])).toEqual([
        [3, 'expired'],
        [2, 'expired'],
        [1, 'expired'],
      ])
    })

    test('a claim whose time is over holds nobody off, before the reaper has come by', async () => {
      const task = await make('overdue')
      const { claim: held } = await claim(task.id, bot)
      const { db } = server.core
      await db.tx(async (tx) => {
        await tx.q.update(db.t.taskClaims).set({ expiresAt: 1 }).where(eq(db.t.taskClaims.id, held.id))
      })
      const params = { id: task.id }
      const late = bot.call('POST /api/tasks/{id}/claim/renew', { params, body: { leaseId: held.leaseId } })
      expect(await codeOf(late)).toBe('409 lease_lost')
      expect(await codeOf(set(task, { summary: 'mine still' }, bot))).toBe('409 not_holder')
      expect((await claim(task.id, other)).claim).toMatchObject({ attempt: 2, holder: { name: 'other' } })
    })

    test('a claim that is given back goes to whoever waits for it', async () => {
      const task = await make('queued for', { claimConflict: 'queue' })
      const { claim: held } = await claim(task.id, bot)
      expect(await codeOf(claim(task.id, bob))).toBe('409 claim_queued')
      expect(await codeOf(claim(task.id, bob))).toBe('409 claim_queued')
      const body = { leaseId: held.leaseId, reason: 'not for me' }
      await bot.call('POST /api/tasks/{id}/claim/release', { params: { id: task.id }, body })
      const now = await get(task.id)
      expect(now).toMatchObject({ state: 'in_progress', assigneeId: bob.id })
      expect(now.claims.map((c) => [c.holder.name, c.expiresAt])).toEqual([['bob', null]])
    })

    test('the policy says who may claim: several, helpers, reviewers, nobody', async () => {
      const shared = await make('shared by all', { claimPolicy: 'shared' })
      await claim(shared.id, bot)
      expect((await claim(shared.id, other)).task.claims).toHaveLength(2)
      const helped = await make('helped', { claimConflict: 'assist' })
      await claim(helped.id, bot)
      expect((await claim(helped.id, other)).claim.mode).toBe('assistant')
      const review = await make('reviewed', { claimPolicy: 'reviewer_only', reviewerIds: [other.id] })
      expect(await codeOf(claim(review.id, bot))).toBe('409 not_claimable')
      await set(review, { state: 'in_progress' })
      await set(review, { state: 'in_review' })
      expect(await codeOf(claim(review.id, bot, { mode: 'reviewer' }))).toBe('409 not_claimable')
      expect((await claim(review.id, other, { mode: 'reviewer' })).claim.mode).toBe('reviewer')
      expect(await set(review, { state: 'done' }, other)).toMatchObject({ state: 'done', claims: [] })
      const closed = await make('by people', { claimPolicy: 'unclaimable' })
      expect(await codeOf(claim(closed.id, bot))).toBe('409 not_claimable')
      const able = await make('for demos', { requiredCapabilities: ['demo'] })
      expect((await claim(able.id, bot)).claim.state).toBe('held')
      const unable = await make('for others', { requiredCapabilities: ['fortran'] })
      expect(await codeOf(claim(unable.id, bot))).toBe('409 missing_capability')
    })

    test('whoever leaves the channel has nothing in hand there any more', async () => {
      await ada.call('POST /api/channels', { body: { name: 'left' } })
      const params = { target: '#left' }
      await ada.call('POST /api/channels/{target}/members', { params, body: { kind: 'agent', memberId: other.id } })
      const task = await make('left behind', { target: '#left' })
      await claim(task.id, other)
      const member = { ...params, kind: 'agent' as const, memberId: other.id }
      await ada.call('DELETE /api/channels/{target}/members/{kind}/{memberId}', { params: member })
      expect(await get(task.id)).toMatchObject({ state: 'todo', assigneeId: null, claims: [] })
    })
  })
