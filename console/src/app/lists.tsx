import { useNavigate } from '@solidjs/router'
import { createMemo, For, Show } from 'solid-js'
import type { Agent, Channel, Computer } from '@shared/contract'
import { PresenceDot, presenceText } from '../agents/presence'
import { openDm } from '../channels/dm'
import { DraftMark } from '../composer/mark'
import { t } from '../i18n'
import { canWrite, isAdmin } from '../store/session'
import { state } from '../store/state'
import { PersonDot } from '../presence/dot'
import { Avatar } from '../ui/avatar'
import { Count } from '../ui/badge'
import { Menu } from '../ui/menu'
import { IconButton } from '../ui/button'
import { cx } from '../ui/cx'
import { Icon } from '../ui/icon'
import { NavItem, NavPage, NavSection } from './nav'
import { pages } from './pages'
import { conversationPath, computerPath } from './paths'
import { narrow } from './screen'
import { badgeOf, channels, channelTitle, dms, isNews } from './unread'
import { openWindow } from './windows'
import { ComputerDot } from '../computers/status'

/** Everything that can be gone to, with what is new in it. On a phone the conversations; the pages are in its bar and under “More”. */
export function Lists(props: { class?: string }) {
  return (
    <nav class={cx('col gap-4', props.class)} aria-label={t('shell.navigation')}>
      <Show when={!narrow()}>
        <div class="col gap-px">
          <For each={pages().filter((entry) => entry.group === 'top')}>{(entry) => <NavPage entry={entry} />}</For>
        </div>
      </Show>
      <Channels />
      <Agents />
      <People />
      <Show when={!narrow()}>
        <Computers />
      </Show>
    </nav>
  )
}

function unread(channel: Channel) {
  const badge = () => badgeOf(channel)
  const label = () => t(badge().calls ? 'nav.mentions' : 'nav.unread', { n: badge().value })
  return (
    <>
      <DraftMark target={channel.target} />
      <Show when={channel.notify === 'nothing'}>
        <span class="text-faint text-[13px]" title={t('nav.muted')}>
          <Icon name="i-lucide-bell-off" />
          <span class="sr-only">{t('nav.muted')}</span>
        </span>
      </Show>
      <Count value={badge().value} strong={badge().strong} label={label()} />
    </>
  )
}

function Channels() {
  return (
    <NavSection
      title={t('nav.channels')}
      action={
        <Menu
          icon="i-lucide-plus"
          label={t('nav.addChannel')}
          class="size-6! [@media(pointer:coarse)]:size-10! rounded-md!"
          items={[
            ...(canWrite()
              ? [{ label: t('channel.create'), icon: 'i-lucide-hash', onSelect: () => openWindow('createChannel') }]
              : []),
            { label: t('channel.browse'), icon: 'i-lucide-list', onSelect: () => openWindow('browseChannels') },
          ]}
        />
      }
    >
      <For each={channels()}>
        {(channel) => (
          <NavItem
            href={conversationPath(channel.target)}
            icon={channel.visibility === 'private' ? 'i-lucide-lock' : 'i-lucide-hash'}
            label={channelTitle(channel)}
            strong={isNews(channel)}
            end={unread(channel)}
          />
        )}
      </For>
    </NavSection>
  )
}

const isNewsIn = (channel: Channel | undefined): boolean => channel !== undefined && isNews(channel)

const dmWith = (id: string) => dms().find((dm) => dm.peers.length === 1 && dm.peers[0]?.memberId === id)

function Agents() {
  const agents = createMemo(() =>
    Object.values(state.agents).sort((a, b) => a.displayName.localeCompare(b.displayName)),
  )
  return (
    <NavSection
      title={t('nav.agents')}
      href="/agents"
      action={
        <Show when={isAdmin()}>
          <IconButton
            icon="i-lucide-plus"
            label={t('agent.create')}
            class="size-6! [@media(pointer:coarse)]:size-10! rounded-md!"
            onClick={() => openWindow('createAgent')}
          />
        </Show>
      }
    >
      <For each={agents()} fallback={<p class="px-2.5 py-1 text-[13px] text-faint">{t('nav.noAgents')}</p>}>
        {(agent) => <AgentItem agent={agent} />}
      </For>
    </NavSection>
  )
}

function AgentItem(props: { agent: Agent }) {
  const navigate = useNavigate()
  const dm = () => dmWith(props.agent.id)
  return (
    <NavItem
      href={dm() ? conversationPath(dm()?.target ?? '') : `/agents/${props.agent.id}`}
      onClick={(event) => {
        if (dm() || !canWrite()) return
        event.preventDefault()
        void openDm('agent', props.agent.id, navigate)
      }}
      lead={
        <span class="relative inline-flex">
          <Avatar name={props.agent.name} kind="agent" size="xs" />
          <PresenceDot agent={props.agent} class="absolute -right-1 -bottom-1 ring-2 ring-sidebar" />
        </span>
      }
      label={props.agent.displayName}
      title={presenceText(props.agent)}
      strong={isNewsIn(dm())}
      end={<Show when={dm()}>{(dm) => unread(dm())}</Show>}
    />
  )
}

function People() {
  const people = createMemo(() => dms().filter((dm) => !(dm.peers.length === 1 && dm.peers[0]?.kind === 'agent')))
  return (
    <NavSection
      title={t('nav.people')}
      action={
        <Show when={canWrite()}>
          <IconButton
            icon="i-lucide-plus"
            label={t('nav.newDm')}
            class="size-6! [@media(pointer:coarse)]:size-10! rounded-md!"
            onClick={() => openWindow('newDm')}
          />
        </Show>
      }
    >
      <For each={people()} fallback={<p class="px-2.5 py-1 text-[13px] text-faint">{t('nav.noDms')}</p>}>
        {(dm) => (
          <NavItem
            href={conversationPath(dm.target)}
            lead={
              <span class="relative inline-flex">
                <Avatar name={channelTitle(dm)} kind="human" size="xs" />
                <Show when={dm.peers.length === 1 && dm.peers[0]}>
                  {(peer) => (
                    <PersonDot userId={peer().memberId} class="absolute -right-1 -bottom-1 ring-2 ring-sidebar" />
                  )}
                </Show>
              </span>
            }
            label={channelTitle(dm)}
            strong={isNews(dm)}
            end={unread(dm)}
          />
        )}
      </For>
    </NavSection>
  )
}

function Computers() {
  const computers = createMemo<Computer[]>(() => Object.values(state.computers))
  const navigate = useNavigate()
  return (
    <NavSection
      title={t('nav.computers')}
      href="/computers"
      action={
        <Show when={isAdmin()}>
          <IconButton
            icon="i-lucide-plus"
            label={t('enroll.add')}
            class="size-6! [@media(pointer:coarse)]:size-10! rounded-md!"
            onClick={() => navigate('/computers/new')}
          />
        </Show>
      }
    >
      <For each={computers()} fallback={<p class="px-2.5 py-1 text-[13px] text-faint">{t('nav.noComputers')}</p>}>
        {(computer) => (
          <NavItem
            href={computerPath(computer.id)}
            icon={computer.local ? 'i-lucide-house' : 'i-lucide-monitor'}
            label={computer.displayName}
            end={<ComputerDot status={computer.status} />}
          />
        )}
      </For>
    </NavSection>
  )
}
