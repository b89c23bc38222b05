import { A, useParams } from '@solidjs/router'
import { createEffect, createMemo, createSignal, on, onCleanup, Show, Suspense, type ParentProps } from 'solid-js'
import { lazy } from '../app/lazy'
import type { Task } from '@shared/contract'
import { call } from '../api/client'
import { NotFound } from '../app/notfound'
import { createLoad } from '../app/load'
import { narrow } from '../app/screen'
import { channelTitle } from '../app/unread'
import { t } from '../i18n'
import '../i18n/en/tasks'
import { canWrite } from '../store/session'
import { state } from '../store/state'
import { IconButton } from '../ui/button'
import { copyText } from '../ui/copy'
import { cx } from '../ui/cx'
import { Icon } from '../ui/icon'
import { Menu } from '../ui/menu'
import { SkeletonRows } from '../ui/skeleton'
import { Tabs } from '../ui/tabs'
import { nameView } from '../ui/title'
import { toast } from '../ui/toast'
import { cancelAll } from './bulkbar'
import { taskMenu } from './card'
import { Discussion } from './discussion'
import { Description, Title } from './editable'
import { Properties } from './properties'
import { useFieldKeys } from './keys'
import { setOpened } from './select'
import { PickHost } from './pick'
import { isClosed, taskPath } from './rules'
import { fetchTask, taskByNumber, tasks } from './store'

const History = lazy(() => import('./history'))
const Parts = lazy(() => import('./parts'))
const Gate = lazy(() => import('./gate'))
const Attempts = lazy(() => import('./attempts'))

/** The page of one task. */
export function TaskPage() {
  useFieldKeys()
  const params = useParams<{ id: string }>()
  return (
    <Show when={params.id} keyed>
      {(ref) => <Detail about={ref} />}
    </Show>
  )
}

/** Everything about a task: as a page, or as a panel beside the board. */
export default function Detail(props: { about: string; panel?: boolean; onClose?: () => void }) {
  const loaded = createLoad(
    () => ({ ref: props.about, era: tasks.era() }),
    async ({ ref }) => {
      const task = await fetchTask(ref)
      // Whoever looks at a task has seen what the inbox has of it.
      void call('POST /api/inbox/tasks/{taskId}/read', { params: { taskId: task.id } }).catch(() => undefined)
      return task.id
    },
  )
  const task = createMemo(
    () => tasks.items[loaded.value() ?? props.about] ?? taskByNumber(Number(props.about.replace('#', ''))),
  )
  createEffect(() => setOpened(task()?.id))
  onCleanup(() => setOpened(undefined))
  nameView(() => (task() ? `#${task()?.number} ${task()?.summary}` : t('nav.tasks')))
  return (
    <Show
      when={task()}
      fallback={
        <Frame panel={props.panel}>
          <Show when={loaded.error()} fallback={<SkeletonRows avatar={false} />}>
            <NotFound title={t('task.missing')} text={t('task.missingText')} />
          </Show>
        </Frame>
      }
    >
      {(task) => (
        <Frame panel={props.panel}>
          <Bar task={task()} panel={props.panel} onClose={props.onClose} />
          <div class="flex-1 min-h-0 overflow-y-auto" data-scroller>
            <Content task={task()} panel={props.panel} />
          </div>
          <Show when={!props.panel}>
            <PickHost />
          </Show>
        </Frame>
      )}
    </Show>
  )
}

const Frame = (props: ParentProps<{ panel?: boolean | undefined }>) => (
  <Show when={props.panel} fallback={<div class="col h-full min-h-0">{props.children}</div>}>
    <aside aria-label={t('task.panel')} class="col min-w-0 w-120 xl:w-140 shrink-0 border-l border-line bg-canvas">
      {props.children}
    </aside>
  </Show>
)

const Bar = (props: { task: Task; panel?: boolean | undefined; onClose?: (() => void) | undefined }) => {
  const link = () => `${location.origin}${taskPath(props.task)}`
  return (
    <header class="row gap-1.5 h-13 pl-3 sm:pl-5 pr-2 border-b border-line shrink-0">
      <Show when={!props.panel}>
        <A
          href="/tasks"
          aria-label={t('common.back')}
          class="size-10 md:size-8 -ml-1 row justify-center rounded-lg text-soft hover:bg-hover hover:text-ink"
        >
          <Icon name="i-lucide-arrow-left" class="text-[17px]" />
        </A>
      </Show>
      <span class="font-600 tabular-nums text-soft">#{props.task.number}</span>
      <Show when={state.channels[props.task.target]}>
        {(channel) => (
          <A
            href={`/tasks?channel=${encodeURIComponent(props.task.target)}`}
            class="text-[13px] text-soft hover:text-ink hover:underline truncate rounded"
          >
            {channel().kind === 'dm' ? channelTitle(channel()) : `#${channelTitle(channel())}`}
          </A>
        )}
      </Show>
      <div class="row ml-auto">
        <IconButton
          icon="i-lucide-link"
          label={t('task.copyLink')}
          class="max-md:size-10!"
          onClick={() =>
            void copyText(link()).then((done) =>
              toast(done ? 'ok' : 'bad', done ? t('common.copied') : t('common.copyFailed')),
            )
          }
        />
        <Show when={props.panel}>
          <A
            href={taskPath(props.task)}
            aria-label={t('task.openPage')}
            title={t('task.openPage')}
            class="size-8 row justify-center rounded-lg text-soft hover:bg-hover hover:text-ink"
          >
            <Icon name="i-lucide-maximize-2" class="text-[15px]" />
          </A>
        </Show>
        <Show when={canWrite()}>
          <Menu
            label={t('task.actions', { number: props.task.number })}
            class="max-md:size-10!"
            items={[
              ...taskMenu(props.task),
              ...(isClosed(props.task.state)
                ? []
                : [
                    {
                      label: t('task.cancel'),
                      icon: 'i-lucide-circle-slash',
                      danger: true,
                      onSelect: () => void cancelAll([props.task]),
                    },
                  ]),
            ]}
          />
        </Show>
        <Show when={props.onClose}>
          {(close) => <IconButton icon="i-lucide-x" label={t('common.close')} onClick={() => close()()} />}
        </Show>
      </div>
    </header>
  )
}

type Tab = 'talk' | 'parts' | 'gate' | 'attempts' | 'history'

function Content(props: { task: Task; panel?: boolean | undefined }) {
  const [tab, setTab] = createSignal<Tab>('talk')
  createEffect(
    on(
      () => props.task.id,
      () => setTab('talk'),
    ),
  )
  const beside = () => !props.panel && !narrow()
  return (
    <div
      class={cx(
        'mx-auto w-full px-4 sm:px-6 py-5 gap-6',
        beside() ? 'max-w-280 grid grid-cols-[minmax(0,1fr)_18rem]' : 'col max-w-220',
      )}
    >
      <div class="col gap-5 min-w-0">
        <Title task={props.task} />
        <Show when={!beside()}>
          <Properties task={props.task} />
        </Show>
        <Description task={props.task} />
        <Tabs<Tab>
          label={t('task.tabs')}
          value={tab()}
          onChange={setTab}
          tabs={(['talk', 'parts', 'gate', 'attempts', 'history'] as const).map((value) => ({
            value,
            label: t(`task.tab.${value}`),
          }))}
        >
          <Suspense fallback={<SkeletonRows avatar={false} count={3} />}>
            <Show when={tab() === 'talk'}>
              <Discussion task={props.task} />
            </Show>
            <Show when={tab() === 'parts'}>
              <Parts task={props.task} />
            </Show>
            <Show when={tab() === 'gate'}>
              <Gate task={props.task} />
            </Show>
            <Show when={tab() === 'attempts'}>
              <Attempts task={props.task} />
            </Show>
            <Show when={tab() === 'history'}>
              <History task={props.task} />
            </Show>
          </Suspense>
        </Tabs>
      </div>
      <Show when={beside()}>
        <aside class="border-l border-line pl-6" aria-label={t('task.properties')}>
          <Properties task={props.task} />
        </aside>
      </Show>
    </div>
  )
}
