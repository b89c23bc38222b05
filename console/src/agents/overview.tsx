import { A } from '@solidjs/router'
import { createMemo, For, Show } from 'solid-js'
import type { Agent, Delivery } from '@shared/contract'
import '../i18n/en/agentpage'
import { call } from '../api/client'
import { createLoad } from '../app/load'
import { conversationPath } from '../app/paths'
import { t } from '../i18n'
import { relative } from '../i18n/dates'
import { RunCard } from '../runs/card'
import { RunTable } from '../runs/list'
import { putDelivery } from '../store/apply'
import { change, state } from '../store/state'
import { TunnelsCard } from '../tunnels/list'
import { Badge } from '../ui/badge'
import { Card } from '../ui/card'
import { Icon } from '../ui/icon'

/** What an agent does now, what it owes, and what it did last. */
export default function Overview(props: { agent: Agent; onRuns: () => void }) {
  return (
    <div class="col gap-5">
      <section class="col gap-2">
        <h2 class="text-[15px] font-650">{t('overview.now')}</h2>
        <Show when={props.agent.status.runId} fallback={<p class="text-soft text-[13.5px]">{t('overview.idle')}</p>}>
          {(id) => <RunCard run={state.runs[id()]} runId={id()} />}
        </Show>
      </section>
      <Queue agent={props.agent} />
      <TunnelsCard agentId={props.agent.id} />
      <section class="col gap-2">
        <header class="row">
          <h2 class="text-[15px] font-650 flex-1">{t('overview.recent')}</h2>
          <button
            type="button"
            onClick={() => props.onRuns()}
            class="text-[13px] font-550 text-accent-text hover:underline rounded"
          >
            {t('overview.all')}
          </button>
        </header>
        <RunTable agentId={props.agent.id} most={5} />
      </section>
    </div>
  )
}

/** What waits for an answer of it. Events keep it up to date. */
function Queue(props: { agent: Agent }) {
  createLoad(
    () => props.agent.id,
    async (agentId) => {
      const pages = await Promise.all(
        (['claimed', 'pending'] as const).map((state) =>
          call('GET /api/deliveries', { query: { agentId, state, limit: 50 } }),
        ),
      )
      change((draft) => pages.flatMap((page) => page.items).forEach((delivery) => putDelivery(draft, delivery)))
    },
  )
  const owed = createMemo(() =>
    Object.values(state.deliveries)
      .filter(({ agentId, state }) => agentId === props.agent.id && (state === 'pending' || state === 'claimed'))
      .sort((a, b) => a.createdAt - b.createdAt),
  )
  return (
    <Card title={t('overview.queue')}>
      <ul class="col divide-y divide-line -my-2">
        <For each={owed()} fallback={<li class="text-soft text-[13.5px] py-2">{t('overview.noQueue')}</li>}>
          {(delivery) => <Owed delivery={delivery} />}
        </For>
      </ul>
    </Card>
  )
}

function Owed(props: { delivery: Delivery }) {
  const message = () => state.messages[props.delivery.messageId]
  const target = () => (props.delivery.target.startsWith('dm:') ? t('run.inDm') : props.delivery.target)
  return (
    <li>
      <A
        href={conversationPath(props.delivery.target, {
          thread: props.delivery.threadId,
          message: props.delivery.messageId,
        })}
        class="row gap-2.5 py-2 rounded hover:bg-hover text-[13.5px]"
      >
        <Icon name="i-lucide-message-square" class="text-soft" />
        <span class="flex-1 min-w-0 truncate">
          <span class="font-550">{target()}</span> <span class="text-soft">{message()?.content ?? ''}</span>
        </span>
        <span class="text-[12.5px] text-faint">{relative(props.delivery.createdAt)}</span>
        <Badge tone={props.delivery.state === 'claimed' ? 'info' : 'plain'}>
          {t(props.delivery.state === 'claimed' ? 'overview.works' : 'overview.waits')}
        </Badge>
      </A>
    </li>
  )
}
