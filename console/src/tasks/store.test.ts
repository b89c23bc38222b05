import { afterEach, beforeEach, describe, expect, test } from 'bun:test'
import { type Message, type Task } from '@shared/contract'
import { ApiError } from '../api/client'
import { tellEvent, tellRestart } from '../store/feed'
import { patchTask, tasks } from './store'

const realFetch = globalThis.fetch
const task = (more: Partial<Task> = {}): Task =>
  ({
    id: 'tsk_1',
    number: 1,
    target: '#general',
    summary: 'one',
    state: 'todo',
    column: 'todo',
    priority: 'none',
    labels: [],
    assigneeId: null,
    threadId: null,
    version: 3,
    ...more,
  }) as unknown as Task

/** Answers requests in turn; what was sent is kept. */
function answering(...answers: [status: number, body: unknown][]): unknown[] {
  const sent: unknown[] = []
  const respond = async (_: unknown, init?: RequestInit) => {
    sent.push(JSON.parse(String(init?.body)))
    const [status, body] = answers[sent.length - 1] ?? [500, {}]
    return new Response(JSON.stringify(body), { status, headers: { 'content-type': 'application/json' } })
  }
  globalThis.fetch = Object.assign(respond, { preconnect: () => undefined })
  return sent
}
const shown = () => tasks.items['tsk_1']!

beforeEach(() => tasks.put(task()))
afterEach(() => {
  globalThis.fetch = realFetch
  tellRestart()
})

describe('a change of a task', () => {
  test('shows at once, and goes to the column of its state', async () => {
    const sent = answering([200, task({ state: 'in_progress', column: 'in_progress', version: 4 })])
    const done = patchTask(shown(), { state: 'in_progress' })
    expect(shown()).toMatchObject({ state: 'in_progress', column: 'in_progress' })
    await done
    expect(shown().version).toBe(4)
    expect(sent).toEqual([{ state: 'in_progress', version: 3 }])
  })

  test('that is refused is taken back', async () => {
    answering([409, { error: 'no', code: 'dependencies_open', data: { open: [2] } }])
    await expect(patchTask(shown(), { state: 'in_progress' })).rejects.toBeInstanceOf(ApiError)
    expect(shown()).toMatchObject({ state: 'todo', column: 'todo', version: 3 })
  })

  test('is made again when somebody else has changed something else meanwhile', async () => {
    const current = task({ summary: 'theirs', version: 5 })
    const sent = answering(
      [409, { error: 'stale', code: 'stale', data: { current } }],
      [200, task({ summary: 'theirs', priority: 'high', version: 6 })],
    )
    await patchTask(shown(), { priority: 'high' })
    expect(sent).toEqual([
      { priority: 'high', version: 3 },
      { priority: 'high', version: 5 },
    ])
    expect(shown()).toMatchObject({ summary: 'theirs', priority: 'high', version: 6 })
  })

  test('is not made when somebody else has changed the same: what they made of it is shown', async () => {
    const sent = answering([
      409,
      { error: 'stale', code: 'stale', data: { current: task({ summary: 'theirs', version: 5 }) } },
    ])
    await expect(patchTask(shown(), { summary: 'mine' })).rejects.toMatchObject({ code: 'stale' })
    expect(sent).toHaveLength(1)
    expect(shown().summary).toBe('theirs')
  })

  test('that is refused leaves what an event has told meanwhile', async () => {
    answering([409, { error: 'no', code: 'not_holder' }])
    const done = patchTask(shown(), { priority: 'high' })
    tasks.put(task({ summary: 'newer', version: 9 }))
    await expect(done).rejects.toBeInstanceOf(ApiError)
    expect(shown()).toMatchObject({ summary: 'newer', priority: 'none', version: 9 })
  })
})

test('the first message of its thread tells a task where it is discussed', () => {
  const system = { type: 'task.thread', data: { taskId: 'tsk_1' } }
  const payload = { id: 'msg_1', system } as unknown as Message
  tellEvent({
    sequence: 1,
    id: 'evt_1',
    kind: 'message',
    operation: 'created',
    aggregateId: 'msg_1',
    target: '#general',
    actor: { kind: 'system', id: 'system', name: 'nekode', displayName: 'Nekode' },
    createdAt: 1,
    payload,
  })
  expect(shown().threadId).toBe('msg_1')
})
