import { A } from '@solidjs/router'
import { createMemo, createSignal, For, Show } from 'solid-js'
import type { Channel, Decision } from '@shared/contract'
import '../i18n/en/decisions'
import '../i18n/en/panels'
import { act } from '../app/act'
import { createLoad } from '../app/load'
import { conversationPath } from '../app/paths'
import { SidePanel } from '../channels/side'
import { t } from '../i18n'
import { Prose } from '../messages/body'
import { state } from '../store/state'
import { Button } from '../ui/button'
import { Empty } from '../ui/empty'
import { ErrorNotice } from '../ui/notice'
import { SkeletonRows } from '../ui/skeleton'
import { Standing } from './card'
import { decisions, decisionsIn, hasOlder, loadDecisions } from './decisions'
import { DecisionForm } from './form'
import { mayVote } from './rules'

/** What a channel has decided and what it is to decide. */
export default function DecisionsPanel(props: { channel: Channel; onClose: () => void }) {
  const [adding, setAdding] = createSignal(false)
  const target = () => props.channel.target
  const loaded = createLoad(
    () => ({ target: target(), era: decisions.era() }),
    ({ target }) => loadDecisions(target).then(() => hasOlder(target)),
  )
  const [more, setMore] = createSignal<boolean>()
  const all = createMemo(() => decisionsIn(target()))
  const older = () => act(() => loadDecisions(target()).then(() => setMore(hasOlder(target()))))
  const add = (
    <Show when={mayVote(state.me, props.channel)}>
      <Button size="sm" icon="i-lucide-plus" onClick={() => setAdding(true)}>
        {t('decision.new')}
      </Button>
    </Show>
  )
  return (
    <SidePanel title={t('decision.panel')} action={add} onClose={props.onClose}>
      <ErrorNotice error={loaded.error()} />
      <Show when={loaded.value() !== undefined || loaded.error()} fallback={<SkeletonRows count={3} />}>
        <Show
          when={all().length > 0}
          fallback={<Empty icon="i-lucide-gavel" title={t('decision.none')} text={t('decision.noneText')} />}
        >
          <div class="col gap-5">
            <Group title={t('decision.open')} list={all().filter(({ status }) => status === 'proposed')} />
            <Group title={t('decision.force')} list={all().filter(({ status }) => status === 'ratified')} />
            <Group
              title={t('decision.past')}
              list={all().filter(({ status }) => status !== 'proposed' && status !== 'ratified')}
            />
            <Show when={more() ?? loaded.value()}>
              <Button class="self-start" size="sm" onClick={() => void older()}>
                {t('decision.older')}
              </Button>
            </Show>
          </div>
        </Show>
      </Show>
      <Show when={adding()}>
        <DecisionForm target={target()} onClose={() => setAdding(false)} />
      </Show>
    </SidePanel>
  )
}

const Group = (props: { title: string; list: Decision[] }) => (
  <Show when={props.list.length > 0}>
    <section class="col gap-2.5" aria-label={props.title}>
      <h3 class="text-[12.5px] font-600 text-soft">
        {props.title} <span class="tabular-nums text-faint">{props.list.length}</span>
      </h3>
      <For each={props.list.map(({ id }) => id)}>
        {(id) => <Show when={decisions.items[id]}>{(decision) => <Entry decision={decision()} />}</Show>}
      </For>
    </section>
  </Show>
)

const Entry = (props: { decision: Decision }) => (
  <article class="rounded-xl border border-line bg-surface" aria-label={props.decision.title}>
    <div class="px-4 pt-3 pb-1.5 col gap-1">
      <h4 class="font-600 [overflow-wrap:anywhere]">{props.decision.title}</h4>
      <div class="max-h-48 overflow-y-auto">
        <Prose small text={props.decision.body} />
      </div>
      <p class="row flex-wrap gap-x-2 text-[12px] text-faint">
        {t('decision.by', { name: props.decision.proposer.displayName })}
        <A
          href={conversationPath(props.decision.target, { message: props.decision.messageId })}
          class="text-accent-text font-550 hover:underline rounded"
        >
          {t('decision.show')}
        </A>
      </p>
    </div>
    <Standing decision={props.decision} />
  </article>
)
