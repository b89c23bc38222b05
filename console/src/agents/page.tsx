import { A } from '@solidjs/router'
import { createMemo, createSignal, For, Show } from 'solid-js'
import type { Agent } from '@shared/contract'
import { agentPath } from '../app/paths'
import { t } from '../i18n'
import { isAdmin } from '../store/session'
import { state } from '../store/state'
import { Avatar } from '../ui/avatar'
import { Badge } from '../ui/badge'
import { Button } from '../ui/button'
import { Empty } from '../ui/empty'
import { Page } from '../ui/page'
import { CreateAgent } from './create'
import { runtimeOf } from './fields'
import { PresenceDot, presenceText } from './presence'

/** All agents, and how they are. */
export default function AgentsPage() {
  const [creating, setCreating] = createSignal(false)
  const agents = createMemo(() =>
    Object.values(state.agents).sort((a, b) => a.displayName.localeCompare(b.displayName)),
  )
  const create = () => (
    <Show when={isAdmin()}>
      <Button kind="primary" size="sm" icon="i-lucide-plus" onClick={() => setCreating(true)}>
        {t('agent.create')}
      </Button>
    </Show>
  )
  return (
    <Page title={t('nav.agents')} actions={create()}>
      <Show
        when={agents().length > 0}
        fallback={
          <Empty icon="i-lucide-bot" title={t('agent.none')} text={t('agent.noneText')}>
            {create()}
          </Empty>
        }
      >
        <ul class="grid sm:grid-cols-2 gap-3">
          <For each={agents()}>{(agent) => <AgentCard agent={agent} />}</For>
        </ul>
      </Show>
      <CreateAgent open={creating()} onClose={() => setCreating(false)} />
    </Page>
  )
}

function AgentCard(props: { agent: Agent }) {
  const runtime = () => runtimeOf(props.agent.computerId, props.agent.runtimeKind)
  return (
    <li>
      <A
        href={agentPath(props.agent.id)}
        class="row items-start gap-3.5 h-full rounded-xl border border-line bg-surface p-4 hover:border-edge hover:shadow-[var(--lift)]"
      >
        <Avatar name={props.agent.name} kind="agent" />
        <span class="col flex-1 min-w-0 gap-0.5">
          <span class="row gap-2">
            <span class="font-650 truncate">{props.agent.displayName}</span>
            <span class="text-[13px] text-faint truncate">@{props.agent.name}</span>
          </span>
          <span class="row gap-1.5 text-[13px] text-soft min-w-0">
            <PresenceDot agent={props.agent} />
            <span class="truncate">{presenceText(props.agent)}</span>
          </span>
          <Show when={props.agent.description}>
            <span class="text-[13px] text-soft line-clamp-2 mt-1">{props.agent.description}</span>
          </Show>
          <span class="row flex-wrap gap-1.5 mt-2">
            <Badge tone={runtime()?.demo ? 'warn' : 'plain'}>{runtime()?.displayName ?? props.agent.runtimeKind}</Badge>
            <Badge icon="i-lucide-monitor">
              {state.computers[props.agent.computerId]?.displayName ?? t('computer.gone')}
            </Badge>
          </span>
        </span>
      </A>
    </li>
  )
}
