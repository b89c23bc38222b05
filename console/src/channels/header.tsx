import { A, useNavigate } from '@solidjs/router'
import { createSignal, For, Show, Suspense } from 'solid-js'
import { lazy } from '../app/lazy'
import type { Channel } from '@shared/contract'
import { PresenceDot, presenceText } from '../agents/presence'
import { agentPath } from '../app/paths'
import { narrow } from '../app/screen'
import { channelTitle } from '../app/unread'
import { act } from '../app/act'
import { call } from '../api/client'
import { t } from '../i18n'
import { PersonDot } from '../presence/dot'
import { personState } from '../presence/people'
import { me } from '../store/session'
import { state } from '../store/state'
import { Avatar } from '../ui/avatar'
import { confirm } from '../ui/confirm'
import { IconButton } from '../ui/button'
import { Icon } from '../ui/icon'
import { Menu, type MenuItem } from '../ui/menu'
import { nameView } from '../ui/title'
import { canManage } from './manage'
import { panelsOf, type PanelName } from './panels'

const MembersDialog = lazy(() => import('./members').then(({ MembersDialog }) => ({ default: MembersDialog })))
const NotifyDialog = lazy(() => import('./notify'))
const ChannelSettings = lazy(() => import('./settings').then(({ ChannelSettings }) => ({ default: ChannelSettings })))

const panelIcons: Record<PanelName, string> = {
  pins: 'i-lucide-pin',
  decisions: 'i-lucide-gavel',
  topics: 'i-lucide-list-tree',
  debates: 'i-lucide-swords',
}

interface HeaderProps {
  channel: Channel
  /** What is open beside the conversation. */
  panel: PanelName | undefined
  onPanel: (panel: PanelName | undefined) => void
}

/** What the conversation is, who is in it, and what can be done with it. */
export function ChannelHeader(props: HeaderProps) {
  nameView(() => channelTitle(props.channel))
  const [dialog, setDialog] = createSignal<'members' | 'settings' | 'notify'>()
  const close = () => setDialog(undefined)
  const peer = () => (props.channel.kind === 'dm' ? props.channel.peers[0] : undefined)
  const agent = () => (peer()?.kind === 'agent' ? state.agents[peer()?.memberId ?? ''] : undefined)
  return (
    <header class="row gap-2.5 h-13 px-2 sm:px-4 border-b border-line shrink-0">
      <Show when={narrow()}>
        <A href="/" aria-label={t('common.back')} class="size-9 row justify-center rounded-lg text-soft hover:bg-hover">
          <Icon name="i-lucide-arrow-left" class="text-[18px]" />
        </A>
      </Show>
      <Show
        when={peer()}
        fallback={
          <Icon
            name={props.channel.visibility === 'private' ? 'i-lucide-lock' : 'i-lucide-hash'}
            class="text-[18px] text-soft"
          />
        }
      >
        {(peer) => <Avatar name={peer().name} kind={peer().kind} size="sm" />}
      </Show>
      <div class="flex-1 min-w-0 row gap-2.5">
        <h1 class="font-650 text-[15px] truncate shrink-0 max-w-full">{channelTitle(props.channel)}</h1>
        <Show
          when={agent()}
          fallback={
            <Show
              when={peer()?.kind === 'human' && peer()}
              fallback={<p class="text-[13px] text-soft truncate max-sm:hidden">{props.channel.topic}</p>}
            >
              {(peer) => (
                <span class="row gap-1.5 text-[13px] text-soft">
                  <PersonDot userId={peer().memberId} />
                  {t(`person.${personState(peer().memberId)}`)}
                </span>
              )}
            </Show>
          }
        >
          {(agent) => (
            <A href={agentPath(agent().id)} class="row gap-1.5 text-[13px] text-soft truncate hover:text-ink rounded">
              <PresenceDot agent={agent()} />
              {presenceText(agent())}
            </A>
          )}
        </Show>
      </div>
      <Show when={!narrow()}>
        <For each={panelsOf(props.channel)}>
          {(name) => (
            <IconButton
              icon={panelIcons[name]}
              label={t(`header.${name}`)}
              aria-pressed={props.panel === name}
              class={props.panel === name ? 'bg-accent-soft! text-accent-text!' : ''}
              onClick={() => props.onPanel(props.panel === name ? undefined : name)}
            />
          )}
        </For>
      </Show>
      <Show when={props.channel.kind === 'channel'}>
        <button
          type="button"
          class="row gap-1.5 h-8 px-2.5 rounded-lg text-soft text-[13px] hover:text-ink hover:bg-hover tabular-nums"
          aria-label={t('channel.members', { n: props.channel.memberCount })}
          title={t('channel.members', { n: props.channel.memberCount })}
          onClick={() => setDialog('members')}
        >
          <Icon name="i-lucide-users" class="text-[16px]" />
          {props.channel.memberCount}
        </button>
      </Show>
      <HeaderMenu
        channel={props.channel}
        onMembers={() => setDialog('members')}
        onSettings={() => setDialog('settings')}
        onNotify={() => setDialog('notify')}
        onPanel={props.onPanel}
      />
      <Show when={dialog()}>
        <Suspense>
          <MembersDialog channel={props.channel} open={dialog() === 'members'} onClose={close} />
          <ChannelSettings channel={props.channel} open={dialog() === 'settings'} onClose={close} />
          <NotifyDialog channel={props.channel} open={dialog() === 'notify'} onClose={close} />
        </Suspense>
      </Show>
    </header>
  )
}

interface HeaderMenuProps {
  channel: Channel
  onMembers: () => void
  onSettings: () => void
  onNotify: () => void
  onPanel: (panel: PanelName) => void
}

function HeaderMenu(props: HeaderMenuProps) {
  const navigate = useNavigate()
  const leave = async () => {
    const { target } = props.channel
    if (!(await confirm({ title: t('channel.leaveTitle'), body: t('channel.leaveText'), action: t('channel.leave') })))
      return
    const params = { target, kind: 'human' as const, memberId: me().id }
    if (await act(() => call('DELETE /api/channels/{target}/members/{kind}/{memberId}', { params }))) navigate('/')
  }
  const items = (): MenuItem[] => [
    ...(props.channel.kind === 'channel'
      ? [{ label: t('channel.membersTitle'), icon: 'i-lucide-users', onSelect: props.onMembers }]
      : []),
    {
      label: t('nav.tasksHere', { name: channelTitle(props.channel) }),
      icon: 'i-lucide-square-kanban',
      onSelect: () => navigate(`/tasks?channel=${encodeURIComponent(props.channel.target)}`),
    },
    ...(narrow()
      ? panelsOf(props.channel).map((name) => ({
          label: t(`header.${name}`),
          icon: panelIcons[name],
          onSelect: () => props.onPanel(name),
        }))
      : []),
    {
      label: t('nav.tunnels'),
      icon: 'i-lucide-app-window',
      onSelect: () => navigate(`/tunnels?target=${encodeURIComponent(props.channel.target)}`),
    },
    {
      label: t('nav.artifacts'),
      icon: 'i-lucide-panels-top-left',
      onSelect: () => navigate(`/artifacts?target=${encodeURIComponent(props.channel.target)}`),
    },
    ...(props.channel.joined
      ? [
          {
            label: t('notify.title'),
            icon: props.channel.notify === 'nothing' ? 'i-lucide-bell-off' : 'i-lucide-bell',
            hint: t(`notify.${props.channel.notify}`),
            onSelect: props.onNotify,
          },
        ]
      : []),
    ...(canManage(props.channel)
      ? [{ label: t('channel.settings'), icon: 'i-lucide-settings-2', onSelect: props.onSettings }]
      : []),
    ...(props.channel.joined && props.channel.kind === 'channel'
      ? [{ label: t('channel.leave'), icon: 'i-lucide-log-out', onSelect: () => void leave() }]
      : []),
  ]
  return <Menu label={t('channel.menu')} items={items()} />
}
