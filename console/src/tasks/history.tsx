import { createEffect, createSignal, For, on, Show } from 'solid-js'
import type { Task, TaskChange } from '@shared/contract'
import { call } from '../api/client'
import { act } from '../app/act'
import { t } from '../i18n'
import '../i18n/en/tasks'
import { fullDate, relative } from '../i18n/dates'
import { Avatar } from '../ui/avatar'
import { Button } from '../ui/button'
import { SkeletonRows } from '../ui/skeleton'
import { dueLabel } from './due'
import { personOf } from './people'
import { isPriority, isState } from './rules'

/** Every change of a task, the latest first; what is new is asked for when the task has changed. */
export default function History(props: { task: Task }) {
  const [changes, setChanges] = createSignal<TaskChange[]>()
  const [cursor, setCursor] = createSignal<string>()
  let last: string | undefined
  let asking = Promise.resolve()
  const ask = async () => {
    const params = { id: props.task.id }
    const page = await call('GET /api/tasks/{id}/timeline', {
      params,
      query: { limit: 100, ...(last ? { cursor: last } : {}) },
    })
    last = page.items.at(-1)?.id ?? last
    setCursor(page.nextCursor)
    setChanges((before) => [...(before ?? []), ...page.items])
  }
  createEffect(
    on(
      () => props.task.version,
      () => void (asking = asking.then(() => void act(ask))),
    ),
  )
  return (
    <Show when={changes()} fallback={<SkeletonRows avatar={false} count={3} />}>
      {(list) => (
        <ol class="col gap-3" aria-label={t('task.tab.history')}>
          <Show when={cursor()}>
            <li>
              <Button size="sm" onClick={() => void act(ask)}>
                {t('common.more')}
              </Button>
            </li>
          </Show>
          <For each={list().toReversed()}>{(change) => <Change change={change} />}</For>
        </ol>
      )}
    </Show>
  )
}

const Change = (props: { change: TaskChange }) => (
  <li class="row items-start gap-2.5 text-[13.5px]">
    <Avatar
      name={props.change.actor.name}
      kind={props.change.actor.kind === 'agent' ? 'agent' : props.change.actor.kind === 'human' ? 'human' : 'system'}
      size="sm"
    />
    <div class="min-w-0 flex-1 col gap-0.5 pt-0.5">
      <p>
        <span class="font-600">{props.change.actor.displayName}</span> {t(`task.did.${props.change.action}`)}{' '}
        <time class="text-[12px] text-soft" title={fullDate(props.change.createdAt)}>
          {relative(props.change.createdAt)}
        </time>
      </p>
      <For each={props.change.fields.filter(({ field, to }) => fieldName(field) && (to === null || shown(field, to)))}>
        {({ field, from, to }) => (
          <p class="text-[13px] text-soft [overflow-wrap:anywhere]">
            {fieldName(field)}:{' '}
            <Show when={from !== null && shown(field, from)}>{(was) => <s class="text-faint">{was()}</s>}</Show>{' '}
            <span class="text-ink">{to === null ? '—' : shown(field, to)}</span>
          </p>
        )}
      </For>
    </div>
  </li>
)

const names: Record<string, () => string> = {
  summary: () => t('task.title'),
  description: () => t('task.description'),
  state: () => t('task.state'),
  column: () => t('task.column'),
  priority: () => t('task.priority'),
  labels: () => t('task.labels'),
  dueAt: () => t('task.due'),
  assigneeId: () => t('task.assignee'),
  reviewerIds: () => t('task.reviewers'),
  blockedReason: () => t('task.blockedReason'),
  parentId: () => t('task.partOf'),
  releasedAt: () => t('task.gate.released'),
  requiredChecks: () => t('task.gate.checks'),
  evidence: () => t('task.evidence'),
  review: () => t('task.review.comment'),
  waiver: () => t('task.gate.waived'),
  parts: () => t('task.parts'),
}
const fieldName = (field: string): string | undefined => names[field]?.()

/** A value of a field as it reads; cut, because a description may be a book. */
function shown(field: string, value: unknown): string {
  if (typeof value === 'string' && (field === 'state' || field === 'column') && isState(value))
    return t(`task.state.${value}`)
  if (typeof value === 'string' && field === 'priority' && isPriority(value)) return t(`task.priority.${value}`)
  if (typeof value === 'string' && field === 'assigneeId') return personOf(value).displayName
  if (typeof value === 'number' && field === 'dueAt') return dueLabel(value)
  if (Array.isArray(value))
    return (
      value
        .map((one: unknown) => (field === 'reviewerIds' ? personOf(String(one)).displayName : text(one)))
        .join(', ') || '—'
    )
  return text(value).slice(0, 300)
}

/** Of what a change is about besides fields, what it says: a claim's holder, the summary of evidence, a reviewer's words. */
const said = (value: object): string =>
  ['name', 'summary', 'comment']
    .map((key): unknown => Reflect.get(value, key))
    .filter((one): one is string => typeof one === 'string' && one !== '')
    .join(', ')

function text(value: unknown): string {
  if (typeof value === 'string') return value || '—'
  if (typeof value !== 'object' || value === null) return String(value)
  const holder: unknown = Reflect.get(value, 'holder')
  return said(typeof holder === 'object' && holder !== null ? holder : value)
}
