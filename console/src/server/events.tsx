import { createMemo, createSignal, For, onCleanup, Show } from 'solid-js'
import type { EventKind, ServerEvent } from '@shared/contract'
import { t } from '../i18n'
import '../i18n/en/server'
import { locale } from '../i18n'
import { onEvent } from '../store/feed'
import { Badge, type Tone } from '../ui/badge'
import { Button } from '../ui/button'
import { Card } from '../ui/card'
import { CodeBlock } from '../ui/code'
import { Empty } from '../ui/empty'
import { TextField } from '../ui/field'
import { Select } from '../ui/select'
import { KEPT, matches, push } from './buffer'

const tones: Record<ServerEvent['operation'], Tone> = {
  created: 'ok',
  updated: 'info',
  deleted: 'bad',
  state_changed: 'warn',
  appended: 'plain',
}

const time = (ms: number): string =>
  new Intl.DateTimeFormat(locale(), { hour: '2-digit', minute: '2-digit', second: '2-digit' }).format(ms)

/** What the page hears from the server, as it happens. */
export default function EventsPage() {
  const [kept, setKept] = createSignal<ServerEvent[]>([])
  const [waiting, setWaiting] = createSignal<ServerEvent[]>([])
  const [paused, setPaused] = createSignal(false)
  const [kind, setKind] = createSignal<EventKind | ''>('')
  const [text, setText] = createSignal('')
  let arrived: ServerEvent[] = []
  let frame: number | undefined
  const take = () => {
    frame = undefined
    const events = arrived
    arrived = []
    if (paused()) setWaiting((all) => push(all, events))
    else setKept((all) => push(all, events))
  }
  const stop = onEvent((event) => {
    // The state goes on changing what it took from an event; the log shows what came.
    arrived.push(structuredClone(event))
    // In a tab that nobody looks at no frame is drawn.
    if (arrived.length > 2 * KEPT) arrived = arrived.slice(-KEPT)
    // An agent that writes makes a hundred a second: one drawing for all of a frame.
    frame ??= requestAnimationFrame(take)
  })
  onCleanup(() => {
    stop()
    if (frame !== undefined) cancelAnimationFrame(frame)
  })
  const goOn = () => {
    setKept((all) => push(all, waiting().toReversed()))
    setWaiting([])
    setPaused(false)
  }
  const kinds = createMemo(() => [...new Set(kept().map((event) => event.kind))].sort())
  const shown = createMemo(() => kept().filter((event) => matches(event, { kind: kind(), text: text() })))
  return (
    <Card
      title={t('settings.events')}
      hint={t('eventlog.text')}
      actions={
        <div class="row gap-2">
          <Button
            size="sm"
            kind={paused() ? 'primary' : 'secondary'}
            icon={paused() ? 'i-lucide-play' : 'i-lucide-pause'}
            aria-pressed={paused()}
            onClick={() => (paused() ? goOn() : setPaused(true))}
          >
            {paused() ? t('eventlog.go', { n: waiting().length }) : t('eventlog.pause')}
          </Button>
          <Button size="sm" icon="i-lucide-eraser" onClick={() => setKept([])}>
            {t('eventlog.clear')}
          </Button>
        </div>
      }
    >
      <div class="col gap-3">
        <div class="grid sm:grid-cols-2 gap-3">
          <Select<EventKind | ''>
            label={t('eventlog.kinds')}
            value={kind()}
            options={[{ value: '', label: t('eventlog.all') }, ...kinds().map((value) => ({ value, label: value }))]}
            onChange={setKind}
          />
          <TextField label={t('eventlog.find')} type="search" value={text()} onInput={setText} maxlength={200} />
        </div>
        <p class="text-[12.5px] text-faint tabular-nums">{t('eventlog.kept', { n: kept().length, max: KEPT })}</p>
        <ol class="col divide-y divide-line" aria-label={t('settings.events')}>
          <For
            each={shown().slice(0, 200)}
            fallback={
              <li>
                <Show
                  when={kept().length > 0}
                  fallback={<Empty icon="i-lucide-radio" title={t('eventlog.none')} text={t('eventlog.noneText')} />}
                >
                  <Empty
                    icon="i-lucide-search-x"
                    title={t('eventlog.noMatch')}
                    text={t('eventlog.noMatchText', { n: kept().length })}
                  />
                </Show>
              </li>
            }
          >
            {(event) => <Row event={event} />}
          </For>
        </ol>
      </div>
    </Card>
  )
}

function Row(props: { event: ServerEvent }) {
  const [open, setOpen] = createSignal(false)
  return (
    <li class="py-1.5 text-[13px]">
      <details onToggle={(event) => setOpen(event.currentTarget.open)}>
        <summary class="row flex-wrap gap-x-2 gap-y-1 cursor-pointer rounded py-1">
          <span class="text-faint tabular-nums">{time(props.event.createdAt)}</span>
          <span class="font-600 font-mono text-[12.5px]">{props.event.kind}</span>
          <Badge tone={tones[props.event.operation]}>{props.event.operation}</Badge>
          <span class="text-soft break-words min-w-0">{props.event.target}</span>
          <span class="text-faint sm:ml-auto truncate max-w-50">{props.event.actor.displayName}</span>
        </summary>
        <Show when={open()}>
          <div role="group" aria-label={t('eventlog.details')}>
            <CodeBlock
              text={JSON.stringify(props.event, null, 2)}
              language="json"
              class="mt-1 max-h-96 overflow-auto"
            />
          </div>
        </Show>
      </details>
    </li>
  )
}
