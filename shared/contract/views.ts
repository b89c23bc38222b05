import { z } from 'zod'
import { Actor, Id, Ok, Target, Time } from './common'
import { routes } from './route'

/** Views of tasks that one person keeps, and that are shared on one server. */
export const MAX_VIEWS = 100
export const MAX_SHARED_VIEWS = 500

/** What is looked at of tasks, by a name: filters, order and layout, as the console has them in its address. */
export const TaskView = z.object({
  id: Id,
  name: z.string(),
  /** For everybody who sees its channel; else for whoever made it alone. */
  shared: z.boolean(),
  /** Null: of all channels. */
  target: Target.nullable(),
  /** A query string without the channel, such as `state=todo,blocked&group=assignee`. */
  query: z.string(),
  createdBy: Actor,
  createdAt: Time,
  updatedAt: Time,
})
export type TaskView = z.infer<typeof TaskView>

const fields = {
  name: z.string().trim().min(1).max(80),
  shared: z.boolean(),
  target: Target.nullable(),
  query: z
    .string()
    .max(1000)
    .regex(/^[^\s?#]*$/, 'not a query string'),
}

export const NewTaskView = z.strictObject({ ...fields, shared: fields.shared.default(false) })
export type NewTaskView = z.output<typeof NewTaskView>

export const TaskViewPatch = z.strictObject({
  name: fields.name.optional(),
  shared: fields.shared.optional(),
  target: fields.target.optional(),
  query: fields.query.optional(),
})
export type TaskViewPatch = z.output<typeof TaskViewPatch>

const One = z.object({ id: Id })

export const viewRoutes = routes({
  'GET /api/task-views': {
    summary: 'Views of tasks: the caller’s own, and those that are shared',
    tag: 'tasks',
    who: ['user'],
    response: z.object({ items: z.array(TaskView) }),
  },
  'POST /api/task-views': {
    summary: 'Keep a view of tasks, for oneself or for everybody who sees its channel',
    tag: 'tasks',
    who: ['user'],
    role: 'member',
    status: 201,
    body: NewTaskView,
    response: TaskView,
    errors: ['too_many_views'],
  },
  'PATCH /api/task-views/{id}': {
    summary: 'Change a view of one’s own',
    tag: 'tasks',
    who: ['user'],
    role: 'member',
    params: One,
    body: TaskViewPatch,
    response: TaskView,
    errors: ['too_many_views'],
  },
  'DELETE /api/task-views/{id}': {
    summary: 'Remove a view of one’s own; admins also remove shared ones',
    tag: 'tasks',
    who: ['user'],
    role: 'member',
    params: One,
    response: Ok,
  },
})
