import { useNavigate, useSearchParams } from '@solidjs/router'
import { createMemo, onCleanup, Show, Suspense } from 'solid-js'
import { lazy } from '../app/lazy'
import type { Task } from '@shared/contract'
import { narrow } from '../app/screen'
import { t } from '../i18n'
import '../i18n/en/tasks'
import { canWrite } from '../store/session'
import { Button, IconButton } from '../ui/button'
import { Empty } from '../ui/empty'
import { ErrorNotice } from '../ui/notice'
import { Choice } from '../ui/select'
import { SkeletonRows } from '../ui/skeleton'
import { nameView } from '../ui/title'
import { Board } from './board'
import { BulkBar } from './bulkbar'
import { FilterBar } from './filterbar'
import { type Look, isNarrow, lookQuery, parseLook } from './filter'
import { useTaskKeys } from './keys'
import { orderOf, TaskList } from './list'
import { createBoard, createList } from './load'
import { openCreateTask } from './open'
import { PickHost } from './pick'
import { taskPath } from './rules'
import { clearSelected } from './select'

const Detail = lazy(() => import('./detail'))

const text = (value: string | string[] | undefined) => (typeof value === 'string' ? value : undefined)
const KEYS = ['channel', 'state', 'assignee', 'label', 'priority', 'due', 'q', 'layout', 'group', 'sort']

/** All tasks that the reader may see, as a board or a list, with one of them beside it. */
export default function TasksPage() {
  nameView(() => t('nav.tasks'))
  const [search, setSearch] = useSearchParams()
  const navigate = useNavigate()
  const look = createMemo(() =>
    parseLook(
      new URLSearchParams(
        KEYS.flatMap((key) => {
          const value = text(search[key])
          return value === undefined ? [] : [[key, value]]
        }),
      ),
    ),
  )
  const setLook = (next: Look) => {
    const query = lookQuery(next)
    setSearch(Object.fromEntries(KEYS.map((key) => [key, query.get(key) ?? undefined])), { replace: true })
  }
  const board = createBoard(() => (look().layout === 'board' ? look() : undefined))
  const list = createList(() => (look().layout === 'list' ? look() : undefined))
  const shown = () => (look().layout === 'board' ? board : list)
  const open = (task: Task) => (narrow() ? navigate(taskPath(task)) : setSearch({ task: String(task.number) }))
  const opened = () => (narrow() ? undefined : text(search['task']))
  const order = () =>
    look().layout === 'board'
      ? board.columns().flatMap((column) => column.tasks.map((task) => task.id))
      : orderOf({ tasks: list.tasks(), group: look().group, sort: look().sort })
  useTaskKeys({
    layout: () => look().layout,
    setLayout: (layout) => setLook({ ...look(), layout }),
    order,
    onEscape: () => setSearch({ task: undefined }),
  })
  onCleanup(clearSelected)
  const none = () => shown().ready() && order().length === 0
  return (
    <div class="row items-stretch h-full min-h-0">
      <section class="relative col flex-1 min-w-0" aria-label={t('nav.tasks')}>
        <Head look={look()} onLook={setLook} />
        <FilterBar look={look()} onLook={setLook} tight={opened() !== undefined} />
        <div class="px-5 empty:hidden">
          <ErrorNotice error={shown().error()} />
        </div>
        <Show when={!none()} fallback={<Nothing look={look()} onLook={setLook} />}>
          <Show when={shown().ready()} fallback={<SkeletonRows avatar={false} />}>
            <Show
              when={look().layout === 'board'}
              fallback={
                <TaskList
                  tasks={list.tasks()}
                  group={look().group}
                  sort={look().sort}
                  more={list.more()}
                  onMore={() => void list.loadMore()}
                  onOpen={open}
                />
              }
            >
              <Board
                columns={board.columns()}
                target={look().target}
                onOpen={open}
                onMore={(column) => void board.loadMore(column)}
              />
            </Show>
          </Show>
        </Show>
        <BulkBar />
      </section>
      <Show when={opened()} keyed>
        {(ref) => (
          <Suspense
            fallback={
              <aside class="w-120 shrink-0 border-l border-line">
                <SkeletonRows avatar={false} />
              </aside>
            }
          >
            <Detail about={ref} panel onClose={() => setSearch({ task: undefined })} />
          </Suspense>
        )}
      </Show>
      <PickHost />
    </div>
  )
}

const Head = (props: { look: Look; onLook: (look: Look) => void }) => (
  <header class="row gap-2 h-13 px-3 sm:px-5 border-b border-line shrink-0">
    <h1 class="font-650 text-[15px] truncate">{t('nav.tasks')}</h1>
    <div class="row gap-2 ml-auto shrink-0">
      <Choice
        label={t('task.layout')}
        value={props.look.layout}
        onChange={(layout) => props.onLook({ ...props.look, layout })}
        options={[
          { value: 'board', label: t('task.board'), icon: 'i-lucide-square-kanban' },
          { value: 'list', label: t('task.list'), icon: 'i-lucide-list' },
        ]}
      />
      <Show when={canWrite()}>
        <Show
          when={!narrow()}
          fallback={
            <IconButton
              icon="i-lucide-plus"
              label={t('task.new')}
              class="size-10!"
              onClick={() => openCreateTask({ target: props.look.target })}
            />
          }
        >
          <Button
            size="sm"
            kind="primary"
            icon="i-lucide-plus"
            onClick={() => openCreateTask({ target: props.look.target })}
          >
            {t('task.new')}
          </Button>
        </Show>
      </Show>
    </div>
  </header>
)

const Nothing = (props: { look: Look; onLook: (look: Look) => void }) => (
  <Show
    when={isNarrow(props.look)}
    fallback={
      <Empty icon="i-lucide-square-kanban" title={t('task.none')} text={t('task.noneText')}>
        <Show when={canWrite()}>
          <Button kind="primary" icon="i-lucide-plus" onClick={() => openCreateTask()}>
            {t('task.new')}
          </Button>
        </Show>
      </Empty>
    }
  >
    <Empty icon="i-lucide-filter-x" title={t('task.noMatch')} text={t('task.noMatchText')}>
      <Button onClick={() => props.onLook({ ...parseLook(new URLSearchParams()), layout: props.look.layout })}>
        {t('task.filter.clear')}
      </Button>
    </Empty>
  </Show>
)
