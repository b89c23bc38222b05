import type { Task, TaskPriority, TaskState } from '@shared/contract'
import type { Tone } from '../ui/badge'

/** In the order of a board's columns. */
export const STATES: readonly TaskState[] = ['todo', 'in_progress', 'blocked', 'in_review', 'done', 'canceled']
export const PRIORITIES: readonly TaskPriority[] = ['urgent', 'high', 'medium', 'low', 'none']

/** Which state may follow each: the contract's table, whose schemas would weigh too much here. */
const TRANSITIONS: Readonly<Record<TaskState, readonly TaskState[]>> = {
  todo: ['in_progress', 'blocked', 'canceled'],
  in_progress: ['todo', 'in_review', 'blocked', 'done', 'canceled'],
  in_review: ['in_progress', 'blocked', 'done', 'canceled'],
  blocked: ['todo', 'in_progress', 'canceled'],
  done: ['todo', 'in_progress'],
  canceled: ['todo'],
}

export const nextStates = (state: TaskState): readonly TaskState[] => TRANSITIONS[state]
export const mayBecome = (from: TaskState, to: TaskState): boolean => from === to || TRANSITIONS[from].includes(to)
export const isClosed = (state: TaskState): boolean => state === 'done' || state === 'canceled'
export const isState = (text: string): text is TaskState => STATES.some((state) => state === text)
export const isPriority = (text: string): text is TaskPriority => PRIORITIES.some((priority) => priority === text)

export const stateLook: Record<TaskState, { icon: string; tone: Tone; ink: string }> = {
  todo: { icon: 'i-lucide-circle', tone: 'plain', ink: 'text-soft' },
  in_progress: { icon: 'i-lucide-circle-dot', tone: 'warn', ink: 'text-warn' },
  blocked: { icon: 'i-lucide-octagon-x', tone: 'bad', ink: 'text-bad' },
  in_review: { icon: 'i-lucide-eye', tone: 'info', ink: 'text-info' },
  done: { icon: 'i-lucide-circle-check', tone: 'ok', ink: 'text-ok' },
  canceled: { icon: 'i-lucide-circle-slash', tone: 'plain', ink: 'text-faint' },
}

export const priorityLook: Record<TaskPriority, { icon: string; ink: string }> = {
  urgent: { icon: 'i-lucide-siren', ink: 'text-bad' },
  high: { icon: 'i-lucide-signal-high', ink: 'text-warn' },
  medium: { icon: 'i-lucide-signal-medium', ink: 'text-soft' },
  low: { icon: 'i-lucide-signal-low', ink: 'text-soft' },
  none: { icon: 'i-lucide-minus', ink: 'text-faint' },
}

/** The agent or person who has a task in hand, if somebody has. */
export const ownerOf = (task: Task) => task.claims.find((claim) => claim.mode === 'owner' && claim.state === 'held')

export const taskPath = (task: Pick<Task, 'number'>): string => `/tasks/${task.number}`
