import { useSearchParams } from '@solidjs/router'
import { createEffect, createMemo, createSignal, on, onCleanup, Show } from 'solid-js'
import '../i18n/en/work'
import { channels, channelTitle } from '../app/unread'
import { t } from '../i18n'
import { isOver } from '../store/runs'
import { state } from '../store/state'
import { Badge } from '../ui/badge'
import { Button } from '../ui/button'
import { TextField } from '../ui/field'
import { Page } from '../ui/page'
import { Select } from '../ui/select'
import { FoundRuns } from './found'
import { readFilter, states, times, type RunFilter } from './filters'
import { RunTable } from './list'

/** What agents have done and are doing, newest first. */
export default function ActivityPage() {
  const live = () => Object.values(state.runs).filter((run) => !isOver(run)).length
  return (
    <Page
      title={t('nav.runs')}
      badge={
        <Show when={live() > 0}>
          <Badge tone="info">{t('activity.live', { n: live() })}</Badge>
        </Show>
      }
    >
      <Activity />
    </Page>
  )
}

/** Runs with their filters, and the search in what they did; of one agent when `agentId` is given. */
export function Activity(props: { agentId?: string }) {
  const [query, setQuery] = useSearchParams()
  const [words, setWords] = createSignal('')
  const [asked, setAsked] = createSignal('')
  createEffect(
    on(words, (text) => {
      const timer = setTimeout(() => setAsked(text.trim()), 300)
      onCleanup(() => clearTimeout(timer))
    }),
  )
  const filter = createMemo<RunFilter>(() => ({
    ...readFilter(query),
    ...(props.agentId ? { agentId: props.agentId } : {}),
  }))
  const set = (part: Record<string, string | undefined>) => setQuery(part, { replace: true })
  return (
    <div class="col gap-4">
      <TextField
        label={t('activity.search')}
        hint={t('activity.searchHint')}
        type="search"
        maxlength={200}
        value={words()}
        onInput={setWords}
      />
      <Show
        when={asked()}
        fallback={
          <>
            <Filters filter={filter()} ofAgent={props.agentId !== undefined} onChange={set} />
            <RunTable filter={filter()} />
          </>
        }
      >
        {(words) => <FoundRuns words={words()} agentId={props.agentId} />}
      </Show>
    </div>
  )
}

interface FiltersProps {
  filter: RunFilter
  ofAgent: boolean
  onChange: (part: Record<string, string | undefined>) => void
}

function Filters(props: FiltersProps) {
  const agents = () => Object.values(state.agents).sort((a, b) => a.displayName.localeCompare(b.displayName))
  const any = () =>
    Boolean(props.filter.state || props.filter.target || props.filter.time || (!props.ofAgent && props.filter.agentId))
  return (
    <div role="group" aria-label={t('activity.filters')} class="row flex-wrap gap-2">
      <Select
        quiet
        label={t('activity.state')}
        value={props.filter.state ?? ''}
        options={[
          { value: '', label: t('activity.anyState') },
          ...states.map((value) => ({ value, label: value === 'active' ? t('activity.active') : t(`run.${value}`) })),
        ]}
        onChange={(value) => props.onChange({ state: value || undefined })}
      />
      <Show when={!props.ofAgent}>
        <Select
          quiet
          label={t('activity.agent')}
          value={props.filter.agentId ?? ''}
          options={[
            { value: '', label: t('activity.anyAgent') },
            ...agents().map((agent) => ({ value: agent.id, label: agent.displayName })),
          ]}
          onChange={(value) => props.onChange({ agent: value || undefined })}
        />
      </Show>
      <div class="max-w-50">
        <Select
          quiet
          label={t('activity.channel')}
          value={props.filter.target ?? ''}
          options={[
            { value: '', label: t('activity.anyChannel') },
            ...channels().map((channel) => ({ value: channel.target, label: `#${channelTitle(channel)}` })),
          ]}
          onChange={(value) => props.onChange({ channel: value || undefined })}
        />
      </div>
      <Select
        quiet
        label={t('activity.since')}
        value={props.filter.time ?? ''}
        options={[
          { value: '', label: t('activity.anyTime') },
          ...times.map((value) => ({ value, label: t(`activity.${value}`) })),
        ]}
        onChange={(value) => props.onChange({ time: value || undefined })}
      />
      <Show when={any()}>
        <Button
          size="sm"
          kind="ghost"
          icon="i-lucide-filter-x"
          onClick={() => props.onChange({ state: undefined, agent: undefined, channel: undefined, time: undefined })}
        >
          {t('activity.clear')}
        </Button>
      </Show>
    </div>
  )
}
