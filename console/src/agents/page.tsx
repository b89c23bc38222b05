import { A } from '@solidjs/router'
import { createMemo, createSignal, For, Show } from 'solid-js'
import { lazy } from '../app/lazy'
import type { Agent } from '@shared/contract'
import '../i18n/en/agentpage'
import '../i18n/en/work'
import { agentPath } from '../app/paths'
import { t } from '../i18n'
import { isAdmin } from '../store/session'
import { state } from '../store/state'
import { Avatar } from '../ui/avatar'
import { Badge } from '../ui/badge'
import { Button } from '../ui/button'
import { Empty } from '../ui/empty'
import { TextField } from '../ui/field'
import { Page } from '../ui/page'
import { Select } from '../ui/select'
import { runtimeOf } from './fields'
import { groupOf, type Group } from './group'
import { PresenceDot, presenceOf, presenceText } from './presence'

const CreateAgent = lazy(async () => ({ default: (await import('./create')).CreateAgent }))

/** All agents, and how they are. */
export default function AgentsPage() {
  const [creating, setCreating] = createSignal(false)
  const [typed, setTyped] = createSignal('')
  const [group, setGroup] = createSignal<Group | ''>('')
  const agents = createMemo(() =>
    Object.values(state.agents).sort((a, b) => a.displayName.localeCompare(b.displayName)),
  )
  const shown = createMemo(() => {
    const text = typed().trim().toLowerCase()
    const has = (agent: Agent) =>
      [agent.name, agent.displayName, agent.description, agent.runtimeKind].some((part) =>
        part.toLowerCase().includes(text),
      )
    return agents().filter((agent) => has(agent) && (!group() || groupOf(agent, presenceOf(agent)) === group()))
  })
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
        <div class="row items-end flex-wrap gap-2">
          <div class="flex-1 min-w-50">
            <TextField label={t('agents.find')} type="search" value={typed()} onInput={setTyped} />
          </div>
          <Select
            label={t('activity.state')}
            value={group()}
            options={[
              { value: '', label: t('agents.allStates') },
              { value: 'atWork', label: t('agents.atWork') },
              { value: 'ready', label: t('agents.ready') },
              { value: 'trouble', label: t('agents.trouble') },
              { value: 'off', label: t('agents.off') },
            ]}
            onChange={setGroup}
          />
        </div>
        <ul class="grid sm:grid-cols-2 gap-3">
          <For each={shown()}>{(agent) => <AgentCard agent={agent} />}</For>
        </ul>
        <Show when={shown().length === 0}>
          <Empty icon="i-lucide-search-x" title={t('agents.none')} text={t('agents.noneText')} />
        </Show>
      </Show>
      <Show when={creating()}>
        <CreateAgent open onClose={() => setCreating(false)} />
      </Show>
    </Page>
  )
}

function AgentCard(props: { agent: Agent }) {
  const runtime = () => runtimeOf(props.agent.computerId, props.agent.runtimeKind)
  const trouble = () => props.agent.status.health !== 'ok' && props.agent.status.health !== 'offline'
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
          <Show when={trouble()}>
            <span class="text-[13px] text-warn">{t(`health.${props.agent.status.health}`)}</span>
          </Show>
          <Show when={props.agent.description}>
            <span class="text-[13px] text-soft line-clamp-2 mt-1">{props.agent.description}</span>
          </Show>
          <span class="row flex-wrap gap-1.5 mt-2">
            <Badge tone={runtime()?.demo ? 'warn' : 'plain'}>{runtime()?.displayName ?? props.agent.runtimeKind}</Badge>
            <Show when={props.agent.model}>
              <Badge>{props.agent.model}</Badge>
            </Show>
            <Badge icon="i-lucide-monitor">
              {state.computers[props.agent.computerId]?.displayName ?? t('computer.gone')}
            </Badge>
          </span>
        </span>
      </A>
    </li>
  )
}
