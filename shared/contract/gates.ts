import { z } from 'zod'
import { Actor, Id, Time } from './common'
import { routes } from './route'
import { Task, TaskRef } from './tasks'

const At = z.object({ id: TaskRef })

export const CheckKind = z.enum(['command', 'test', 'build', 'lint', 'smoke', 'review', 'manual'])
export const CheckStatus = z.enum(['passed', 'failed', 'skipped', 'blocked'])

const CheckName = z.string().trim().min(1).max(100)
export const TaskCheck = z.object({
  name: z.string(),
  kind: CheckKind,
  status: CheckStatus,
  command: z.string(),
  summary: z.string(),
  /** The telling part of the output. */
  excerpt: z.string(),
})
export type TaskCheck = z.infer<typeof TaskCheck>

/** Why a task can be taken as done. */
export const TaskEvidence = z.object({
  id: Id,
  taskId: Id,
  runId: z.string().nullable(),
  actor: Actor,
  summary: z.string(),
  checks: z.array(TaskCheck),
  commitIds: z.array(z.string()),
  createdAt: Time,
})
export type TaskEvidence = z.infer<typeof TaskEvidence>

export const TaskReview = z.object({
  reviewer: Actor,
  verdict: z.enum(['approved', 'changes_requested']),
  comment: z.string(),
  createdAt: Time,
})
export type TaskReview = z.infer<typeof TaskReview>

/** Something that a release waits for. */
export const Missing = z.object({
  kind: z.enum(['state', 'check', 'review', 'dependency', 'subtask']),
  /** The name of the check, or the id of the reviewer or the task. */
  subject: z.string(),
  message: z.string(),
})
export type Missing = z.infer<typeof Missing>

/** What a task has to pass before its work is released. Every task has one; without required checks it asks for the rest only. */
export const ReleaseGate = z.object({
  id: Id,
  taskId: Id,
  name: z.string(),
  status: z.enum(['pending', 'failed', 'passed', 'waived']),
  /** Whether a release is let through, waivers included. */
  passed: z.boolean(),
  requiredChecks: z.array(z.string()),
  /** The latest result of each check. */
  checks: z.array(TaskCheck),
  evidence: z.array(TaskEvidence),
  reviews: z.array(TaskReview),
  missing: z.array(Missing),
  waiver: z.object({ by: Actor, reason: z.string(), at: Time }).nullable(),
  release: z.object({ by: Actor, version: z.string(), environment: z.string(), note: z.string(), at: Time }).nullable(),
  updatedAt: Time,
})
export type ReleaseGate = z.infer<typeof ReleaseGate>

export const NewEvidence = z.strictObject({
  summary: z.string().trim().min(1).max(4000),
  runId: Id.optional(),
  checks: z
    .array(
      z.strictObject({
        name: CheckName,
        kind: CheckKind,
        status: CheckStatus,
        command: z.string().max(2000).optional(),
        summary: z.string().max(2000).optional(),
        excerpt: z.string().max(8000).optional(),
      }),
    )
    .max(50)
    .optional(),
  commitIds: z
    .array(z.string().regex(/^[0-9a-f]{7,64}$/, 'not a commit hash'))
    .max(100)
    .optional(),
})
export type NewEvidence = z.output<typeof NewEvidence>

const gate = { tag: 'tasks', params: At, response: ReleaseGate } as const

export const gateRoutes = routes({
  'GET /api/tasks/{id}/gate': {
    ...gate,
    summary: 'What a task’s release waits for: checks, reviews, dependencies, parts',
    who: ['user', 'agent'],
  },
  'PUT /api/tasks/{id}/gate': {
    ...gate,
    summary: 'Say which checks a release of the task needs',
    who: ['user'],
    role: 'member',
    body: z.strictObject({
      name: z.string().trim().min(1).max(200).optional(),
      requiredChecks: z
        .array(CheckName)
        .max(50)
        .transform((names) => [...new Set(names)]),
    }),
  },
  'POST /api/tasks/{id}/gate/waiver': {
    ...gate,
    summary: 'Let a release through although something is missing, and say why',
    who: ['user'],
    role: 'member',
    body: z.strictObject({ reason: z.string().trim().min(1).max(2000) }),
  },
  'POST /api/tasks/{id}/evidence': {
    ...gate,
    summary: 'Say how the work was checked',
    who: ['user', 'agent'],
    role: 'member',
    status: 201,
    body: NewEvidence,
    errors: ['not_holder'],
  },
  'POST /api/tasks/{id}/reviews': {
    ...gate,
    summary: 'Approve the work, or ask for changes, which gives it back',
    who: ['user', 'agent'],
    role: 'member',
    status: 201,
    body: z.strictObject({
      verdict: z.enum(['approved', 'changes_requested']),
      comment: z.string().max(4000).optional(),
    }),
    errors: ['not_reviewer', 'not_in_review'],
  },
  'POST /api/tasks/{id}/release': {
    summary: 'Record that the task’s work was released, which its gate has to allow',
    tag: 'tasks',
    who: ['user', 'agent'],
    role: 'member',
    params: At,
    body: z.strictObject({
      version: z.string().trim().max(100).optional(),
      environment: z.string().trim().max(100).optional(),
      note: z.string().max(4000).optional(),
    }),
    response: z.object({ task: Task, gate: ReleaseGate }),
    errors: ['gate_closed', 'already_released', 'not_holder'],
  },
})
