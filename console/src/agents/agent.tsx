import { useNavigate, useParams } from '@solidjs/router'
import { Match, Show, Suspense, Switch } from 'solid-js'
import { lazy } from '../app/lazy'
import type { Agent } from '@shared/contract'
import '../i18n/en/agentpage'
import { call } from '../api/client'
import { act } from '../app/act'
import { createPart } from '../app/part'
import { NotFound } from '../app/notfound'
import { computerPath } from '../app/paths'
import { openDm } from '../channels/dm'
import { t } from '../i18n'
import { relative } from '../i18n/dates'
import { hasScreen } from '../screens/supported'
import { change, state } from '../store/state'
import { canWrite, isAdmin } from '../store/session'
import { Avatar } from '../ui/avatar'
import { Badge } from '../ui/badge'
import { Button, LinkButton } from '../ui/button'
import { Card } from '../ui/card'
import { confirm } from '../ui/confirm'
import { Menu, type MenuItem } from '../ui/menu'
import { Notice } from '../ui/notice'
import { Page } from '../ui/page'
import { SkeletonRows } from '../ui/skeleton'
import { Tabs } from '../ui/tabs'
import { AgentChannels } from './channels'
import { EnvForm } from './env'
import { runtimeOf } from './fields'
import { ConfinementForm } from './confine'
import { LimitsForm } from './limits'
import { PresenceDot, presenceText } from './presence'
import { ProfileForm } from './profile'
import { looksAfter, WithSettings } from './settings'
import { put } from '../store/apply'

const Overview = lazy(() => import('./overview'))
const AgentReminders = lazy(() => import('./reminders'))
const MemoryPanel = lazy(() => import('../memory/panel'))
const WorkspacePanel = lazy(() => import('../workspace/panel'))
const Activity = lazy(async () => ({ default: (await import('../runs/activity')).Activity }))
const ScreenPanel = lazy(() => import('../screens/panel'))
const UsageView = lazy(async () => ({ default: (await import('../usage/view')).UsageView }))

const parts = ['overview', 'screen', 'settings', 'memory', 'workspace', 'reminders', 'runs', 'usage'] as const
type Part = (typeof parts)[number]

/** One agent: what it is, where it is, what it may do and what it did. */
export default function AgentPage() {
  const params = useParams<{ id: string }>()
  return (
    <Show
      when={state.agents[params.id]}
      fallback={<NotFound title={t('agent.missing')} text={t('agent.missingText')} />}
    >
      {(agent) => <Content agent={agent()} />}
    </Show>
  )
}

function Content(props: { agent: Agent }) {
  const navigate = useNavigate()
  const [part, show] = createPart(parts)
  return (
    <Page
      title={props.agent.displayName}
      back="/agents"
      badge={<Badge tone="bot">{t('message.agent')}</Badge>}
      wide={part() === 'screen' ? 'full' : true}
      actions={
        <>
          <Show when={canWrite()}>
            <Button
              size="sm"
              kind="primary"
              icon="i-lucide-message-circle"
              onClick={() => void openDm('agent', props.agent.id, navigate)}
            >
              {t('agent.message')}
            </Button>
            <AgentMenu agent={props.agent} />
          </Show>
        </>
      }
    >
      <Summary agent={props.agent} />
      <Tabs
        label={props.agent.displayName}
        value={part()}
        onChange={show}
        tabs={parts
          .filter((value) => value !== 'screen' || hasScreen(props.agent))
          .map((value) => ({ value, label: t(`part.${value}`) }))}
      >
        <Suspense fallback={<SkeletonRows count={4} avatar={false} />}>
          <Part agent={props.agent} part={part()} onRuns={() => show('runs')} />
        </Suspense>
      </Tabs>
    </Page>
  )
}

const Part = (props: { agent: Agent; part: Part; onRuns: () => void }) => (
  <Switch>
    <Match when={props.part === 'overview'}>
      <Overview agent={props.agent} onRuns={props.onRuns} />
    </Match>
    <Match when={props.part === 'screen' && hasScreen(props.agent)}>
      <ScreenPanel agent={props.agent} />
    </Match>
    <Match when={props.part === 'settings'}>
      <AgentSettings agent={props.agent} />
    </Match>
    <Match when={props.part === 'memory'}>
      <MemoryPanel agent={props.agent} />
    </Match>
    <Match when={props.part === 'workspace'}>
      <WorkspacePanel agent={props.agent} />
    </Match>
    <Match when={props.part === 'reminders'}>
      <div class="col gap-4">
        <AgentReminders agent={props.agent} />
      </div>
    </Match>
    <Match when={props.part === 'runs'}>
      <Activity agentId={props.agent.id} />
    </Match>
    <Match when={props.part === 'usage'}>
      <UsageView agentId={props.agent.id} />
    </Match>
  </Switch>
)

/** What it is and may do, where it listens, what its process gets, and what it may use up. */
const AgentSettings = (props: { agent: Agent }) => (
  <div class="col gap-5 max-w-220">
    <Show when={looksAfter(props.agent)} fallback={<About agent={props.agent} />}>
      <WithSettings agent={props.agent}>
        {(agent) => (
          <>
            <ProfileForm agent={agent} />
            <AgentChannels agent={props.agent} />
            <EnvForm agent={agent} />
            <LimitsForm agent={agent} />
            <ConfinementForm agent={agent} />
          </>
        )}
      </WithSettings>
    </Show>
    <Show when={!looksAfter(props.agent)}>
      <AgentChannels agent={props.agent} />
    </Show>
  </div>
)

/** What everybody may know of an agent besides the head of its page. */
const About = (props: { agent: Agent }) => (
  <Card title={t('agent.about')}>
    <p class="text-[14px]" classList={{ 'text-soft': !props.agent.description }}>
      {props.agent.description || t('agent.noDescription')}
    </p>
  </Card>
)

function Summary(props: { agent: Agent }) {
  const computer = () => state.computers[props.agent.computerId]
  const runtime = () => runtimeOf(props.agent.computerId, props.agent.runtimeKind)
  const trouble = () => props.agent.status.health !== 'ok' && props.agent.status.health !== 'offline'
  return (
    <div class="col gap-3">
      <div class="row items-start gap-4">
        <Avatar name={props.agent.name} kind="agent" size="lg" />
        <div class="col gap-1 min-w-0 flex-1">
          <p class="row flex-wrap gap-x-2 text-soft">
            <span>@{props.agent.name}</span>
            <span class="row gap-1.5">
              <PresenceDot agent={props.agent} />
              {presenceText(props.agent)}
            </span>
          </p>
          <div class="row flex-wrap gap-1.5">
            <Badge tone={runtime()?.demo ? 'warn' : 'plain'}>{runtime()?.displayName ?? props.agent.runtimeKind}</Badge>
            <Show when={props.agent.model}>
              <Badge>{props.agent.model}</Badge>
            </Show>
            <Show when={computer()} fallback={<Badge tone="bad">{t('computer.gone')}</Badge>}>
              {(computer) => (
                <LinkButton
                  href={computerPath(computer().id)}
                  size="sm"
                  kind="ghost"
                  icon="i-lucide-monitor"
                  class="h-5! px-1.5! [@media(pointer:coarse)]:h-10!"
                >
                  {computer().displayName}
                </LinkButton>
              )}
            </Show>
          </div>
          <p class="text-[12.5px] text-faint">{t('agent.since', { when: relative(props.agent.createdAt) })}</p>
        </div>
      </div>
      <Show when={trouble()}>
        <Notice tone="warn" title={t(`health.${props.agent.status.health}`)}>
          {props.agent.status.detail}
        </Notice>
      </Show>
    </div>
  )
}

function AgentMenu(props: { agent: Agent }) {
  const navigate = useNavigate()
  const control = (action: 'terminate' | 'restart' | 'restart_reset_session' | 'restart_full_reset') =>
    act(
      () => call('POST /api/agents/{id}/control', { params: { id: props.agent.id }, body: { action } }),
      t('agent.controlSent'),
    )
  const ask = async (title: string, body: string, action: string, then: () => Promise<unknown>) => {
    if (await confirm({ title, body, action, danger: true })) await then()
  }
  const enable = (enabled: boolean) =>
    act(async () => {
      const agent = await call('PATCH /api/agents/{id}', { params: { id: props.agent.id }, body: { enabled } })
      change((draft) => put(draft.agents, agent.id, agent))
    })
  const remove = async () => {
    const done = await act(() => call('DELETE /api/agents/{id}', { params: { id: props.agent.id } }))
    if (!done) return
    navigate('/agents')
    change((draft) => void delete draft.agents[props.agent.id])
  }
  const items = (): MenuItem[] => [
    { label: t('agent.restart'), icon: 'i-lucide-refresh-ccw', onSelect: () => void control('restart') },
    ...(looksAfter(props.agent)
      ? [
          {
            label: t('agent.resetSession'),
            icon: 'i-lucide-eraser',
            onSelect: () => void control('restart_reset_session'),
          },
          {
            label: t('agent.fullReset'),
            icon: 'i-lucide-bomb',
            danger: true,
            onSelect: () =>
              void ask(t('agent.fullResetTitle'), t('agent.fullResetText'), t('agent.fullReset'), () =>
                control('restart_full_reset'),
              ),
          },
        ]
      : []),
    { label: t('agent.terminate'), icon: 'i-lucide-square', onSelect: () => void control('terminate') },
    ...(isAdmin()
      ? [
          {
            label: props.agent.enabled ? t('agent.disable') : t('agent.enable'),
            icon: props.agent.enabled ? 'i-lucide-power-off' : 'i-lucide-power',
            onSelect: () => void enable(!props.agent.enabled),
          },
          {
            label: t('agent.delete'),
            icon: 'i-lucide-trash-2',
            danger: true,
            onSelect: () =>
              void ask(
                t('agent.deleteTitle', { name: props.agent.displayName }),
                t('agent.deleteText'),
                t('agent.delete'),
                remove,
              ),
          },
        ]
      : []),
  ]
  return <Menu label={t('agent.menu')} items={items()} />
}
