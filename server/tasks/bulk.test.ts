import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import type { BulkPatch, Task } from '@shared/contract'
import { type Scratch, storages } from '../../test/storages'
import { type Caller, type TestServer, startTestServer } from '../testing'

for (const storage of storages.filter((s) => s.available))
  describe(`on ${storage.name}`, () => {
    let scratch: Scratch
    let server: TestServer
    let ada: Caller
    let bob: Caller

    beforeAll(async () => {
      scratch = await storage.scratch()
      server = await startTestServer({ dsn: scratch.dsn })
      ada = await server.as('owner', 'owner')
      bob = await server.as('member', 'bob')
      await ada.call('POST /api/channels', { body: { name: 'den', visibility: 'private' } })
    }, 60_000)
    afterAll(async () => {
      await server?.stop()
      await scratch?.drop()
    })

    const make = (summary: string, more: object = {}): Promise<Task> =>
      ada.call('POST /api/tasks', { body: { target: '#general', summary, ...more } })
    const change = async (ids: string[], patch: BulkPatch, by = ada) =>
      (await by.call('POST /api/tasks/bulk', { body: { ids, patch } })).outcomes
    const list = async (query: object) =>
      (await ada.call('GET /api/tasks', { query: { limit: 200, ...query } })).items.map((t) => t.summary).toSorted()

    test('several tasks are changed alike, and one that cannot be keeps none of the others back', async () => {
      const [open, done] = [await make('open', { labels: ['api', 'old'] }), await make('closed')]
      await ada.call('PATCH /api/tasks/{id}', { params: { id: done.id }, body: { state: 'canceled' } })
      const patch: BulkPatch = { state: 'in_progress', priority: 'high', addLabels: ['ui'], removeLabels: ['old'] }
      const outcomes = await change([open.id, done.id, `#${open.number}0000`], patch)
      expect(outcomes).toMatchObject([
        { id: open.id, task: { state: 'in_progress', priority: 'high', labels: ['api', 'ui'] } },
        { id: done.id, error: { code: 'illegal_transition', data: { allowed: ['todo'] } } },
        { error: { code: 'task_unknown' } },
      ])
      const after = await ada.call('GET /api/tasks/{id}', { params: { id: done.id } })
      expect(after).toMatchObject({ state: 'canceled', priority: 'none' })
    })

    test('what the caller may not see is unknown to them, and as many as a hundred go at once', async () => {
      const hidden = await make('hidden', { target: '#den' })
      expect(await change([hidden.id], { priority: 'low' }, bob)).toMatchObject([{ error: { code: 'task_unknown' } }])
      const ids = Array.from({ length: 101 }, (_, n) => String(n + 1))
      const response = await ada.fetch('/api/tasks/bulk', {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ ids, patch: {} }),
      })
      expect(response.status).toBe(400)
    })

    test('lists and boards are narrowed by several assignees, by nobody, and by words', async () => {
      const agent = await server.agent({ name: 'bulk-bot' })
      await make('narrow one', { assigneeId: ada.id, description: 'kangaroo' })
      await make('narrow two', { assigneeId: bob.id, labels: ['kangaroo'] })
      await make('narrow three kangaroo')
      const q = 'kangaroo'
      expect(await list({ q })).toEqual(['narrow one', 'narrow three kangaroo', 'narrow two'])
      expect(await list({ q, assigneeId: bob.id })).toEqual(['narrow two'])
      expect(await list({ q, assigneeId: `${ada.id},none` })).toEqual(['narrow one', 'narrow three kangaroo'])
      expect(await list({ q: 'wallaby' })).toEqual([])
      expect(await list({ assigneeId: agent.id })).toEqual([])
      const board = await ada.call('GET /api/tasks/board', { query: { q, assigneeId: 'none' } })
      expect(board.columns.find((c) => c.column === 'todo')).toMatchObject({
        total: 1,
        items: [{ summary: 'narrow three kangaroo' }],
      })
    })
  })
