import { unwrap } from 'solid-js/store'
import type { BulkPatch, Task, TaskPatch } from '@shared/contract'
import { call } from '../api/client'
import { act } from '../app/act'
import { channelTitle } from '../app/unread'
import { t } from '../i18n'
import '../i18n/en/tasks'
import { state } from '../store/state'
import { toast } from '../ui/toast'
import { dueLabel, inDays, parseDue } from './due'
import { assignable } from './people'
import { type Choice, pick } from './pick'
import { reasonOf } from './refused'
import { PRIORITIES, STATES, isPriority, isState, mayBecome, priorityLook, stateLook } from './rules'
import { changeTask, labels, tasks } from './store'
import { ApiError } from '../api/client'

/** What the choosers below choose for: what is done with the outcome. */
type Apply = (patch: TaskPatch) => void

/** Changes one task, or several alike: then it can be taken back, and each that was refused is named. */
export async function changeAll(list: readonly Task[], patch: BulkPatch): Promise<void> {
  const [only] = list
  if (!only) return
  if (list.length === 1) return void (await changeTask(only, patchOf(only, patch)))
  const before = list.map((task) => structuredClone(unwrap(task)))
  await act(async () => {
    const changed: Task[] = []
    for (let at = 0; at < list.length; at += BULK) {
      const ids = list.slice(at, at + BULK).map((task) => task.id)
      const { outcomes } = await call('POST /api/tasks/bulk', { body: { ids, patch } })
      for (const { task } of outcomes) if (task) changed.push(task)
      tasks.put(...changed)
      for (const { id, error } of outcomes)
        if (error)
          tellRefused(
            before.find((task) => task.id === id),
            error,
          )
    }
    if (!changed.length) return
    const undo = before.filter((task) => changed.some(({ id }) => id === task.id) && isUndoable(task, patch))
    toast('ok', t('task.bulk.changed', { n: changed.length }), undefined, {
      label: t('common.undo'),
      run: () => undo.forEach((task) => void changeTask(tasks.items[task.id] ?? task, undoing(task, patch))),
    })
  })
}

const BULK = 100

function tellRefused(
  task: Task | undefined,
  error: { error: string; code: string; data?: Record<string, unknown> | undefined; next?: string | undefined },
): void {
  const reason = reasonOf(new ApiError(409, error.code, error.error, error.next, undefined, error.data), task)
  toast('bad', task ? `#${task.number}: ${reason.text}` : reason.text, reason.next)
}

function patchOf(task: Task, { addLabels = [], removeLabels = [], ...patch }: BulkPatch): TaskPatch {
  if (!addLabels.length && !removeLabels.length) return patch
  const kept = task.labels.filter((label) => !removeLabels.includes(label))
  return { ...patch, labels: [...new Set([...kept, ...addLabels])] }
}

const isUndoable = (task: Task, patch: BulkPatch): boolean =>
  patch.state === undefined || mayBecome(patch.state, task.state)

/** What brings back what a task was. */
const undoing = (task: Task, patch: BulkPatch): TaskPatch => ({
  ...(patch.state === undefined ? {} : { state: task.state }),
  ...(patch.priority === undefined ? {} : { priority: task.priority }),
  ...(patch.assigneeId === undefined ? {} : { assigneeId: task.assigneeId }),
  ...(patch.dueAt === undefined ? {} : { dueAt: task.dueAt }),
  ...(patch.addLabels || patch.removeLabels ? { labels: task.labels } : {}),
})

const titleOf = (list: readonly Task[], what: string): string =>
  list.length === 1
    ? `${what} · #${list[0]?.number}`
    : list.length
      ? `${what} · ${t('task.count', { n: list.length })}`
      : what

export function pickState(list: readonly Task[]): void {
  const from = [...new Set(list.map((task) => task.state))]
  pick({
    title: titleOf(list, t('task.state')),
    placeholder: t('task.pick.state'),
    chosen: from.length === 1 ? from : [],
    choices: () =>
      STATES.map((state) => ({
        value: state,
        label: t(`task.state.${state}`),
        icon: stateLook[state].icon,
        ink: stateLook[state].ink,
        refused: from.every((one) => !mayBecome(one, state)) ? t('task.pick.notFromHere') : undefined,
      })),
    one: (value) => isState(value) && void changeAll(list, { state: value }),
  })
}

export const priorityChoices = (): Choice[] =>
  PRIORITIES.map((priority) => ({
    value: priority,
    label: t(`task.priority.${priority}`),
    icon: priorityLook[priority].icon,
    ink: priorityLook[priority].ink,
  }))

export function pickPriority(list: readonly Task[], apply?: Apply): void {
  pick({
    title: titleOf(list, t('task.priority')),
    placeholder: t('task.pick.priority'),
    chosen: list.length === 1 ? list.map((task) => task.priority) : [],
    choices: priorityChoices,
    one: (value) =>
      isPriority(value) && (apply ? apply({ priority: value }) : void changeAll(list, { priority: value })),
  })
}

export const peopleChoices = (targets: readonly string[]): Choice[] =>
  assignable(targets).map(({ id, kind, name, displayName }) => ({
    value: id,
    label: id === state.me?.id ? t('task.me', { name: displayName }) : displayName,
    avatar: { name, kind },
    hint: `@${name}`,
  }))

const nobody = (): Choice => ({ value: '', label: t('task.nobody'), icon: 'i-lucide-user-x' })

/** @param targets the channels whose people there are to choose from, when there is no task yet */
export function pickAssignee(list: readonly Task[], apply?: Apply, targets = list.map((task) => task.target)): void {
  pick({
    title: titleOf(list, t('task.assignee')),
    placeholder: t('task.pick.assignee'),
    chosen: list.length === 1 ? [list[0]?.assigneeId ?? ''] : [],
    choices: () => [...peopleChoices([...new Set(targets)]), nobody()],
    one: (value) => {
      const patch = { assigneeId: value || null }
      if (apply) apply(patch)
      else void changeAll(list, patch)
    },
  })
}

/** @param chosen of the task that is to be, when there is none yet */
export function pickLabels(list: readonly Task[], apply?: Apply, chosen?: readonly string[]): void {
  const [first] = list
  const common = chosen ?? first?.labels.filter((label) => list.every((task) => task.labels.includes(label))) ?? []
  pick({
    title: titleOf(list, t('task.labels')),
    placeholder: t('task.pick.labels'),
    chosen: common,
    choices: () => [...new Set([...common, ...labels()])].map((label) => ({ value: label, label })),
    more: (typed) => {
      const label = typed.trim().slice(0, 50)
      return Promise.resolve(
        label ? [{ value: label, label: t('task.pick.newLabel', { label }), icon: 'i-lucide-plus' }] : [],
      )
    },
    all: (values) => {
      if (apply) return apply({ labels: values })
      const addLabels = values.filter((label) => !common.includes(label))
      const removeLabels = common.filter((label) => !values.includes(label))
      if (addLabels.length || removeLabels.length) void changeAll(list, { addLabels, removeLabels })
    },
  })
}

export function pickDue(list: readonly Task[], apply?: Apply): void {
  const days: [label: string, ms: number][] = [
    [t('task.due.today'), inDays(0)],
    [t('task.due.tomorrow'), inDays(1)],
    [t('task.due.in3'), inDays(3)],
    [t('task.due.nextWeek'), inDays(7)],
    [t('task.due.in14'), inDays(14)],
  ]
  const at = (label: string, ms: number): Choice => ({
    value: String(ms),
    label,
    icon: 'i-lucide-calendar',
    hint: dueLabel(ms),
  })
  pick({
    title: titleOf(list, t('task.due')),
    placeholder: t('task.pick.due'),
    chosen: [],
    choices: () => [
      ...days.map(([label, ms]) => at(label, ms)),
      { value: '', label: t('task.due.none'), icon: 'i-lucide-calendar-x' },
    ],
    more: async (typed) => {
      const due = typed.trim() ? await parseDue(typed.trim()) : undefined
      return due === undefined ? [] : [at(typed.trim(), due)]
    },
    one: (value) => {
      const patch = { dueAt: value ? Number(value) : null }
      if (apply) apply(patch)
      else void changeAll(list, patch)
    },
  })
}

export function pickReviewers(task: Task): void {
  pick({
    title: titleOf([task], t('task.reviewers')),
    placeholder: t('task.pick.reviewers'),
    chosen: task.reviewerIds,
    choices: () => peopleChoices([task.target]),
    all: (values) => void changeTask(task, { reviewerIds: values }),
  })
}

/** Channels that a task can be made in. */
export const channelChoices = (): Choice[] =>
  Object.values(state.channels)
    .filter((channel) => channel.joined)
    .map((channel) => ({
      value: channel.target,
      label: channelTitle(channel),
      icon:
        channel.kind === 'dm'
          ? 'i-lucide-message-circle'
          : channel.visibility === 'private'
            ? 'i-lucide-lock'
            : 'i-lucide-hash',
    }))
    .sort((a, b) => a.label.localeCompare(b.label))
