import { createMemo, Show } from 'solid-js'
import { Virtualizer, type VirtualizerHandle } from 'virtua/solid'
import type { Task } from '@shared/contract'
import { channelTitle } from '../app/unread'
import { t } from '../i18n'
import '../i18n/en/tasks'
import { state } from '../store/state'
import { Avatar } from '../ui/avatar'
import { Button } from '../ui/button'
import { cx } from '../ui/cx'
import { Icon } from '../ui/icon'
import { groupTasks } from './arrange'
import type { Group, Sort } from './filter'
import { personOf } from './people'
import { ListRow } from './row'
import { isPriority, isState, priorityLook, stateLook } from './rules'
import { selectTo } from './select'
import { tasks } from './store'

interface ListProps {
  tasks: Task[]
  group: Group
  sort: Sort
  more: boolean
  onMore: () => void
  onOpen: (task: Task) => void
}

type Row = { head: string; count: number } | { id: string }

/** How a section of a list is called. */
export function sectionName(group: Group, key: string): string {
  if (isState(key) && group === 'state') return t(`task.state.${key}`)
  if (isPriority(key) && group === 'priority') return t(`task.priority.${key}`)
  if (group === 'assignee') return key === 'none' ? t('task.nobody') : personOf(key).displayName
  const channel = state.channels[key]
  return channel ? channelTitle(channel) : key
}

/** The ids of a list as it is shown, for what marks from one row to another. */
export const orderOf = (props: Pick<ListProps, 'tasks' | 'group' | 'sort'>): string[] =>
  groupTasks(props.tasks, props.group, props.sort, (key) => sectionName(props.group, key)).flatMap((section) =>
    section.tasks.map((task) => task.id),
  )

/** Tasks under headings, of which only those in view are in the page. */
export function TaskList(props: ListProps) {
  let scroller: HTMLDivElement | undefined
  let handle: VirtualizerHandle | undefined
  const sections = createMemo(() =>
    groupTasks(props.tasks, props.group, props.sort, (key) => sectionName(props.group, key)),
  )
  // Rows are known by what they are, so that a row that only moved is not drawn again.
  const kept = new Map<string, Row>()
  const rows = createMemo<Row[]>(() => {
    const list = sections().flatMap(({ key, tasks }): Row[] => [
      ...(props.group === 'none' ? [] : [{ head: key, count: tasks.length }]),
      ...tasks.map(({ id }) => ({ id })),
    ])
    return list.map((row) => {
      const name = 'id' in row ? row.id : `${row.head} ${row.count}`
      const known = kept.get(name) ?? row
      kept.set(name, known)
      return known
    })
  })
  const order = () => rows().flatMap((row) => ('id' in row ? [row.id] : []))
  const focus = (at: number) => {
    const row = rows()[at]
    if (!row || !('id' in row)) return
    handle?.scrollToIndex(at, { align: 'nearest' })
    requestAnimationFrame(() => scroller?.querySelector<HTMLElement>(`[data-card="${row.id}"]`)?.focus())
  }
  const keydown = (event: KeyboardEvent) => {
    const step =
      event.key === 'ArrowDown' || event.key === 'j' ? 1 : event.key === 'ArrowUp' || event.key === 'k' ? -1 : 0
    if (step === 0 || event.altKey || event.ctrlKey || event.metaKey) return
    const here = document.activeElement?.closest<HTMLElement>('[data-task]')?.dataset['task']
    const from = rows().findIndex((row) => 'id' in row && row.id === here)
    let to = from + step
    while (rows()[to] && 'head' in (rows()[to] ?? {})) to += step
    if (!rows()[to]) return
    event.preventDefault()
    focus(to)
    if (event.shiftKey && here) selectTo(order()[order().indexOf(here) + step] ?? here, order())
  }
  const scrolled = () => {
    if (!props.more || !scroller) return
    if (scroller.scrollTop + scroller.clientHeight > scroller.scrollHeight - 600) props.onMore()
  }
  return (
    <div
      ref={(element) => (scroller = element)}
      onKeyDown={keydown}
      onScroll={scrolled}
      class="flex-1 min-h-0 overflow-y-auto pb-6"
      role="list"
      aria-label={t('task.list')}
      data-list
    >
      <Virtualizer ref={(element) => (handle = element)} data={rows()} bufferSize={400}>
        {(row) => (
          <Show when={'id' in row && row} fallback={<Head group={props.group} row={row} />}>
            {(item) => (
              <Show when={tasks.items[item().id]}>
                {(task) => <ListRow task={task()} order={order} onOpen={props.onOpen} />}
              </Show>
            )}
          </Show>
        )}
      </Virtualizer>
      <Show when={props.more}>
        <div class="row justify-center p-4">
          <Button onClick={() => props.onMore()}>{t('common.more')}</Button>
        </div>
      </Show>
    </div>
  )
}

function Head(props: { group: Group; row: Row }) {
  const head = () => ('head' in props.row ? props.row : { head: '', count: 0 })
  const look = () => {
    const key = head().head
    if (props.group === 'state' && isState(key)) return stateLook[key]
    if (props.group === 'priority' && isPriority(key)) return priorityLook[key]
    return { icon: props.group === 'channel' ? 'i-lucide-hash' : 'i-lucide-user-x', ink: 'text-soft' }
  }
  return (
    <div role="listitem">
      <h2 class="row gap-2 h-10 px-4 sm:px-6 bg-sunken border-y border-line text-[13px] font-600">
        <Show
          when={props.group === 'assignee' && head().head !== 'none'}
          fallback={<Icon name={look().icon} class={cx('text-[15px]', look().ink)} />}
        >
          <Avatar name={personOf(head().head).name} kind={personOf(head().head).kind} size="xs" />
        </Show>
        {sectionName(props.group, head().head)}
        <span class="text-soft font-400 tabular-nums">{head().count}</span>
      </h2>
    </div>
  )
}
