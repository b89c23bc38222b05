import { z } from 'zod'
import type { PlanEntry } from '../events'

const Status = z.enum(['pending', 'in_progress', 'completed'])
const Todos = z.object({ todos: z.array(z.looseObject({ content: z.string(), status: Status })) })
const Created = z.looseObject({ task: z.looseObject({ id: z.string(), subject: z.string() }) })
const Updated = z.looseObject({ taskId: z.string(), status: z.string().optional(), subject: z.string().optional() })

/** Claude Code has no plan event: the plan is what its task tools were called with. */
export class Plan {
  readonly #tasks = new Map<string, PlanEntry>()

  /** @returns the whole plan when this tool call changed it */
  note(tool: string, input: unknown, result: unknown): PlanEntry[] | undefined {
    if (tool === 'TodoWrite') {
      const todos = Todos.safeParse(input).data?.todos
      return todos?.map(({ content, status }) => ({ text: content, status }))
    }
    if (tool === 'TaskCreate') {
      const task = Created.safeParse(result).data?.task
      if (task) this.#tasks.set(task.id, { text: task.subject, status: 'pending' })
      return task && this.#entries()
    }
    if (tool === 'TaskUpdate') {
      const update = Updated.safeParse(input).data
      const task = update && this.#tasks.get(update.taskId)
      if (!task) return undefined
      if (update.status === 'deleted') this.#tasks.delete(update.taskId)
      task.status = Status.safeParse(update.status).data ?? task.status
      task.text = update.subject ?? task.text
      return this.#entries()
    }
    return undefined
  }

  #entries(): PlanEntry[] {
    return [...this.#tasks.values()].map(({ text, status }) => ({ text, status }))
  }
}
