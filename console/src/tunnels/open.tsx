import { createMemo, createSignal, Show } from 'solid-js'
import type { Tunnel } from '@shared/contract'
import { call } from '../api/client'
import { createRequest } from '../app/act'
import { channels, channelTitle, dms } from '../app/unread'
import { t } from '../i18n'
import '../i18n/en/machines'
import { isAdmin } from '../store/session'
import { state } from '../store/state'
import { Button } from '../ui/button'
import { Dialog } from '../ui/dialog'
import { TextField } from '../ui/field'
import { ErrorNotice, Notice } from '../ui/notice'
import { Select } from '../ui/select'
import { toast } from '../ui/toast'
import { lifetimes, lifetimeText, type Lifetime } from './lifetime'
import { tunnels, type TunnelPlace } from './store'

type Policy = Tunnel['accessPolicy']
const nowhere = ''

/** Opens a preview to a port of a computer. Admins open one to any; others in a channel that they share with an agent there. */
export default function OpenTunnel(props: { place: TunnelPlace; onClose: () => void }) {
  const agent = () => (props.place.agentId ? state.agents[props.place.agentId] : undefined)
  const computers = createMemo(() =>
    Object.values(state.computers)
      .filter((one) => isAdmin() || Object.values(state.agents).some((agent) => agent.computerId === one.id))
      .sort((a, b) => a.displayName.localeCompare(b.displayName)),
  )
  const [computerId, setComputerId] = createSignal(
    props.place.computerId ?? agent()?.computerId ?? computers()[0]?.id ?? '',
  )
  const [port, setPort] = createSignal('')
  const [label, setLabel] = createSignal('')
  const [target, setTarget] = createSignal(props.place.target ?? (isAdmin() ? nowhere : (channels()[0]?.target ?? '')))
  const [policy, setPolicy] = createSignal<Policy>('members')
  const [lifetime, setLifetime] = createSignal<Lifetime>('7200')
  const request = createRequest()
  const policies = (): Policy[] => [
    ...(target() === nowhere ? [] : (['members'] as const)),
    'private',
    ...(isAdmin() ? (['public'] as const) : []),
  ]
  const chosen = () => (policies().includes(policy()) ? policy() : 'private')
  const submit = (event: SubmitEvent) => {
    event.preventDefault()
    void request.run(async () => {
      const body = {
        computerId: computerId(),
        localPort: Number(port()),
        ttlSeconds: Number(lifetime()),
        accessPolicy: chosen(),
        ...(label().trim() ? { label: label().trim() } : {}),
        ...(target() === nowhere ? {} : { target: target() }),
      }
      tunnels.put(await call('POST /api/tunnels', { body }))
      toast('ok', t('tunnel.opened'))
      props.onClose()
    })
  }
  return (
    <Dialog open onClose={() => props.onClose()} title={t('tunnel.open')} subtitle={t('tunnel.text')}>
      <form class="col gap-4" onSubmit={submit}>
        <Show when={!props.place.computerId}>
          <Select
            label={t('tunnel.computer')}
            value={computerId()}
            options={computers().map((one) => ({ value: one.id, label: one.displayName }))}
            onChange={setComputerId}
          />
        </Show>
        <TextField
          label={t('tunnel.portField')}
          hint={t('tunnel.portHint')}
          type="number"
          inputmode="numeric"
          min={1}
          max={65_535}
          required
          value={port()}
          onInput={setPort}
          error={request.wrong('localPort')}
          ref={(input) => queueMicrotask(() => input.focus())}
        />
        <TextField label={t('tunnel.label')} value={label()} onInput={setLabel} maxlength={200} autocomplete="off" />
        <Select
          label={t('tunnel.channel')}
          value={target()}
          options={[
            ...(isAdmin() ? [{ value: nowhere, label: t('tunnel.nowhere') }] : []),
            ...channels().map((channel) => ({ value: channel.target, label: `#${channelTitle(channel)}` })),
            ...dms().map((channel) => ({ value: channel.target, label: channelTitle(channel) })),
          ]}
          onChange={setTarget}
        />
        <div class="grid sm:grid-cols-2 gap-4">
          <Select<Policy>
            label={t('tunnel.who')}
            value={chosen()}
            options={policies().map((value) => ({ value, label: t(`tunnel.policy.${value}`) }))}
            onChange={setPolicy}
          />
          <Select<Lifetime>
            label={t('tunnel.for')}
            value={lifetime()}
            options={lifetimes.map((value) => ({ value, label: lifetimeText(value) }))}
            onChange={setLifetime}
          />
        </div>
        <p class="text-[13px] text-soft -mt-2">{t(`tunnel.policyText.${chosen()}`)}</p>
        <Show when={chosen() === 'public'}>
          <Notice tone="warn">{t('tunnel.policyText.public')}</Notice>
        </Show>
        <ErrorNotice error={request.error()} />
        <div class="row justify-end gap-2">
          <Button kind="ghost" onClick={() => props.onClose()}>
            {t('common.cancel')}
          </Button>
          <Button type="submit" kind="primary" busy={request.busy()}>
            {t('tunnel.open')}
          </Button>
        </div>
      </form>
    </Dialog>
  )
}
