import type { Task, TaskPriority, TaskState } from '@shared/contract'
import { PRIORITIES, STATES, isClosed, isPriority, isState } from './rules'

export const DUE = ['overdue', 'today', 'week'] as const
export type Due = (typeof DUE)[number]
export const GROUPS = ['state', 'assignee', 'priority', 'channel', 'none'] as const
export type Group = (typeof GROUPS)[number]
export const SORTS = ['updated', 'created', 'priority', 'due', 'title'] as const
export type Sort = (typeof SORTS)[number]

/** Which tasks are looked at, and how: all of it stands in the address. */
export interface Look {
  target: string | undefined
  states: TaskState[]
  /** Ids; `me` for the reader, `none` for what is nobody's. */
  assignees: string[]
  label: string | undefined
  priorities: TaskPriority[]
  due: Due | undefined
  text: string
  layout: 'board' | 'list'
  group: Group
  sort: Sort
}

const oneOf = <T extends string>(value: string | null, values: readonly T[]): T | undefined =>
  values.find((each) => each === value)
const several = (value: string | null): string[] => [...new Set((value ?? '').split(',').filter(Boolean))].slice(0, 20)

/** Reads a look out of an address; what makes no sense there is left out. */
export function parseLook(query: URLSearchParams): Look {
  return {
    target: query.get('channel')?.slice(0, 200) || undefined,
    states: several(query.get('state')).filter(isState),
    assignees: several(query.get('assignee')).filter((id) => /^(me|none|(usr|agent)_[\w-]{1,64})$/.test(id)),
    label: query.get('label')?.slice(0, 50) || undefined,
    priorities: several(query.get('priority')).filter(isPriority),
    due: oneOf(query.get('due'), DUE),
    text: (query.get('q') ?? '').slice(0, 200),
    layout: oneOf(query.get('layout'), ['board', 'list']) ?? 'board',
    group: oneOf(query.get('group'), GROUPS) ?? 'state',
    sort: oneOf(query.get('sort'), SORTS) ?? 'updated',
  }
}

/** The address of a look, without what goes without saying. */
export function lookQuery(look: Look): URLSearchParams {
  const query = new URLSearchParams()
  const set = (name: string, value: string | undefined) => value && query.set(name, value)
  set('channel', look.target)
  set('state', inOrder(look.states, STATES).join(','))
  set('assignee', look.assignees.join(','))
  set('label', look.label)
  set('priority', inOrder(look.priorities, PRIORITIES).join(','))
  set('due', look.due)
  set('q', look.text.trim())
  if (look.layout === 'list') query.set('layout', 'list')
  if (look.layout === 'list' && look.group !== 'state') query.set('group', look.group)
  if (look.layout === 'list' && look.sort !== 'updated') query.set('sort', look.sort)
  return query
}

const inOrder = <T>(list: readonly T[], order: readonly T[]): T[] => order.filter((each) => list.includes(each))

/** Whether anything is left out. */
export const isNarrow = (look: Look): boolean =>
  look.states.length + look.assignees.length + look.priorities.length > 0 ||
  Boolean(look.target || look.label || look.due || look.text.trim())

/** Until when something has to be due to be in. */
export function dueLimit(due: Due, now: number): number {
  if (due === 'overdue') return now
  const midnight = new Date(now)
  midnight.setHours(24, 0, 0, 0)
  if (due === 'week') midnight.setDate(midnight.getDate() + 6)
  return midnight.getTime()
}

/** What is due is only looked for among what is not over. */
const statesOf = (look: Look): TaskState[] =>
  look.due && !look.states.length ? STATES.filter((state) => !isClosed(state)) : look.states

/** What the server is asked. */
export function serverQuery(look: Look, me: string, now: number) {
  const states = statesOf(look)
  return {
    ...(look.target ? { target: look.target } : {}),
    ...(states.length ? { state: states.join(',') } : {}),
    ...(look.assignees.length ? { assigneeId: look.assignees.map((id) => (id === 'me' ? me : id)).join(',') } : {}),
    ...(look.label ? { label: look.label } : {}),
    ...(look.priorities.length ? { priority: look.priorities.join(',') } : {}),
    ...(look.due ? { dueBefore: dueLimit(look.due, now) } : {}),
    ...(look.text.trim() ? { q: look.text.trim() } : {}),
  }
}

export interface Around {
  /** The reader's id. */
  me: string
  now: number
  /** What the server found for the text, which searches better than this page. */
  found: ReadonlySet<string>
}

/** Whether a task belongs to a look: what the server would say, for what has changed since it was asked. */
export function matches(task: Task, look: Look, { me, now, found }: Around): boolean {
  const states = statesOf(look)
  const assignees = look.assignees.map((id) => (id === 'me' ? me : id))
  return (
    (!look.target || task.target === look.target) &&
    (!states.length || states.includes(task.state)) &&
    (!assignees.length || assignees.includes(task.assigneeId ?? 'none')) &&
    (!look.label || task.labels.includes(look.label)) &&
    (!look.priorities.length || look.priorities.includes(task.priority)) &&
    (!look.due || (task.dueAt !== null && task.dueAt < dueLimit(look.due, now))) &&
    (!look.text.trim() || found.has(task.id) || says(task, look.text))
  )
}

function says(task: Task, text: string): boolean {
  const hay = `#${task.number} ${task.summary} ${task.description} ${task.labels.join(' ')}`.toLowerCase()
  return text
    .toLowerCase()
    .trim()
    .split(/\s+/)
    .every((word) => hay.includes(word))
}
