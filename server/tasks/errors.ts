import { TASK_TRANSITIONS, type Task } from '@shared/contract'
import { NekodeError } from '@shared/errors'
import type { TaskRow, TaskState } from './view'

export const name = (row: Pick<TaskRow, 'number'>): string => `#${row.number}`

export const taskUnknown = (): NekodeError =>
  new NekodeError('not_found', 'There is no such task, or it is not for you to see.', { code: 'task_unknown' })

export function illegal(row: TaskRow, to: TaskState): NekodeError {
  const allowed = TASK_TRANSITIONS[row.state]
  return new NekodeError('conflict', `${name(row)} is ${words(row.state)}, which cannot become ${words(to)}.`, {
    code: 'illegal_transition',
    next: allowed.length ? `It may become ${allowed.map(words).join(', ')}.` : 'It stays as it is.',
    data: { state: row.state, allowed },
  })
}

export const stale = (current: Task): NekodeError =>
  new NekodeError('conflict', `Somebody changed #${current.number} in the meantime (version ${current.version}).`, {
    code: 'stale',
    next: 'Look at what it is now, and send the change again with that version.',
    data: { current },
  })

export const dependenciesOpen = (row: TaskRow, open: { number: number; summary: string }[]): NekodeError =>
  new NekodeError('conflict', `${name(row)} waits for ${open.map((t) => `#${t.number}`).join(', ')}.`, {
    code: 'dependencies_open',
    next: 'Finish those first, or take the dependency out.',
    data: { open: open.map((t) => t.number) },
  })

export const notHolder = (row: TaskRow, holder: string | undefined): NekodeError =>
  new NekodeError(
    'conflict',
    holder === undefined
      ? `${name(row)} is not yours: no claim of yours is held on it.`
      : `${name(row)} is claimed by @${holder}.`,
    { code: 'not_holder', next: holder === undefined ? 'Claim it first.' : 'Write in its thread instead.' },
  )

export const words = (state: TaskState): string => state.replace('_', ' ')
