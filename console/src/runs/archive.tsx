import { createMemo, createSignal, For, onCleanup, Show } from 'solid-js'
import { useParams } from '@solidjs/router'
import type { ArchivedEvent, ArchivedRun } from '@shared/contract'
import '../i18n/en/work'
import { ApiError, call } from '../api/client'
import { createLoad } from '../app/load'
import { t } from '../i18n'
import { clock, duration, shortDate } from '../i18n/dates'
import { state } from '../store/state'
import { Badge } from '../ui/badge'
import { Card } from '../ui/card'
import { CodeBlock } from '../ui/code'
import { cx } from '../ui/cx'
import { Icon } from '../ui/icon'
import { Empty } from '../ui/empty'
import { ErrorNotice } from '../ui/notice'
import { Page } from '../ui/page'
import { SkeletonRows } from '../ui/skeleton'
import { Fold } from './fold'
import { createPlayer, PlayerBar } from './player'
import { begunAt, reelOf } from './replay'
import { replayOf } from './replaystream'

const looks: Record<ArchivedEvent['phase'], string> = {
  start: 'i-lucide-play',
  tool_call: 'i-lucide-wrench',
  tool_result: 'i-lucide-corner-down-right',
  error: 'i-lucide-circle-alert text-bad',
  output: 'i-lucide-message-square-text',
  end: 'i-lucide-flag',
}

/** An archived run at an address of its own: of older daemons, and of runs whose steps are gone. */
export default function ArchivePage() {
  const params = useParams<{ id: string }>()
  return (
    <Page title={t('archive.title')} back="/runs" wide>
      <ArchiveView runId={params.id} />
    </Page>
  )
}

/** What the computer kept of a run, to be read and replayed. */
export function ArchiveView(props: { runId: string }) {
  const archive = createLoad(
    () => props.runId,
    async (id) => (await call('GET /api/agent-runs/{id}', { params: { id }, query: {} })).run,
  )
  const missing = () => {
    const error = archive.error()
    return error instanceof ApiError && error.status === 404
  }
  return (
    <>
      <Show when={missing()}>
        <Empty icon="i-lucide-archive" title={t('archive.missing')} text={t('archive.missingText')} />
      </Show>
      <Show when={!missing()}>
        <ErrorNotice error={archive.error()} />
        <Show when={archive.value()} fallback={<SkeletonRows count={3} avatar={false} />}>
          {(run) => <Content run={run()} />}
        </Show>
      </Show>
    </>
  )
}

function Content(props: { run: ArchivedRun }) {
  const [events, setEvents] = createSignal<ArchivedEvent[]>([])
  const [error, setError] = createSignal<unknown>()
  const stop = new AbortController()
  onCleanup(() => stop.abort())
  void replayOf(props.run.runId, (more) => setEvents((before) => [...before, ...more]), stop.signal).catch(
    (cause: unknown) => {
      if (!stop.signal.aborted) setError(() => cause)
    },
  )
  const agent = () => state.agents[props.run.agentId]
  const took = () => props.run.endedAt !== null && props.run.endedAt - props.run.startedAt
  return (
    <div class="col gap-4">
      <Card title={agent()?.displayName ?? t('agent.gone')} hint={t('archive.text')}>
        <p class="row flex-wrap gap-2 text-[13.5px] text-soft tabular-nums">
          <span>{shortDate(props.run.startedAt)}</span>
          <Show when={took()}>{(ms) => <span>{duration(ms())}</span>}</Show>
          <Badge>{t('archive.events', { n: props.run.eventCount })}</Badge>
          <Show when={props.run.endedAt !== null}>
            <Badge tone={props.run.exitCode === 0 ? 'ok' : 'bad'}>
              {t('archive.exit', { code: props.run.exitCode })}
            </Badge>
          </Show>
        </p>
        <Show when={props.run.error || props.run.summary}>
          {(text) => <p class={cx('text-[13.5px] mt-2 break-words', props.run.error && 'text-bad')}>{text()}</p>}
        </Show>
      </Card>
      <ErrorNotice error={error()} />
      <Show when={events().length > 0}>
        <Events events={events()} />
      </Show>
    </div>
  )
}

const shownAtOnce = 200

function Events(props: { events: ArchivedEvent[] }) {
  const reel = createMemo(() =>
    reelOf(props.events.map(({ position, at }) => ({ id: String(position), startedAt: at, completedAt: at }))),
  )
  const player = createPlayer(reel)
  const [replaying, setReplaying] = createSignal(false)
  // Until somebody plays it or drags the line, all of it is there to be read.
  const shown = createMemo(() => {
    const until = replaying() ? begunAt(reel(), player.at()) : props.events.length
    return props.events.slice(Math.max(0, until - shownAtOnce), until)
  })
  const started = {
    ...player,
    at: () => (replaying() ? player.at() : reel().length),
    toggle: () => {
      setReplaying(true)
      player.toggle()
    },
    seek: (at: number) => {
      setReplaying(true)
      player.seek(at)
    },
  }
  return (
    <div class="col gap-3">
      <PlayerBar player={started} reel={reel()} />
      <ul class="col gap-0.5 rounded-xl border border-line bg-surface px-4 py-3" aria-label={t('work.archive')}>
        <For each={shown()}>{(event) => <EventLine event={event} />}</For>
      </ul>
    </div>
  )
}

const EventLine = (props: { event: ArchivedEvent }) => (
  <li class="row items-start gap-3">
    <time class="text-[12px] text-faint tabular-nums w-15 shrink-0 pt-1.25 max-sm:hidden">{clock(props.event.at)}</time>
    <div class="flex-1 min-w-0">
      <Fold
        icon={looks[props.event.phase]}
        title={t(`archive.${props.event.phase}`)}
        hint={props.event.error || props.event.summary}
        empty={props.event.payload === null && !props.event.error}
      >
        <Show when={props.event.error}>
          {(text) => (
            <p class="row items-start gap-2 text-bad text-[13px] break-words">
              <Icon name="i-lucide-circle-alert" class="mt-0.75" />
              {text()}
            </p>
          )}
        </Show>
        <Show when={props.event.payload}>
          {(payload) => <CodeBlock text={JSON.stringify(payload(), null, 2)} language="json" />}
        </Show>
      </Fold>
    </div>
  </li>
)
