import { A } from '@solidjs/router'
import { For, Show } from 'solid-js'
import '../i18n/en/work'
import { call } from '../api/client'
import { createLoad } from '../app/load'
import { t } from '../i18n'
import { relative } from '../i18n/dates'
import { state } from '../store/state'
import { Avatar } from '../ui/avatar'
import { Badge } from '../ui/badge'
import { Empty } from '../ui/empty'
import { ErrorNotice } from '../ui/notice'
import { SkeletonRows } from '../ui/skeleton'

/** Archived runs in which all the words were found, best match first. */
export function FoundRuns(props: { words: string; agentId?: string | undefined }) {
  const found = createLoad(
    () => ({ q: props.words, agentId: props.agentId }),
    async ({ q, agentId }) => {
      const query = { q, limit: 50, ...(agentId ? { agentId } : {}) }
      return (await call('GET /api/agent-runs/search', { query })).items
    },
  )
  return (
    <>
      <ErrorNotice error={found.error()} />
      <Show
        when={found.value()}
        fallback={
          <Show when={!found.error()}>
            <SkeletonRows count={3} />
          </Show>
        }
      >
        {(hits) => (
          <ul class="col rounded-xl border border-line bg-surface divide-y divide-line overflow-hidden empty:hidden">
            <For each={hits()}>
              {(hit) => (
                <li>
                  <A
                    href={`/archive/${encodeURIComponent(hit.run.runId)}`}
                    class="row gap-3 px-4 py-3 hover:bg-hover -outline-offset-2"
                  >
                    <Avatar name={state.agents[hit.run.agentId]?.name ?? '?'} kind="agent" size="sm" />
                    <span class="col flex-1 min-w-0">
                      <span class="row gap-2 text-[13.5px] font-600 truncate">
                        {state.agents[hit.run.agentId]?.displayName ?? t('agent.gone')}
                        <Badge>{t(`archive.${hit.event.phase}`)}</Badge>
                      </span>
                      <span class="text-[13px] text-soft line-clamp-2 break-words">{hit.highlight}</span>
                    </span>
                    <span class="text-[12.5px] text-faint max-sm:hidden">{relative(hit.event.at)}</span>
                  </A>
                </li>
              )}
            </For>
          </ul>
        )}
      </Show>
      <Show when={found.value()?.length === 0}>
        <Empty icon="i-lucide-search-x" title={t('activity.searchNone')} text={t('activity.searchNoneText')} />
      </Show>
    </>
  )
}
