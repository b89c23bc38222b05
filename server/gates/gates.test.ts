import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import type { Task } from '@shared/contract'
import { ApiError } from '@shared/contract/client'
import { type Scratch, storages } from '../../test/storages'
import { type Caller, type TestServer, startTestServer } from '../testing'

const refused = async (call: Promise<unknown>): Promise<ApiError> => {
  try {
    await call
  } catch (error) {
    if (error instanceof ApiError) return error
    throw error
  }
  throw new Error('it was not refused')
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
      bot = await server.agent({ name: 'bot' })
    }, 60_000)
    afterAll(async () => {
      await server?.stop()
      await scratch?.drop()
    })

    const make = (summary: string, more: object = {}): Promise<Task> =>
      ada.call('POST /api/tasks', { body: { target: '#general', summary, ...more } })
    const move = async ({ id }: Task, ...states: Task['state'][]) => {
      for (const state of states) await ada.call('PATCH /api/tasks/{id}', { params: { id }, body: { state } })
    }
    const gate = ({ id }: Task) => ada.call('GET /api/tasks/{id}/gate', { params: { id } })
    const release = ({ id }: Task, by = ada) =>
      by.call('POST /api/tasks/{id}/release', {
        params: { id },
        body: { version: '1.2.3', environment: 'production', note: 'out' },
      })
    const review = ({ id }: Task, verdict: 'approved' | 'changes_requested', by = bob) =>
      by.call('POST /api/tasks/{id}/reviews', { params: { id }, body: { verdict, comment: 'seen' } })
    const evidence = ({ id }: Task, status: 'passed' | 'failed', by = ada) =>
      by.call('POST /api/tasks/{id}/evidence', {
        params: { id },
        body: {
          summary: 'ran it',
          checks: [{ name: 'tests', kind: 'test', status, command: 'curl --oauth2 "Bearer hunter2secret" localhost' }],
          commitIds: ['0123456789abcdef'],
        },
      })

    test('a gate says all that a release waits for, and opens when nothing is left', async () => {
      const other = await make('before it')
      const task = await make('to go out', { reviewerIds: [bob.id] })
      const part = await make('a part', { parentId: task.id })
      await ada.call('PATCH /api/tasks/{id}/graph', {
        params: { id: task.id },
        body: { add: [{ from: task.id, to: other.id, kind: 'depends_on' }] },
      })
      await ada.call('PUT /api/tasks/{id}/gate', { params: { id: task.id }, body: { requiredChecks: ['tests'] } })
      expect((await gate(task)).missing.map((m) => m.kind)).toEqual([
        'state',
        'check',
        'review',
        'dependency',
        'subtask',
      ])
      const closed = await refused(release(task))
      expect([closed.status, closed.code, closed.data?.missing]).toEqual([
        409,
        'gate_closed',
        (await gate(task)).missing,
      ])
      await move(other, 'in_progress', 'done')
      await move(part, 'canceled')
      await move(task, 'in_progress', 'in_review')
      expect((await evidence(task, 'failed')).status).toBe('failed')
      expect(JSON.stringify(await gate(task))).not.toContain('hunter2secret')
      await evidence(task, 'passed')
      await review(task, 'approved')
      expect((await gate(task)).missing.map((m) => m.kind)).toEqual(['state'])
      await move(task, 'done')
      expect(await gate(task)).toMatchObject({ status: 'passed', passed: true, missing: [] })
      const out = await release(task)
      expect(out.gate.release).toMatchObject({ version: '1.2.3', environment: 'production', by: { name: 'owner' } })
      expect(out.task.releasedAt).toBe(out.gate.release!.at)
      expect((await refused(release(task))).code).toBe('already_released')
    })

    test('evidence that is published as a coordination record counts, when it is about a task of one’s own', async () => {
      const task = await make('proved')
      const params = { id: task.id }
      await ada.call('PUT /api/tasks/{id}/gate', { params, body: { requiredChecks: ['smoke test'] } })
      const record = {
        kind: 'acceptance_evidence' as const,
        summary: 'it runs',
        verificationResults: [
          { kind: 'smoke' as const, status: 'passed' as const, summary: 'the smoke test went well' },
        ],
      }
      const publish = (by: Caller) =>
        by.call('POST /api/channels/{target}/coordination', {
          params: { target: '#general' },
          body: { taskId: task.id, record },
        })
      await publish(bot)
      expect((await gate(task)).missing.map((m) => m.kind)).toEqual(['state', 'check'])
      await bot.call('POST /api/tasks/{id}/claim', { params, body: {} })
      await publish(bot)
      expect(await gate(task)).toMatchObject({ evidence: [{ actor: { name: 'bot' } }], missing: [{ kind: 'state' }] })
    })

    test('changes that a reviewer asks for give the task back, and what was approved is asked for again', async () => {
      const task = await make('reviewed', { reviewerIds: [bob.id, ada.id] })
      expect((await refused(review(task, 'approved'))).code).toBe('not_in_review')
      await move(task, 'in_progress', 'in_review')
      expect((await refused(review(task, 'approved', bot))).code).toBe('not_reviewer')
      await review(task, 'approved', ada)
      await review(task, 'changes_requested')
      const now = await ada.call('GET /api/tasks/{id}', { params: { id: task.id } })
      expect(now.state).toBe('in_progress')
      expect((await gate(task)).reviews.map((r) => [r.reviewer.name, r.verdict])).toEqual([
        ['bob', 'changes_requested'],
      ])
      const { items } = await ada.call('GET /api/tasks/{id}/timeline', { params: { id: task.id } })
      expect(items.filter((c) => c.action === 'reviewed')).toHaveLength(2)
    })

    test('a person may let a release through and says why; an agent may not, nor release what is not its own', async () => {
      const task = await make('urgent', { reviewerIds: [bob.id] })
      const waive = (by: Caller) =>
        by.call('POST /api/tasks/{id}/gate/waiver', { params: { id: task.id }, body: { reason: 'the site is down' } })
      expect((await refused(waive(bot))).code).toBe('wrong_principal')
      expect((await refused(release(task, bot))).code).toBe('not_holder')
      expect((await refused(evidence(task, 'passed', bot))).code).toBe('not_holder')
      expect(await waive(ada)).toMatchObject({ status: 'waived', passed: true, waiver: { reason: 'the site is down' } })
      expect((await release(task)).gate.release).not.toBeNull()
    })

    test('with reviewers an agent does not close its own work', async () => {
      const task = await make('checked', { reviewerIds: [bob.id] })
      await bot.call('POST /api/tasks/{id}/claim', { params: { id: task.id }, body: {} })
      const set = (state: Task['state']) =>
        bot.call('PATCH /api/tasks/{id}', { params: { id: task.id }, body: { state } })
      expect((await refused(set('done'))).code).toBe('review_required')
      expect((await set('in_review')).state).toBe('in_review')
    })
  })
