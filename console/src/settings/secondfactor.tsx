import { createSignal, For, Match, Show, Switch } from 'solid-js'
import { call } from '../api/client'
import { createRequest } from '../app/act'
import { createLoad } from '../app/load'
import { t } from '../i18n'
import '../i18n/en/entrance'
import '../i18n/en/settings'
import { Badge } from '../ui/badge'
import { Button } from '../ui/button'
import { Card } from '../ui/card'
import { Command } from '../ui/code'
import { CopyButton } from '../ui/copy'
import { Dialog } from '../ui/dialog'
import { TextField } from '../ui/field'
import { ErrorNotice, Notice } from '../ui/notice'
import { toast } from '../ui/toast'

/** A code of an app besides the password: setting it up, new recovery codes, and switching it off. */
export function SecondFactorCard() {
  const status = createLoad(
    () => true,
    () => call('GET /api/auth/second-factor'),
  )
  const [open, setOpen] = createSignal<'begin' | 'recovery' | 'disable'>()
  const close = () => {
    setOpen(undefined)
    void status.reload()
  }
  return (
    <Card title={t('factor.title')} hint={t('factor.text')}>
      <ErrorNotice error={status.error()} />
      <Show when={status.value()}>
        {(now) => (
          <Show
            when={now().enabled}
            fallback={
              <Button class="self-start" icon="i-lucide-shield-plus" onClick={() => setOpen('begin')}>
                {t('factor.begin')}
              </Button>
            }
          >
            <div class="col gap-3">
              <p class="row gap-2 flex-wrap">
                <Badge tone="ok">{t('factor.on')}</Badge>
                <span class="text-soft text-[13px]">{t('factor.left', { n: now().recoveryCodesLeft })}</span>
              </p>
              <div class="row gap-2 flex-wrap">
                <Button size="sm" onClick={() => setOpen('recovery')}>
                  {t('factor.recovery')}
                </Button>
                <Button size="sm" kind="danger" onClick={() => setOpen('disable')}>
                  {t('factor.disable')}
                </Button>
              </div>
            </div>
          </Show>
        )}
      </Show>
      <Dialog open={open() === 'begin'} onClose={close} title={t('factor.begin')}>
        <Enrol onClose={close} />
      </Dialog>
      <Dialog open={open() === 'recovery'} onClose={close} title={t('factor.recovery')}>
        <Proof what="recovery" onClose={close} />
      </Dialog>
      <Dialog open={open() === 'disable'} onClose={close} title={t('factor.disable')}>
        <Proof what="disable" onClose={close} />
      </Dialog>
    </Card>
  )
}

const Password = (props: { value: string; onInput: (value: string) => void; error: string | undefined }) => (
  <TextField
    label={t('password.current')}
    type="password"
    autocomplete="current-password"
    required
    value={props.value}
    onInput={props.onInput}
    error={props.error}
    ref={(input) => queueMicrotask(() => input.focus())}
  />
)

const Code = (props: {
  value: string
  onInput: (value: string) => void
  error: string | undefined
  focus?: boolean
}) => (
  <TextField
    label={t('login.code')}
    autocomplete="one-time-code"
    autocapitalize="none"
    spellcheck={false}
    mono
    required
    value={props.value}
    onInput={props.onInput}
    error={props.error}
    ref={(input) => queueMicrotask(() => props.focus && input.focus())}
  />
)

function Enrol(props: { onClose: () => void }) {
  const [password, setPassword] = createSignal('')
  const [code, setCode] = createSignal('')
  const [secret, setSecret] = createSignal<{ secret: string; uri: string }>()
  const [recovery, setRecovery] = createSignal<string[]>()
  const request = createRequest()
  const submit = (event: SubmitEvent) => {
    event.preventDefault()
    void request.run(async () => {
      if (!secret())
        return void setSecret(await call('POST /api/auth/second-factor', { body: { password: password() } }))
      const made = await call('POST /api/auth/second-factor/confirm', { body: { code: code().trim() } })
      setRecovery(made.recoveryCodes)
    })
  }
  return (
    <Switch
      fallback={
        <form class="col gap-4" onSubmit={submit}>
          <Password
            value={password()}
            onInput={setPassword}
            error={request.wrong('password', 'login_failed') && t('password.wrong')}
          />
          <ErrorNotice error={request.error()} />
          <Button type="submit" kind="primary" busy={request.busy()}>
            {t('factor.next')}
          </Button>
        </form>
      }
    >
      <Match when={recovery()}>{(codes) => <Recovery codes={codes()} onClose={props.onClose} />}</Match>
      <Match when={secret()}>
        {(made) => (
          <form class="col gap-4" onSubmit={submit}>
            <p class="text-soft">{t('factor.scan')}</p>
            <QrCode text={made().uri} label={t('factor.qr')} />
            <Command text={made().secret} />
            <Code value={code()} onInput={setCode} error={request.wrong('code', 'second_factor_invalid')} focus />
            <ErrorNotice error={request.error()} />
            <Button type="submit" kind="primary" busy={request.busy()}>
              {t('factor.confirm')}
            </Button>
          </form>
        )}
      </Match>
    </Switch>
  )
}

/** Black on white in both themes: that is what cameras read. */
function QrCode(props: { text: string; label: string }) {
  const code = createLoad(
    () => props.text,
    async (text) => (await import('uqr')).encode(text, { border: 2 }),
  )
  const path = () =>
    code
      .value()
      ?.data.flatMap((row, y) => row.flatMap((dark, x) => (dark ? [`M${x} ${y}h1v1h-1z`] : [])))
      .join('')
  return (
    <svg
      role="img"
      aria-label={props.label}
      viewBox={`0 0 ${code.value()?.size ?? 1} ${code.value()?.size ?? 1}`}
      shape-rendering="crispEdges"
      class="self-center size-48 rounded-lg bg-white"
    >
      <path d={path() ?? ''} fill="black" />
    </svg>
  )
}

const Recovery = (props: { codes: string[]; onClose: () => void }) => (
  <div class="col gap-4">
    <Notice tone="warn" title={t('factor.codes')}>
      {t('factor.codesText')}
    </Notice>
    <ul class="grid sm:grid-cols-2 gap-x-4 gap-y-1 font-mono text-[13px] rounded-lg border border-line bg-sunken p-3">
      <For each={props.codes}>{(code) => <li>{code}</li>}</For>
    </ul>
    <div class="row justify-end gap-2">
      <CopyButton text={props.codes.join('\n')} />
      <Button kind="primary" onClick={() => props.onClose()}>
        {t('common.done')}
      </Button>
    </div>
  </div>
)

function Proof(props: { what: 'recovery' | 'disable'; onClose: () => void }) {
  const [password, setPassword] = createSignal('')
  const [code, setCode] = createSignal('')
  const [codes, setCodes] = createSignal<string[]>()
  const request = createRequest()
  const submit = (event: SubmitEvent) => {
    event.preventDefault()
    void request.run(async () => {
      const body = { password: password(), code: code().trim() }
      if (props.what === 'recovery') {
        const made = await call('POST /api/auth/second-factor/recovery-codes', { body })
        return void setCodes(made.recoveryCodes)
      }
      await call('POST /api/auth/second-factor/disable', { body })
      toast('ok', t('factor.off'))
      props.onClose()
    })
  }
  return (
    <Show
      when={codes()}
      fallback={
        <form class="col gap-4" onSubmit={submit}>
          <p class="text-soft">{props.what === 'disable' ? t('factor.disableText') : t('factor.recoveryText')}</p>
          <Password
            value={password()}
            onInput={setPassword}
            error={request.wrong('password', 'login_failed') && t('password.wrong')}
          />
          <Code value={code()} onInput={setCode} error={request.wrong('code', 'second_factor_invalid')} />
          <ErrorNotice error={request.error()} />
          <Button type="submit" kind={props.what === 'disable' ? 'danger' : 'primary'} busy={request.busy()}>
            {props.what === 'disable' ? t('factor.disable') : t('factor.recovery')}
          </Button>
        </form>
      }
    >
      {(made) => <Recovery codes={made()} onClose={props.onClose} />}
    </Show>
  )
}
