import type { Task } from '@shared/contract'
import type { Group, Sort } from './filter'
import { PRIORITIES, STATES } from './rules'

/** A part of a list: the key is a state, a priority, an id or a channel. */
export interface Section {
  key: string
  tasks: Task[]
}

const rank = (task: Task): number => PRIORITIES.indexOf(task.priority)
const newest = (a: Task, b: Task): number => (a.id < b.id ? 1 : -1)

const orders: Record<Sort, (a: Task, b: Task) => number> = {
  updated: (a, b) => b.updatedAt - a.updatedAt || newest(a, b),
  created: newest,
  priority: (a, b) => rank(a) - rank(b) || newest(a, b),
  // What has no time comes last.
  due: (a, b) => (a.dueAt ?? Infinity) - (b.dueAt ?? Infinity) || newest(a, b),
  title: (a, b) => a.summary.localeCompare(b.summary) || newest(a, b),
}

/** Infinity minus Infinity is no number, and no order. */
const safely = (order: (a: Task, b: Task) => number) => (a: Task, b: Task) => order(a, b) || newest(a, b)

export const sortTasks = (tasks: readonly Task[], sort: Sort): Task[] => [...tasks].sort(safely(orders[sort]))

const keyOf: Record<Group, (task: Task) => string> = {
  state: (task) => task.state,
  assignee: (task) => task.assigneeId ?? 'none',
  priority: (task) => task.priority,
  channel: (task) => task.target,
  none: () => '',
}

/**
 * Tasks under headings, in the order of a board or by name; what is nobody's comes last.
 * @param nameOf how an assignee or a channel is called
 */
export function groupTasks(
  tasks: readonly Task[],
  group: Group,
  sort: Sort,
  nameOf: (key: string) => string,
): Section[] {
  const sections = Map.groupBy(sortTasks(tasks, sort), keyOf[group])
  const order: readonly string[] = group === 'state' ? STATES : group === 'priority' ? PRIORITIES : []
  const place = (key: string): number => (key === 'none' && group === 'assignee' ? 1000 : order.indexOf(key))
  return [...sections]
    .map(([key, list]) => ({ key, tasks: list }))
    .sort((a, b) => place(a.key) - place(b.key) || nameOf(a.key).localeCompare(nameOf(b.key)))
}
