import { createSignal, Show } from 'solid-js'
import type { Tunnel } from '@shared/contract'
import { call } from '../api/client'
import { act } from '../app/act'
import { t } from '../i18n'
import '../i18n/en/inbox'
import { relative } from '../i18n/dates'
import { canWrite, isAdmin } from '../store/session'
import { state } from '../store/state'
import { Button } from '../ui/button'
import { Icon } from '../ui/icon'
import { tunnelName } from './row'

/** An agent asks to show something that runs on its computer, with the buttons that answer. */
export function TunnelRequest(props: { tunnel: Tunnel }) {
  const [busy, setBusy] = createSignal(false)
  const may = () => canWrite() && (props.tunnel.accessPolicy !== 'public' || isAdmin())
  const decide = async (allow: boolean) => {
    const { id } = props.tunnel
    setBusy(true)
    await act(
      () =>
        allow
          ? call('POST /api/tunnels/{id}/approve', { params: { id } })
          : call('POST /api/tunnels/{id}/reject', { params: { id }, body: {} }),
      allow ? t('inbox.tunnelOpened') : undefined,
    )
    setBusy(false)
  }
  return (
    <section
      aria-label={t('inbox.kind.tunnel')}
      class="rounded-xl border border-warn/45 bg-warn-soft px-3.5 py-3 col gap-2.5"
    >
      <p class="row items-start gap-2 text-[13.5px] leading-snug">
        <Icon name="i-lucide-cable" class="text-warn text-[17px] mt-0.25" />
        <span class="min-w-0 break-words">
          <span class="font-600">{props.tunnel.creator.displayName}</span>{' '}
          {t('inbox.tunnel', { what: tunnelName(props.tunnel.id) })}
        </span>
      </p>
      <p class="text-[13px] text-soft">
        {t('inbox.tunnelText', {
          port: props.tunnel.localPort,
          computer: state.computers[props.tunnel.computerId]?.displayName ?? props.tunnel.computerId,
        })}{' '}
        {t(`inbox.tunnel.${props.tunnel.accessPolicy}`)}{' '}
        {t('inbox.tunnelExpires', { when: relative(props.tunnel.expiresAt) })}
      </p>
      <Show when={may()} fallback={<p class="text-[13px] text-soft">{t('inbox.tunnelAdmin')}</p>}>
        <div class="row flex-wrap gap-2">
          <Button size="sm" kind="primary" icon="i-lucide-check" disabled={busy()} onClick={() => void decide(true)}>
            {t('inbox.tunnelAllow')}
          </Button>
          <Button size="sm" kind="danger" icon="i-lucide-x" disabled={busy()} onClick={() => void decide(false)}>
            {t('inbox.tunnelRefuse')}
          </Button>
        </div>
      </Show>
    </section>
  )
}
