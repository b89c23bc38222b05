import { createSignal, Match, Show, Switch as Choose } from 'solid-js'
import type { PushSettings } from '@shared/contract'
import { call } from '../api/client'
import { act } from '../app/act'
import { createLoad } from '../app/load'
import { t } from '../i18n'
import '../i18n/en/browser'
import { PushUnavailable, subscribe, support, unsubscribe } from '../pwa/subscribe'
import { Button } from '../ui/button'
import { Card } from '../ui/card'
import { TextField } from '../ui/field'
import { ErrorNotice, Notice } from '../ui/notice'
import { Switch } from '../ui/select'
import { SkeletonRows } from '../ui/skeleton'
import { toast } from '../ui/toast'

const everything: PushSettings = {
  mentions: true,
  messages: true,
  dms: true,
  approvals: true,
  tasks: true,
  privateContent: false,
  quiet: null,
}
const kinds = ['mentions', 'messages', 'dms', 'approvals', 'tasks'] as const

/** What this browser is told of while nobody looks at the console. */
export default function BrowserNotifications() {
  const [allowed, setAllowed] = createSignal(support())
  const push = createLoad(
    () => (allowed() === 'unsupported' ? undefined : true),
    () => call('GET /api/push'),
  )
  const [busy, setBusy] = createSignal(false)
  const settings = () => push.value()?.subscription?.settings
  const run = async (work: () => Promise<unknown>, done?: string) => {
    setBusy(true)
    await act(work, done)
    setAllowed(support())
    await push.reload()
    setBusy(false)
  }
  const save = (next: PushSettings) =>
    run(async () => {
      try {
        await subscribe(push.value()?.publicKey ?? '', next)
      } catch (error) {
        if (!(error instanceof PushUnavailable)) throw error
        toast('bad', t('browser.failed'), t('browser.failedNext'))
      }
    })
  return (
    <Card title={t('settings.browser')} hint={t('browser.text')}>
      <Choose>
        <Match when={allowed() === 'unsupported'}>
          <Notice tone="info" title={t('browser.unsupported')}>
            {t('browser.unsupportedNext')}
          </Notice>
        </Match>
        <Match when={push.error()}>
          <ErrorNotice error={push.error()} />
        </Match>
        <Match when={push.value()} keyed={false}>
          <div class="col gap-4">
            <Show when={allowed() === 'denied'}>
              <Notice tone="warn" title={t('browser.denied')}>
                {t('browser.deniedNext')}
              </Notice>
            </Show>
            <Switch
              label={t('browser.on')}
              checked={settings() !== undefined}
              disabled={busy() || (allowed() === 'denied' && !settings())}
              onChange={(on) => void (on ? save(everything) : run(unsubscribe))}
            />
            <Show when={settings()}>
              {(settings) => <Choices settings={settings()} busy={busy()} onChange={(next) => void save(next)} />}
            </Show>
          </div>
        </Match>
        <Match when={true}>
          <SkeletonRows count={3} />
        </Match>
      </Choose>
    </Card>
  )
}

function Choices(props: { settings: PushSettings; busy: boolean; onChange: (settings: PushSettings) => void }) {
  const change = (part: Partial<PushSettings>) => props.onChange({ ...props.settings, ...part })
  const timezone = Intl.DateTimeFormat().resolvedOptions().timeZone
  return (
    <>
      <div class="col gap-3 border-t border-line pt-4">
        {kinds.map((kind) => (
          <Switch
            label={t(`browser.${kind}`)}
            checked={props.settings[kind]}
            disabled={props.busy}
            onChange={(on) => change({ [kind]: on })}
          />
        ))}
      </div>
      <div class="col gap-3 border-t border-line pt-4">
        <Switch
          label={t('browser.private')}
          hint={t('browser.privateHint')}
          checked={props.settings.privateContent}
          disabled={props.busy}
          onChange={(privateContent) => change({ privateContent })}
        />
        <Switch
          label={t('browser.quiet')}
          hint={t('browser.quietHint')}
          checked={props.settings.quiet !== null}
          disabled={props.busy}
          onChange={(on) => change({ quiet: on ? { from: '22:00', to: '07:00', timezone } : null })}
        />
        <Show when={props.settings.quiet}>
          {(quiet) => (
            <div class="row gap-3 items-start">
              <TextField
                type="time"
                label={t('browser.from')}
                value={quiet().from}
                onInput={(from) => from && change({ quiet: { ...quiet(), from } })}
              />
              <TextField
                type="time"
                label={t('browser.to')}
                value={quiet().to}
                onInput={(to) => to && change({ quiet: { ...quiet(), to } })}
              />
            </div>
          )}
        </Show>
      </div>
      <div class="border-t border-line pt-4">
        <Button
          icon="i-lucide-bell-ring"
          onClick={() => void act(() => call('POST /api/push/test'), t('browser.tested'))}
        >
          {t('browser.test')}
        </Button>
      </div>
    </>
  )
}
