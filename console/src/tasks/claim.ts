import type { Task } from '@shared/contract'
import { call } from '../api/client'
import { refuse } from './refused'
import { tasks } from './store'

/** Takes a task in hand. */
export async function claim(task: Task): Promise<void> {
  try {
    tasks.put((await call('POST /api/tasks/{id}/claim', { params: { id: task.id }, body: {} })).task)
  } catch (error) {
    refuse(error, task)
  }
}

/** Gives a task back: it is open again. */
export async function giveBack(task: Task, leaseId: string): Promise<void> {
  try {
    tasks.put(await call('POST /api/tasks/{id}/claim/release', { params: { id: task.id }, body: { leaseId } }))
  } catch (error) {
    refuse(error, task)
  }
}
