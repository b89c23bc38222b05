import { A } from '@solidjs/router'
import { createSignal, Show, Suspense } from 'solid-js'
import { lazy } from '../app/lazy'
import type { Tunnel } from '@shared/contract'
import { call } from '../api/client'
import { act } from '../app/act'
import { agentPath, computerPath, conversationPath } from '../app/paths'
import { channelTitle } from '../app/unread'
import { t, type PlainKey } from '../i18n'
import '../i18n/en/machines'
import { duration, now, relative } from '../i18n/dates'
import { isAdmin } from '../store/session'
import { state } from '../store/state'
import { Badge, type Tone } from '../ui/badge'
import { Button } from '../ui/button'
import { copyText } from '../ui/copy'
import { cx } from '../ui/cx'
import { Icon } from '../ui/icon'
import { Menu, type MenuItem } from '../ui/menu'
import { toast } from '../ui/toast'
import { lookPath, mayClose, mayDecide, mayLook } from './rules'
import { isOpen, tunnels } from './store'

const Ask = lazy(() => import('./ask'))

const tones: Record<Tunnel['state'], Tone> = {
  pending_approval: 'warn',
  active: 'ok',
  rejected: 'bad',
  closed: 'plain',
}
const reasons: Record<string, PlainKey> = {
  ttl_expired: 'tunnel.why.ttl_expired',
  computer_removed: 'tunnel.why.computer_removed',
  channel_archived: 'tunnel.why.channel_archived',
  agent_deleted: 'tunnel.why.agent_deleted',
  agent_moved: 'tunnel.why.agent_moved',
  agent_left: 'tunnel.why.agent_left',
  creator_left: 'tunnel.why.creator_left',
}

/** Why it ended: the server’s reasons in the reader’s language, a person’s as they wrote it. */
function reasonText(reason: string): string {
  const known = Object.hasOwn(reasons, reason) ? reasons[reason] : undefined
  return known ? t(known) : reason
}

/** What a preview is called: in the words of whoever opened it, else by its port. */
export const tunnelName = (tunnel: Tunnel): string => tunnel.label || t('tunnel.port', { port: tunnel.localPort })

/** One preview with what the reader can do about it. `framed`: it stands alone, such as in a conversation. */
export function TunnelRow(props: { tunnel: Tunnel; framed?: boolean }) {
  const [asking, setAsking] = createSignal<'reject' | 'extend' | 'history'>()
  return (
    <div
      class={cx(
        'row flex-wrap sm:flex-nowrap items-start gap-x-3 gap-y-2',
        props.framed ? 'rounded-xl border border-line bg-surface p-3 w-full max-w-160' : 'py-3',
      )}
    >
      <span
        class={cx(
          'size-8 rounded-lg row justify-center shrink-0',
          props.tunnel.state === 'active' ? 'bg-ok-soft text-ok' : 'bg-hover text-soft',
        )}
      >
        <Icon name="i-lucide-app-window" />
      </span>
      <div class="flex-1 min-w-[calc(100%-2.75rem)] sm:min-w-0 col gap-0.5">
        <p class="row flex-wrap gap-2">
          <span class="font-600 break-words min-w-0">{tunnelName(props.tunnel)}</span>
          <Badge tone={tones[props.tunnel.state]}>{t(`tunnel.state.${props.tunnel.state}`)}</Badge>
        </p>
        <About tunnel={props.tunnel} there={props.framed ?? false} />
        <Time tunnel={props.tunnel} />
      </div>
      <Actions tunnel={props.tunnel} onAsk={setAsking} />
      <Suspense>
        <Show when={asking()}>
          {(what) => <Ask tunnel={props.tunnel} what={what()} onClose={() => setAsking(undefined)} />}
        </Show>
      </Suspense>
    </div>
  )
}

/** `there`: it stands in its channel, which then need not be named. */
function About(props: { tunnel: Tunnel; there: boolean }) {
  const computer = () => state.computers[props.tunnel.computerId]
  const channel = () => (props.tunnel.target ? state.channels[props.tunnel.target] : undefined)
  return (
    <p class="row flex-wrap gap-x-2 gap-y-0.5 text-[13px] text-soft">
      <Show
        when={props.tunnel.creator.kind === 'agent'}
        fallback={<span>{t('tunnel.by', { name: props.tunnel.creator.displayName })}</span>}
      >
        <A href={agentPath(props.tunnel.creator.id)} class="hover:underline rounded">
          {t(props.tunnel.state === 'pending_approval' ? 'tunnel.asks' : 'tunnel.by', {
            name: props.tunnel.creator.displayName,
          })}
        </A>
      </Show>
      <Show when={computer()} fallback={<span>{t('computer.gone')}</span>}>
        {(computer) => (
          <A href={computerPath(computer().id)} class="row gap-1 hover:underline rounded">
            <Icon name="i-lucide-monitor" />
            {computer().displayName}
            <Show when={props.tunnel.label}>:{props.tunnel.localPort}</Show>
          </A>
        )}
      </Show>
      <Show when={!props.there && channel()}>
        {(channel) => (
          <A
            href={conversationPath(channel().target, { thread: props.tunnel.threadId })}
            class="row gap-1 hover:underline rounded"
          >
            <Icon name={channel().kind === 'dm' ? 'i-lucide-message-circle' : 'i-lucide-hash'} />
            {channelTitle(channel())}
          </A>
        )}
      </Show>
      <span class={cx('row gap-1', props.tunnel.accessPolicy === 'public' && isOpen(props.tunnel) && 'text-warn')}>
        <Icon name={props.tunnel.accessPolicy === 'public' ? 'i-lucide-globe' : 'i-lucide-lock'} />
        {t(`tunnel.policy.${props.tunnel.accessPolicy}`)}
      </span>
    </p>
  )
}

/** How long it lasts, to the second while it is open; afterwards when and why it ended. */
function Time(props: { tunnel: Tunnel }) {
  const left = () => duration(Math.max(0, props.tunnel.expiresAt - now()))
  return (
    <p class="text-[12.5px] text-faint tabular-nums">
      <Show
        when={isOpen(props.tunnel)}
        fallback={
          <>
            {t('tunnel.ended', { when: relative(props.tunnel.closedAt ?? props.tunnel.createdAt) })}
            <Show when={props.tunnel.closeReason}>{(reason) => <> · {reasonText(reason())}</>}</Show>
          </>
        }
      >
        {props.tunnel.state === 'active' ? t('tunnel.left', { time: left() }) : t('tunnel.until', { time: left() })}
      </Show>
    </p>
  )
}

function Actions(props: { tunnel: Tunnel; onAsk: (what: 'reject' | 'extend' | 'history') => void }) {
  const [busy, setBusy] = createSignal(false)
  const params = () => ({ params: { id: props.tunnel.id } })
  const approve = async () => {
    setBusy(true)
    await act(async () => tunnels.put(await call('POST /api/tunnels/{id}/approve', params())), t('tunnel.approved'))
    setBusy(false)
  }
  const close = () =>
    act(
      async () => tunnels.put(await call('POST /api/tunnels/{id}/close', { ...params(), body: {} })),
      t('tunnel.closed'),
    )
  const copy = async (url: string) =>
    (await copyText(url)) ? toast('ok', t('common.copied')) : toast('bad', t('common.copyFailed'))
  const items = (): MenuItem[] => {
    const { url } = props.tunnel
    const active = props.tunnel.state === 'active'
    return [
      ...(active && url ? [{ label: t('tunnel.copy'), icon: 'i-lucide-copy', onSelect: () => void copy(url) }] : []),
      ...(active && mayDecide(props.tunnel)
        ? [{ label: t('tunnel.extend'), icon: 'i-lucide-clock-plus', onSelect: () => props.onAsk('extend') }]
        : []),
      ...(isAdmin()
        ? [{ label: t('tunnel.history'), icon: 'i-lucide-history', onSelect: () => props.onAsk('history') }]
        : []),
      ...(isOpen(props.tunnel) && mayClose(props.tunnel)
        ? [{ label: t('tunnel.close'), icon: 'i-lucide-x', danger: true, onSelect: () => void close() }]
        : []),
    ]
  }
  return (
    <div class="row gap-1.5 shrink-0 max-sm:ml-11 max-sm:[&_button]:h-10 max-sm:[&_a]:h-10">
      <Show when={props.tunnel.state === 'pending_approval' && mayDecide(props.tunnel)}>
        <Button size="sm" kind="primary" icon="i-lucide-check" busy={busy()} onClick={() => void approve()}>
          {t('tunnel.approve')}
        </Button>
        <Button size="sm" onClick={() => props.onAsk('reject')}>
          {t('tunnel.reject')}
        </Button>
      </Show>
      <Show when={mayLook(props.tunnel)}>
        <a
          href={lookPath(props.tunnel)}
          target="_blank"
          rel="noopener"
          class="row gap-1.5 h-7 [@media(pointer:coarse)]:h-10 px-2.5 rounded-lg border border-edge bg-surface text-[13px] font-550 whitespace-nowrap hover:bg-sunken"
        >
          <Icon name="i-lucide-external-link" />
          {t('tunnel.look')}
        </a>
      </Show>
      <Show when={items().length > 0}>
        <Menu
          label={t('tunnel.menu', { name: tunnelName(props.tunnel) })}
          items={items()}
          class="sm:size-7! max-sm:w-10"
        />
      </Show>
    </div>
  )
}
