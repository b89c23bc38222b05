import { A } from '@solidjs/router'
import { createMemo, createSignal, For, Show } from 'solid-js'
import type { Run } from '@shared/contract'
import '../i18n/en/work'
import { call } from '../api/client'
import { act } from '../app/act'
import { createLoad } from '../app/load'
import { runPath } from '../app/paths'
import { channelTitle } from '../app/unread'
import { t } from '../i18n'
import { now, relative } from '../i18n/dates'
import { putRun } from '../store/apply'
import { isOver } from '../store/runs'
import { change, state } from '../store/state'
import { Avatar } from '../ui/avatar'
import { Button } from '../ui/button'
import { Empty } from '../ui/empty'
import { ErrorNotice } from '../ui/notice'
import { SkeletonRows } from '../ui/skeleton'
import { fits, queryOf, sinceOf, type RunFilter } from './filters'
import { StateBadge } from './state'
import { runFigures } from './usage'

interface TableProps {
  agentId?: string
  filter?: RunFilter
  /** The latest of them only. */
  most?: number
}

/** Runs that fit a filter, newest first; live ones come, change and go as they happen. */
export function RunTable(props: TableProps) {
  const [page, setPage] = createSignal<{ cursor: string | undefined; oldest: string }>({
    cursor: undefined,
    oldest: '',
  })
  const filter = createMemo<RunFilter>(() => ({
    ...props.filter,
    ...(props.agentId ? { agentId: props.agentId } : {}),
  }))
  const load = async (filter: RunFilter, cursor?: string) => {
    const query = { limit: props.most ?? 50, ...queryOf(filter), ...(cursor ? { cursor } : {}) }
    const answer = await call('GET /api/runs', { query })
    change((draft) => answer.items.forEach((run) => putRun(draft, run)))
    const last = answer.items.at(-1)
    const over = last !== undefined && last.createdAt < sinceOf(filter, Date.now())
    setPage({
      cursor: over || props.most ? undefined : answer.nextCursor,
      oldest: answer.nextCursor ? (last?.id ?? '') : '',
    })
    return true
  }
  const first = createLoad(filter, (filter) => load(filter))
  const ids = createMemo(() => {
    const since = sinceOf(filter(), Date.now())
    return (
      Object.values(state.runs)
        // A run that is known from elsewhere but older than the last page would leave a hole above it.
        .filter((run) => run.id >= page().oldest && fits(run, filter(), since))
        .sort((a, b) => (a.id < b.id ? 1 : -1))
        .slice(0, props.most)
        .map((run) => run.id)
    )
  })
  const filtered = () => Boolean(filter().state || filter().target || filter().time)
  return (
    <Show when={!first.loading()} fallback={<SkeletonRows avatar={false} />}>
      <ErrorNotice error={first.error()} />
      <ul class="col rounded-xl border border-line bg-surface divide-y divide-line overflow-hidden empty:hidden">
        <For each={ids()}>{(id) => <Show when={state.runs[id]}>{(run) => <RunRow run={run()} />}</Show>}</For>
      </ul>
      <Show when={ids().length === 0 && !first.error()}>
        <Show
          when={filtered()}
          fallback={<Empty icon="i-lucide-activity" title={t('run.none')} text={t('run.noneText')} />}
        >
          <Empty icon="i-lucide-filter-x" title={t('activity.nothing')} text={t('activity.nothingText')} />
        </Show>
      </Show>
      <Show when={page().cursor}>
        {(cursor) => (
          <Button class="self-center" onClick={() => void act(() => load(filter(), cursor()))}>
            {t('common.more')}
          </Button>
        )}
      </Show>
    </Show>
  )
}

function RunRow(props: { run: Run }) {
  const agent = () => state.agents[props.run.agentId]
  const channel = () => state.channels[props.run.target]
  return (
    <li>
      <A href={runPath(props.run.id)} class="row gap-3 px-4 py-3 hover:bg-hover -outline-offset-2">
        <Avatar name={agent()?.name ?? '?'} kind="agent" size="sm" />
        <span class="col flex-1 min-w-0">
          <span class="row gap-2 min-w-0">
            <span class="font-600 text-[13.5px] truncate">{agent()?.displayName ?? t('agent.gone')}</span>
            <Show when={channel()}>
              {(channel) => (
                <span class="text-[13px] text-soft truncate">
                  {channel().kind === 'dm' ? t('run.inDm') : `#${channelTitle(channel())}`}
                </span>
              )}
            </Show>
          </span>
          <span class="text-[13px] text-soft truncate">
            {props.run.failure
              ? t(`failure.${props.run.failure.reason}`)
              : props.run.summary || (props.run.joinedRunId && t('run.joined'))}
          </span>
        </span>
        <span class="text-[12.5px] text-faint tabular-nums max-md:hidden">
          {runFigures(props.run, isOver(props.run) ? 0 : now())}
        </span>
        <span class="text-[12.5px] text-faint w-24 text-right max-sm:hidden">{relative(props.run.createdAt)}</span>
        <span class="row justify-end shrink-0 sm:w-32">
          <StateBadge run={props.run} />
        </span>
      </A>
    </li>
  )
}
