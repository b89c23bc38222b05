import { A } from '@solidjs/router'
import { For, Show } from 'solid-js'
import type { Task } from '@shared/contract'
import { channelTitle } from '../app/unread'
import { t } from '../i18n'
import '../i18n/en/tasks'
import { fullDate } from '../i18n/dates'
import { canWrite } from '../store/session'
import { state } from '../store/state'
import { Avatar } from '../ui/avatar'
import { cx } from '../ui/cx'
import { Icon } from '../ui/icon'
import { Menu, type MenuItem } from '../ui/menu'
import { pickAssignee, pickDue, pickLabels, pickPriority, pickState } from './actions'
import { dueInk, dueLabel } from './due'
import { personOf } from './people'
import { isClosed, nextStates, ownerOf, priorityLook, stateLook, taskPath } from './rules'
import { selected, setHovered, toggleSelected } from './select'
import { changeTask } from './store'

/** What can be done with a task without opening it. */
export function taskMenu(task: Task): MenuItem[] {
  const one = [task]
  return [
    ...nextStates(task.state).map((to) => ({
      label: t('task.moveTo', { state: t(`task.state.${to}`) }),
      icon: stateLook[to].icon,
      onSelect: () => void changeTask(task, { state: to }),
    })),
    { label: t('task.assignee'), icon: 'i-lucide-user', hint: 'A', onSelect: () => pickAssignee(one) },
    { label: t('task.priority'), icon: 'i-lucide-signal-high', hint: 'P', onSelect: () => pickPriority(one) },
    { label: t('task.labels'), icon: 'i-lucide-tag', hint: 'L', onSelect: () => pickLabels(one) },
    { label: t('task.due'), icon: 'i-lucide-calendar', hint: 'D', onSelect: () => pickDue(one) },
    { label: t('task.state'), icon: 'i-lucide-circle-dot', hint: 'S', onSelect: () => pickState(one) },
    {
      label: selected().has(task.id) ? t('task.unselect') : t('task.select'),
      icon: 'i-lucide-square-check',
      hint: 'X',
      onSelect: () => toggleSelected(task.id),
    },
  ]
}

interface CardProps {
  task: Task
  /** Its channel is said elsewhere. */
  quiet: boolean
  onOpen: (task: Task) => void
}

/** A task on a board. All of it leads to the task; the button on it does everything else. */
export function Card(props: CardProps) {
  const task = () => props.task
  const marked = () => selected().has(task().id)
  return (
    <article
      data-task={task().id}
      onMouseEnter={() => setHovered(task().id)}
      onMouseLeave={() => setHovered(undefined)}
      class={cx(
        'relative group rounded-xl border bg-surface px-3 py-2.5 col gap-1.5 shadow-[var(--lift)] [content-visibility:auto] [contain-intrinsic-size:auto_86px]',
        'hover:border-edge focus-within:border-accent',
        marked() ? 'border-accent bg-accent-soft' : 'border-line',
      )}
    >
      <div class="row gap-1.5 text-[12px] text-soft min-h-5 pr-7">
        <Priority task={task()} />
        <span class="tabular-nums">#{task().number}</span>
        <Show when={!props.quiet && state.channels[task().target]}>
          {(channel) => <span class="truncate">{channelTitle(channel())}</span>}
        </Show>
        <Show when={marked()}>
          <Icon name="i-lucide-square-check" class="text-accent-text ml-auto text-[14px]" />
        </Show>
      </div>
      <A
        href={taskPath(task())}
        draggable={false}
        data-card={task().id}
        onClick={(event) => {
          if (event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return
          event.preventDefault()
          props.onOpen(task())
        }}
        class={cx(
          'text-[13.5px] leading-snug font-500 line-clamp-3 [overflow-wrap:anywhere] outline-none after:absolute after:inset-0 after:rounded-xl focus-visible:after:outline-2 focus-visible:after:outline-accent focus-visible:after:outline-solid',
          isClosed(task().state) && 'text-soft',
        )}
      >
        {task().summary}
      </A>
      <Show when={task().state === 'blocked' && task().blockedReason}>
        <p class="row items-start gap-1.5 text-[12px] text-bad leading-snug">
          <Icon name="i-lucide-octagon-x" class="mt-0.5" />
          <span class="line-clamp-2">{task().blockedReason}</span>
        </p>
      </Show>
      <CardFoot task={task()} />
      <Show when={canWrite()}>
        <Menu
          label={t('task.actions', { number: task().number })}
          items={taskMenu(task())}
          class="absolute! right-1 top-1 size-10! md:size-7! md:opacity-0 group-hover:opacity-100 focus-visible:opacity-100 aria-expanded:opacity-100"
        />
      </Show>
    </article>
  )
}

const CardFoot = (props: { task: Task }) => (
  <div class="row flex-wrap gap-1.5 text-[12px] empty:hidden">
    <Labels task={props.task} />
    <Due task={props.task} />
    <Show when={props.task.dependsOn.length > 0 && props.task.state === 'todo'}>
      <span class="row gap-1 text-soft" title={t('task.dependencies', { n: props.task.dependsOn.length })}>
        <Icon name="i-lucide-git-merge" />
        {props.task.dependsOn.length}
      </span>
    </Show>
    <Assignee task={props.task} />
  </div>
)

export const Priority = (props: { task: Task }) => (
  <Show when={props.task.priority !== 'none'}>
    <span class={priorityLook[props.task.priority].ink} title={t(`task.priority.${props.task.priority}`)}>
      <Icon name={priorityLook[props.task.priority].icon} class="text-[14px] block" />
      <span class="sr-only">{t(`task.priority.${props.task.priority}`)}</span>
    </span>
  </Show>
)

export const Labels = (props: { task: Task; most?: number }) => (
  <>
    <For each={props.task.labels.slice(0, props.most ?? 3)}>
      {(label) => (
        <span class="rounded-md border border-line px-1.5 h-5 inline-flex items-center text-[11.5px] text-soft max-w-32">
          <span class="truncate">{label}</span>
        </span>
      )}
    </For>
    <Show when={props.task.labels.length > (props.most ?? 3)}>
      <span class="text-[11.5px] text-soft">+{props.task.labels.length - (props.most ?? 3)}</span>
    </Show>
  </>
)

export const Due = (props: { task: Task }) => (
  <Show when={props.task.dueAt}>
    {(dueAt) => (
      <span
        class={cx('row gap-1 whitespace-nowrap', isClosed(props.task.state) ? 'text-faint' : dueInk(dueAt()))}
        title={fullDate(dueAt())}
      >
        <Icon name="i-lucide-calendar" />
        <span class="sr-only">{t('task.due')}: </span>
        {dueLabel(dueAt())}
      </span>
    )}
  </Show>
)

/** Who does it; an agent that is at it right now has a mark that moves. */
export function Assignee(props: { task: Task }) {
  const owner = () => ownerOf(props.task)
  const working = () => owner()?.holder.kind === 'agent' && props.task.state === 'in_progress'
  return (
    <Show when={props.task.assigneeId}>
      {(id) => (
        <span class="row gap-1.5 ml-auto min-w-0" title={personOf(id()).displayName}>
          <Show when={working()}>
            <span class="row gap-1 text-ok text-[11.5px]">
              <span class="size-1.75 rounded-full bg-ok pulse" />
              {t('task.working')}
            </span>
          </Show>
          <Avatar name={personOf(id()).name} kind={personOf(id()).kind} size="xs" />
          <span class="sr-only">{t('task.assignedTo', { name: personOf(id()).displayName })}</span>
        </span>
      )}
    </Show>
  )
}
