import { createMemo, createSignal, For, Show } from 'solid-js'
import type { Channel, Debate, DebateState } from '@shared/contract'
import '../i18n/en/panels'
import { call } from '../api/client'
import { act } from '../app/act'
import { createLoad } from '../app/load'
import { loadMembers } from '../channels/members'
import { SidePanel } from '../channels/side'
import { t } from '../i18n'
import { relative } from '../i18n/dates'
import { mayWrite } from '../messages/allowed'
import { createCollection } from '../store/collection'
import { state } from '../store/state'
import { Badge, type Tone } from '../ui/badge'
import { Button } from '../ui/button'
import { Empty } from '../ui/empty'
import { ErrorNotice } from '../ui/notice'
import { SkeletonRows } from '../ui/skeleton'
import { NewDebate } from './create'

/** The debates of the channels that were looked at. */
const debates = createCollection<Debate>({
  ofEvent: (event) => (event.kind === 'debate' ? event.payload : undefined),
  idOf: (debate) => debate.id,
  age: (debate) => debate.updatedAt,
})

const tones: Record<DebateState, Tone> = {
  running: 'info',
  paused: 'warn',
  completed: 'ok',
  stopped: 'plain',
  failed: 'bad',
}

interface PanelProps {
  channel: Channel
  onClose: () => void
  onThread: (id: string) => void
}

/** Debates between two agents of a channel: begun, watched, paused, ended. */
export default function DebatesPanel(props: PanelProps) {
  const [adding, setAdding] = createSignal(false)
  const [cursor, setCursor] = createSignal<string>()
  const page = async (target: string, after?: string) => {
    const query = { target, limit: 50, ...(after ? { cursor: after } : {}) }
    const { items, nextCursor } = await call('GET /api/debates', { query })
    debates.put(...items)
    setCursor(nextCursor)
    return true
  }
  const loaded = createLoad(
    () => ({ target: props.channel.target, era: debates.era() }),
    ({ target }) => Promise.all([page(target), state.members[target] ? undefined : loadMembers(target)]),
  )
  const all = createMemo(() =>
    Object.values(debates.items)
      .filter((debate) => debate.target === props.channel.target)
      .sort((a, b) => b.createdAt - a.createdAt)
      .map(({ id }) => id),
  )
  const agents = () => (state.members[props.channel.target] ?? []).filter(({ kind }) => kind === 'agent')
  const may = () => mayWrite(state.me, props.channel)
  const add = (
    <Show when={may()}>
      <Button
        size="sm"
        icon="i-lucide-plus"
        disabled={agents().length < 2}
        title={agents().length < 2 ? t('debate.needsTwo') : undefined}
        onClick={() => setAdding(true)}
      >
        {t('debate.new')}
      </Button>
    </Show>
  )
  return (
    <SidePanel title={t('debate.panel')} action={add} onClose={props.onClose}>
      <ErrorNotice error={loaded.error()} />
      <Show when={loaded.value() || loaded.error()} fallback={<SkeletonRows count={3} />}>
        <ul class="col gap-3">
          <For
            each={all()}
            fallback={
              <Empty
                icon="i-lucide-messages-square"
                title={t('debate.none')}
                text={agents().length < 2 ? t('debate.needsTwo') : t('debate.noneText')}
              />
            }
          >
            {(id) => (
              <Show when={debates.items[id]}>
                {(debate) => <Card debate={debate()} may={may()} onThread={props.onThread} />}
              </Show>
            )}
          </For>
        </ul>
        <Show when={cursor()}>
          {(after) => (
            <Button size="sm" class="mt-3" onClick={() => void act(() => page(props.channel.target, after()))}>
              {t('panel.more')}
            </Button>
          )}
        </Show>
      </Show>
      <Show when={adding()}>
        <NewDebate
          target={props.channel.target}
          agents={agents()}
          onClose={() => setAdding(false)}
          onMade={(debate) => {
            debates.put(debate)
            props.onThread(debate.threadId)
          }}
        />
      </Show>
    </SidePanel>
  )
}

function Card(props: { debate: Debate; may: boolean; onThread: (id: string) => void }) {
  const d = () => props.debate
  const step = (route: `POST /api/debates/{id}/${'pause' | 'resume' | 'stop'}`) =>
    act(async () => debates.put(await call(route, { params: { id: d().id }, body: {} })))
  const going = () => d().state === 'running' || d().state === 'paused'
  return (
    <li class="rounded-xl border border-line bg-surface px-4 py-3 col gap-2">
      <p class="font-600 [overflow-wrap:anywhere]">{d().topic}</p>
      <p class="row flex-wrap gap-x-2 gap-y-1 text-[13px] text-soft">
        <Badge tone={tones[d().state]}>{t(`debate.state.${d().state}`)}</Badge>
        <span>
          {d()
            .agents.map((agent) => agent.displayName)
            .join(' · ')}
        </span>
        <span class="tabular-nums">{t('debate.turn', { n: d().turn, of: d().turns })}</span>
        <span class="text-faint">{relative(d().updatedAt)}</span>
      </p>
      <div class="h-1.5 rounded-full bg-sunken overflow-hidden" aria-hidden="true">
        <span
          class="block h-full bg-accent transition-[width]"
          style={{ width: `${(100 * d().turn) / Math.max(1, d().turns)}%` }}
        />
      </div>
      <Show when={d().reason}>
        <p class="text-[13px] text-soft [overflow-wrap:anywhere]">{d().reason}</p>
      </Show>
      <div class="row flex-wrap gap-2">
        <Button size="sm" icon="i-lucide-eye" onClick={() => props.onThread(d().threadId)}>
          {t('debate.watch')}
        </Button>
        <Show when={props.may && going()}>
          <Show
            when={d().state === 'running'}
            fallback={
              <Button size="sm" icon="i-lucide-play" onClick={() => void step('POST /api/debates/{id}/resume')}>
                {t('debate.resume')}
              </Button>
            }
          >
            <Button size="sm" icon="i-lucide-pause" onClick={() => void step('POST /api/debates/{id}/pause')}>
              {t('debate.pause')}
            </Button>
          </Show>
          <Button
            size="sm"
            kind="danger"
            icon="i-lucide-square"
            onClick={() => void step('POST /api/debates/{id}/stop')}
          >
            {t('debate.stop')}
          </Button>
        </Show>
      </div>
    </li>
  )
}
