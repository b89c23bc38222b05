import { describe, expect, test } from 'bun:test'
import { TASK_COLUMNS, TASK_TRANSITIONS, TaskPriority, TaskState, type Task } from '@shared/contract'
import { groupTasks, sortTasks } from './arrange'
import { dueLimit, isNarrow, lookQuery, matches, parseLook, serverQuery } from './filter'
import { PRIORITIES, STATES, mayBecome, nextStates } from './rules'

let count = 0
const task = (more: Partial<Task> = {}): Task => {
  const n = ++count
  const base = {
    id: `tsk_${String(n).padStart(4, '0')}`,
    number: n,
    target: '#general',
    summary: `task ${n}`,
    description: '',
    state: 'todo',
    column: 'todo',
    priority: 'none',
    labels: [],
    dueAt: null,
    assigneeId: null,
    updatedAt: n,
    version: 1,
  }
  return { ...base, ...more } as unknown as Task
}
const look = (query: string) => parseLook(new URLSearchParams(query))
const now = new Date('2026-05-20T15:00:00').getTime()
const around = { me: 'usr_me', now, found: new Set<string>() }
const day = 86_400_000

describe('what the console repeats of the contract', () => {
  test('is the same: states, columns, priorities, and what may become what', () => {
    expect([...STATES]).toEqual([...TASK_COLUMNS])
    expect([...PRIORITIES].sort()).toEqual([...TaskPriority.options].sort())
    for (const from of TaskState.options) {
      expect(nextStates(from)).toEqual(TASK_TRANSITIONS[from])
      for (const to of TaskState.options)
        expect(mayBecome(from, to)).toBe(from === to || TASK_TRANSITIONS[from].includes(to))
    }
  })
})

describe('a look', () => {
  test.each([
    '',
    'channel=%23general&state=todo%2Cblocked&assignee=me%2Cnone&label=api&priority=urgent%2Clow&due=week&q=two+words',
    'layout=list&group=assignee&sort=due',
  ])('of “%s” has the same address again', (query) => {
    expect(lookQuery(look(query)).toString()).toBe(query)
  })

  test('leaves out what makes no sense', () => {
    const odd = look('state=todo,nonsense&assignee=me,<script>,usr_1&priority=7&due=never&layout=cube&group=x&sort=y')
    expect(odd).toMatchObject({ states: ['todo'], assignees: ['me', 'usr_1'], priorities: [], layout: 'board' })
    expect([odd.due, odd.group, odd.sort]).toEqual([undefined, 'state', 'updated'])
    expect([isNarrow(look('layout=list&sort=due')), isNarrow(odd)]).toEqual([false, true])
  })

  test('is asked of the server in its words', () => {
    expect(serverQuery(look('assignee=me,none&q=+api+'), 'usr_me', now)).toEqual({
      assigneeId: 'usr_me,none',
      q: 'api',
    })
    expect(serverQuery(look('due=overdue'), 'usr_me', now)).toEqual({
      state: 'todo,in_progress,blocked,in_review',
      dueBefore: now,
    })
    expect(dueLimit('today', now)).toBe(new Date('2026-05-21T00:00:00').getTime())
    expect(dueLimit('week', now)).toBe(new Date('2026-05-27T00:00:00').getTime())
  })

  test.each([
    ['channel=%23general', {}, true],
    ['channel=%23den', {}, false],
    ['state=todo', { state: 'done' }, false],
    ['assignee=me', { assigneeId: 'usr_me' }, true],
    ['assignee=none', { assigneeId: 'usr_me' }, false],
    ['assignee=none', {}, true],
    ['label=api', { labels: ['api', 'ui'] }, true],
    ['label=ap', { labels: ['api'] }, false],
    ['priority=high,low', { priority: 'medium' }, false],
    ['due=overdue', { dueAt: now - 1 }, true],
    ['due=overdue', { dueAt: now - 1, state: 'done' }, false],
    ['due=overdue', {}, false],
    ['due=week', { dueAt: now + 5 * day }, true],
    ['due=today', { dueAt: now + 5 * day }, false],
    ['q=write+DOCS', { summary: 'Write the docs' }, true],
    ['q=write+tests', { summary: 'Write the docs' }, false],
  ] as const)('of “%s” on %o: %p', (query, more, expected) => {
    expect(matches(task(more as Partial<Task>), look(query), around)).toBe(expected)
  })

  test('has what the server found, whatever it says here', () => {
    const found = task({ summary: 'running' })
    expect(matches(found, look('q=ran'), { ...around, found: new Set([found.id]) })).toBe(true)
  })
})

describe('an order', () => {
  test('puts what has no due time last, and of equals the newest first', () => {
    const [a, b, c, d] = [task(), task({ dueAt: 5 }), task({ dueAt: 3 }), task()]
    expect(sortTasks([a, b, c, d], 'due').map((t) => t.id)).toEqual([c.id, b.id, d.id, a.id])
  })

  test('goes by urgency, by title, by the latest change and by age', () => {
    const [low, urgent] = [task({ priority: 'low', summary: 'b' }), task({ priority: 'urgent', summary: 'a' })]
    low.updatedAt = 1000
    const ids = (sort: Parameters<typeof sortTasks>[1]) => sortTasks([low, urgent], sort).map((t) => t.id)
    expect(ids('priority')).toEqual([urgent.id, low.id])
    expect(ids('title')).toEqual([urgent.id, low.id])
    expect(ids('updated')).toEqual([low.id, urgent.id])
    expect(ids('created')).toEqual([urgent.id, low.id])
  })

  test('has sections in the order of a board, by name, and nobody last', () => {
    const tasks = [
      task({ state: 'done', assigneeId: 'usr_z', priority: 'low' }),
      task({ state: 'todo' }),
      task({ state: 'blocked', assigneeId: 'agent_a', priority: 'urgent' }),
    ]
    const names: Record<string, string> = { usr_z: 'Zoe', agent_a: 'Ann', none: 'Aaa' }
    const keys = (group: Parameters<typeof groupTasks>[1]) =>
      groupTasks(tasks, group, 'created', (key) => names[key] ?? key).map(({ key }) => key)
    expect(keys('state')).toEqual(['todo', 'blocked', 'done'])
    expect(keys('assignee')).toEqual(['agent_a', 'usr_z', 'none'])
    expect(keys('priority')).toEqual(['urgent', 'low', 'none'])
    expect(keys('channel')).toEqual(['#general'])
    expect(keys('none')).toEqual([''])
  })
})
