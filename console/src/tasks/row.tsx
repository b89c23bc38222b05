import { A } from '@solidjs/router'
import { Show } from 'solid-js'
import type { Task } from '@shared/contract'
import { narrow } from '../app/screen'
import { t } from '../i18n'
import '../i18n/en/tasks'
import { relative } from '../i18n/dates'
import { canWrite } from '../store/session'
import { cx } from '../ui/cx'
import { Icon } from '../ui/icon'
import { Menu } from '../ui/menu'
import { pickPriority, pickState } from './actions'
import { Assignee, Due, Labels, taskMenu } from './card'
import { isClosed, priorityLook, stateLook, taskPath } from './rules'
import { selected, selectTo, setHovered, toggleSelected } from './select'

/** One task of a list: all of it leads to the task, and its state and priority can be changed where they stand. */
export function ListRow(props: { task: Task; order: () => string[]; onOpen: (task: Task) => void }) {
  const task = () => props.task
  const marked = () => selected().has(task().id)
  const open = (event: MouseEvent) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return
    event.preventDefault()
    if (event.shiftKey) return selectTo(task().id, props.order())
    props.onOpen(task())
  }
  return (
    <div
      role="listitem"
      data-task={task().id}
      onMouseEnter={() => setHovered(task().id)}
      onMouseLeave={() => setHovered(undefined)}
      class={cx(
        'relative group row gap-2 sm:gap-3 min-h-14 sm:min-h-[var(--task)] pl-2 sm:pl-4 pr-2 sm:pr-4 border-b border-line text-[13.5px]',
        marked() ? 'bg-accent-soft' : 'hover:bg-hover',
      )}
    >
      <Show when={canWrite()}>
        <label class="relative z-1 row justify-center size-8 shrink-0 cursor-pointer max-sm:hidden">
          <input
            type="checkbox"
            class={cx(
              'size-4 accent-[var(--accent)] group-hover:opacity-100 focus-visible:opacity-100',
              !marked() && selected().size === 0 && 'opacity-0',
            )}
            checked={marked()}
            aria-label={t('task.selectOne', { number: task().number })}
            onClick={(event) => {
              if (!event.shiftKey) return toggleSelected(task().id)
              selectTo(task().id, props.order())
            }}
          />
        </label>
      </Show>
      <Field
        label={t(`task.state.${task().state}`)}
        icon={stateLook[task().state].icon}
        ink={stateLook[task().state].ink}
        onClick={() => pickState([task()])}
      />
      <span class="text-[12.5px] text-soft tabular-nums w-10 shrink-0 max-sm:hidden">#{task().number}</span>
      <span class="col flex-1 min-w-0">
        <A
          href={taskPath(task())}
          data-card={task().id}
          onClick={open}
          class={cx(
            'truncate font-500 outline-none after:absolute after:inset-0 focus-visible:after:outline-2 focus-visible:after:outline-accent focus-visible:after:outline-solid focus-visible:after:-outline-offset-2',
            isClosed(task().state) && 'text-soft',
          )}
        >
          {task().summary}
        </A>
        <span class="row gap-2 text-[12px] text-soft sm:hidden">
          #{task().number}
          <Due task={task()} />
        </span>
      </span>
      <Show when={!narrow()}>
        <span class="row gap-1.5 shrink-0 max-lg:hidden">
          <Labels task={task()} most={2} />
        </span>
      </Show>
      <span class="text-[12px] shrink-0 max-sm:hidden">
        <Due task={task()} />
      </span>
      <Field
        label={t(`task.priority.${task().priority}`)}
        icon={priorityLook[task().priority].icon}
        ink={priorityLook[task().priority].ink}
        onClick={() => pickPriority([task()])}
      />
      <span class="w-6 row justify-end shrink-0 [&_.pulse]:hidden">
        <Assignee task={task()} />
      </span>
      <span class="w-20 text-right text-[12px] text-soft max-md:hidden shrink-0">{relative(task().updatedAt)}</span>
      <Show when={canWrite()}>
        <span class="relative z-1 shrink-0">
          <Menu label={t('task.actions', { number: task().number })} items={taskMenu(task())} class="max-md:size-10!" />
        </span>
      </Show>
    </div>
  )
}

const Field = (props: { label: string; icon: string; ink: string; onClick: () => void }) => (
  <Show
    when={canWrite()}
    fallback={
      <span class="size-8 row justify-center" title={props.label}>
        <Icon name={props.icon} class={cx('text-[15px]', props.ink)} />
        <span class="sr-only">{props.label}</span>
      </span>
    }
  >
    <button
      type="button"
      title={props.label}
      aria-label={props.label}
      onClick={() => props.onClick()}
      class="relative z-1 size-10 md:size-8 row justify-center rounded-lg hover:bg-sunken shrink-0"
    >
      <Icon name={props.icon} class={cx('text-[15px]', props.ink)} />
    </button>
  </Show>
)
