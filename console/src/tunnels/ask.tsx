import { createSignal, For, Match, Show, Switch } from 'solid-js'
import type { Tunnel } from '@shared/contract'
import { call } from '../api/client'
import { createRequest } from '../app/act'
import { createLoad } from '../app/load'
import { t } from '../i18n'
import '../i18n/en/machines'
import { duration, shortDate } from '../i18n/dates'
import { Button } from '../ui/button'
import { Dialog } from '../ui/dialog'
import { TextField } from '../ui/field'
import { ErrorNotice } from '../ui/notice'
import { Select } from '../ui/select'
import { SkeletonRows } from '../ui/skeleton'
import { toast } from '../ui/toast'
import { lifetimes, lifetimeText, type Lifetime } from './lifetime'
import { tunnels } from './store'

interface AskProps {
  tunnel: Tunnel
  what: 'reject' | 'extend' | 'history'
  onClose: () => void
}

/** What has to be said before a preview is refused or kept open, and what was done with it. */
export default function Ask(props: AskProps) {
  const title = () =>
    ({ reject: t('tunnel.rejectTitle'), extend: t('tunnel.extend'), history: t('tunnel.history') })[props.what]
  return (
    <Dialog open onClose={() => props.onClose()} title={title()}>
      <Switch>
        <Match when={props.what === 'reject'}>
          <Reject {...props} />
        </Match>
        <Match when={props.what === 'extend'}>
          <Extend {...props} />
        </Match>
        <Match when={props.what === 'history'}>
          <History {...props} />
        </Match>
      </Switch>
    </Dialog>
  )
}

function Reject(props: AskProps) {
  const [reason, setReason] = createSignal('')
  const request = createRequest()
  const submit = (event: SubmitEvent) => {
    event.preventDefault()
    void request.run(async () => {
      const body = reason().trim() ? { reason: reason().trim() } : {}
      tunnels.put(await call('POST /api/tunnels/{id}/reject', { params: { id: props.tunnel.id }, body }))
      toast('ok', t('tunnel.rejected'))
      props.onClose()
    })
  }
  return (
    <form class="col gap-4" onSubmit={submit}>
      <TextField
        label={t('tunnel.reason')}
        value={reason()}
        onInput={setReason}
        maxlength={500}
        ref={(input) => queueMicrotask(() => input.focus())}
      />
      <ErrorNotice error={request.error()} />
      <div class="row justify-end gap-2">
        <Button kind="ghost" onClick={() => props.onClose()}>
          {t('common.cancel')}
        </Button>
        <Button type="submit" kind="danger" busy={request.busy()}>
          {t('tunnel.reject')}
        </Button>
      </div>
    </form>
  )
}

function Extend(props: AskProps) {
  const [lifetime, setLifetime] = createSignal<Lifetime>('7200')
  const request = createRequest()
  const submit = (event: SubmitEvent) => {
    event.preventDefault()
    void request.run(async () => {
      const ttlSeconds = Number(lifetime())
      const params = { id: props.tunnel.id }
      tunnels.put(await call('POST /api/tunnels/{id}/extend', { params, body: { ttlSeconds } }))
      toast('ok', t('tunnel.extended', { time: duration(ttlSeconds * 1000) }))
      props.onClose()
    })
  }
  return (
    <form class="col gap-4" onSubmit={submit}>
      <Select<Lifetime>
        label={t('tunnel.for')}
        value={lifetime()}
        options={lifetimes.map((value) => ({ value, label: lifetimeText(value) }))}
        onChange={setLifetime}
      />
      <ErrorNotice error={request.error()} />
      <div class="row justify-end gap-2">
        <Button kind="ghost" onClick={() => props.onClose()}>
          {t('common.cancel')}
        </Button>
        <Button type="submit" kind="primary" busy={request.busy()}>
          {t('tunnel.extend')}
        </Button>
      </div>
    </form>
  )
}

/** From the audit log, which admins read. */
function History(props: AskProps) {
  const entries = createLoad(
    () => props.tunnel.id,
    async (subject) => (await call('GET /api/audit', { query: { subject, limit: 50 } })).items,
  )
  return (
    <>
      <ErrorNotice error={entries.error()} />
      <Show when={entries.value()} fallback={<SkeletonRows count={2} avatar={false} />}>
        {(entries) => (
          <ul class="col divide-y divide-line -mt-2">
            <For each={entries()} fallback={<li class="py-2 text-soft">{t('tunnel.noHistory')}</li>}>
              {(entry) => (
                <li class="py-2 text-[13px] row flex-wrap gap-x-2">
                  <span class="font-600">{entry.actor.displayName}</span>
                  <code class="text-[12px]">{entry.action}</code>
                  <span class="text-faint ml-auto">{shortDate(entry.createdAt)}</span>
                </li>
              )}
            </For>
          </ul>
        )}
      </Show>
    </>
  )
}
