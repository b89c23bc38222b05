import { draggable, dropTargetForElements, monitorForElements } from '@atlaskit/pragmatic-drag-and-drop/element/adapter'
import { createEffect, createSignal, For, onCleanup, Show } from 'solid-js'
import type { Task, TaskState } from '@shared/contract'
import { narrow } from '../app/screen'
import { t } from '../i18n'
import '../i18n/en/tasks'
import { canWrite } from '../store/session'
import { toast } from '../ui/toast'
import { cx } from '../ui/cx'
import { Icon } from '../ui/icon'
import { IconButton } from '../ui/button'
import { Skeleton } from '../ui/skeleton'
import { Card } from './card'
import type { BoardColumn } from './load'
import { openCreateTask } from './open'
import { isState, mayBecome, nextStates, stateLook } from './rules'
import { changeAll } from './actions'
import { selected } from './select'
import { changeTask, tasks } from './store'

interface BoardProps {
  columns: BoardColumn[]
  /** The channel that the board is of, if it is of one. */
  target: string | undefined
  onOpen: (task: Task) => void
  onMore: (column: string) => void
}

/** The state that a task is being dragged from. */
const [dragged, setDragged] = createSignal<TaskState>()

const [told, setTold] = createSignal('')

/** Moves a task to a state, or says why that cannot be. */
export function moveTask(task: Task, to: TaskState): void {
  if (task.state === to && task.column === to) return
  if (mayBecome(task.state, to))
    return void changeTask(task, {
      ...(task.state === to ? {} : { state: to }),
      ...(task.column === task.state ? {} : { column: null }),
    }).then((done) => done && setTold(t('task.moved', { number: task.number, state: t(`task.state.${to}`) })))
  const states = nextStates(task.state)
    .map((state) => t(`task.state.${state}`))
    .join(', ')
  toast(
    'bad',
    `#${task.number}: ${t('task.refused.illegal', { state: t(`task.state.${task.state}`) })}`,
    t('task.refused.illegalNext', { states }),
  )
}

/** Marked tasks are carried along with the one among them that is dragged. */
function drop(task: Task, to: TaskState): void {
  const marked = [...selected()].flatMap((id) => tasks.items[id] ?? [])
  if (marked.length > 1 && marked.some(({ id }) => id === task.id)) void changeAll(marked, { state: to })
  else moveTask(task, to)
}

export const columnName = (column: string): string => (isState(column) ? t(`task.state.${column}`) : column)

/** The board: a column for each state; on a phone one column at a time, to be swiped. */
export function Board(props: BoardProps) {
  const stop = monitorForElements({
    canMonitor: ({ source }) => typeof source.data['task'] === 'string',
    onDragStart: ({ source }) => setDragged(tasks.items[String(source.data['task'])]?.state),
    onDrop: ({ source, location }) => {
      setDragged(undefined)
      const column = location.current.dropTargets[0]?.data['column']
      const task = tasks.items[String(source.data['task'])]
      if (task && typeof column === 'string' && isState(column)) drop(task, column)
    },
  })
  onCleanup(stop)
  return (
    <div
      class="relative flex-1 min-h-0 row items-stretch gap-3 overflow-x-auto px-3 sm:px-5 py-4 max-md:snap-x max-md:snap-mandatory"
      role="group"
      aria-label={t('task.board')}
      data-board
    >
      <p class="sr-only" aria-live="polite">
        {told()}
      </p>
      <For each={props.columns.map((column) => column.column)}>
        {(name) => (
          <Show when={props.columns.find((column) => column.column === name)}>
            {(column) => <Column {...props} column={column()} />}
          </Show>
        )}
      </For>
    </div>
  )
}

function Column(props: Omit<BoardProps, 'columns'> & { column: BoardColumn }) {
  const name = () => props.column.column
  const [over, setOver] = createSignal(false)
  const [opened, setOpened] = createSignal(false)
  const empty = () => props.column.total === 0
  // What is empty takes little room, but while something is dragged it can be dropped there.
  const folded = () => empty() && !opened() && !narrow()
  const state = () => {
    const own = name()
    return isState(own) ? own : undefined
  }
  const refuses = () => {
    const [from, to] = [dragged(), state()]
    return from !== undefined && to !== undefined && !mayBecome(from, to)
  }
  const drop = (element: HTMLElement) =>
    createEffect(() => {
      const column = name()
      onCleanup(
        dropTargetForElements({
          element,
          getData: () => ({ column }),
          onDragEnter: () => setOver(true),
          onDragLeave: () => setOver(false),
          onDrop: () => setOver(false),
        }),
      )
    })
  return (
    <section
      ref={drop}
      data-column={name()}
      aria-label={`${columnName(name())}, ${t('task.count', { n: props.column.total })}`}
      class={cx(
        'col rounded-2xl bg-sunken border transition-[width,border-color,opacity] duration-[var(--quick)] max-md:snap-center min-h-0',
        folded() ? 'w-11 shrink-0' : 'md:flex-1 md:min-w-58 md:max-w-88 max-md:w-[86vw] max-md:shrink-0',
        over() ? (refuses() ? 'border-bad' : 'border-accent') : 'border-line',
        refuses() && 'opacity-55',
      )}
    >
      <Show when={!folded()} fallback={<Folded name={name()} onOpen={() => setOpened(true)} />}>
        <ColumnHead column={props.column} state={state()} target={props.target} />
        <div
          class="flex-1 min-h-0 overflow-y-auto px-2 pb-2 col gap-2"
          onScroll={(event) => {
            const box = event.currentTarget
            if (props.column.more && box.scrollTop + box.clientHeight > box.scrollHeight - 400) props.onMore(name())
          }}
        >
          <For each={props.column.tasks.map((task) => task.id)}>
            {(id) => (
              <Show when={tasks.items[id]}>
                {(task) => <DragCard task={task()} quiet={props.target !== undefined} onOpen={props.onOpen} />}
              </Show>
            )}
          </For>
          <Show when={props.column.more}>
            <Skeleton class="h-20 rounded-xl shrink-0" />
          </Show>
          <Show when={empty()}>
            <p class="px-2 py-6 text-center text-[13px] text-soft">{t('task.columnEmpty')}</p>
          </Show>
        </div>
      </Show>
    </section>
  )
}

const ColumnHead = (props: { column: BoardColumn; state: TaskState | undefined; target: string | undefined }) => (
  <header class="row gap-2 h-11 pl-3.5 pr-1.5 shrink-0">
    <Icon
      name={props.state ? stateLook[props.state].icon : 'i-lucide-columns-3'}
      class={cx('text-[15px]', props.state ? stateLook[props.state].ink : 'text-soft')}
    />
    <h2 class="font-600 text-[13.5px] truncate">{columnName(props.column.column)}</h2>
    <span class="text-[12.5px] text-soft tabular-nums" data-count>
      {props.column.total}
    </span>
    <Show when={props.state === 'todo' && canWrite()}>
      <IconButton
        icon="i-lucide-plus"
        label={t('task.new')}
        class="ml-auto max-md:size-10!"
        onClick={() => openCreateTask({ target: props.target })}
      />
    </Show>
  </header>
)

const Folded = (props: { name: string; onOpen: () => void }) => (
  <button
    type="button"
    onClick={() => props.onOpen()}
    class="col items-center gap-2 py-3 flex-1 text-soft hover:text-ink rounded-2xl -outline-offset-2"
  >
    <Icon
      name={isState(props.name) ? stateLook[props.name].icon : 'i-lucide-columns-3'}
      class={cx('text-[15px]', isState(props.name) && stateLook[props.name].ink)}
    />
    <span class="[writing-mode:vertical-rl] text-[13px] font-550">{columnName(props.name)}</span>
    <span class="text-[12px] tabular-nums">0</span>
    <span class="sr-only">{t('task.unfold')}</span>
  </button>
)

function DragCard(props: { task: Task; quiet: boolean; onOpen: (task: Task) => void }) {
  const [dragging, setDragging] = createSignal(false)
  const { id } = props.task
  const drag = (element: HTMLElement) =>
    onCleanup(
      draggable({
        element,
        canDrag: () => canWrite(),
        getInitialData: () => ({ task: id }),
        onDragStart: () => setDragging(true),
        onDrop: () => setDragging(false),
      }),
    )
  return (
    <div ref={drag} class={cx('shrink-0 rounded-xl', dragging() && 'opacity-40')}>
      <Card task={props.task} quiet={props.quiet} onOpen={props.onOpen} />
    </div>
  )
}
