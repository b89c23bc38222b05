import type { TicketInfo } from '@shared/contract'
import { createSignal, Match, Show, Switch } from 'solid-js'
import { call } from '../api/client'
import { createRequest } from '../app/act'
import { Entrance } from '../app/entrance'
import { createLoad } from '../app/load'
import { t } from '../i18n'
import '../i18n/en/entrance'
import '../i18n/en/settings'
import { shortDate } from '../i18n/dates'
import { entered, start } from '../store/session'
import { Button } from '../ui/button'
import { TextField } from '../ui/field'
import { ErrorNotice, Notice } from '../ui/notice'
import { SkeletonRows } from '../ui/skeleton'
import { leaveTicket } from './ticket'

const shortest = 10

/** Where a link leads: to a new account, or to a new password. */
export default function Join(props: { code: string }) {
  const info = createLoad(
    () => props.code || undefined,
    (code) => call('POST /api/auth/ticket', { body: { code } }),
  )
  const reset = () => props.code.startsWith('nkr_')
  return (
    <Entrance
      title={reset() ? t('reset.title') : t('join.title')}
      text={reset() ? t('reset.text') : (info.value() && t('join.text', { name: info.value()?.from ?? '' })) || ''}
    >
      <Switch fallback={<SkeletonRows count={2} />}>
        <Match when={info.error() || props.code === ''}>
          <div class="col gap-4">
            <Show
              when={info.error()}
              fallback={
                <Notice tone="bad" title={t('error.codeInvalid')}>
                  {t('error.codeInvalidNext')}
                </Notice>
              }
            >
              <ErrorNotice error={info.error()} />
            </Show>
            <ToLogin />
          </div>
        </Match>
        <Match when={info.value()}>
          {(found) => (
            <Show when={found().kind === 'reset'} fallback={<JoinForm code={props.code} info={found()} />}>
              <ResetForm code={props.code} info={found()} />
            </Show>
          )}
        </Match>
      </Switch>
    </Entrance>
  )
}

const ToLogin = () => (
  <Button
    onClick={() => {
      leaveTicket()
      void start()
    }}
  >
    {t('join.login')}
  </Button>
)

function JoinForm(props: { code: string; info: TicketInfo }) {
  const [username, setUsername] = createSignal('')
  const [displayName, setDisplayName] = createSignal('')
  const [password, setPassword] = createSignal('')
  const request = createRequest()
  const { wrong } = request
  const submit = (event: SubmitEvent) => {
    event.preventDefault()
    void request.run(async () => {
      const name = displayName().trim()
      const body = {
        code: props.code,
        username: username().trim().toLowerCase(),
        password: password(),
        ...(name ? { displayName: name } : {}),
      }
      const session = await call('POST /api/auth/join', { body })
      await entered(session.csrf)
      leaveTicket()
    })
  }
  return (
    <form class="col gap-4" onSubmit={submit}>
      <div class="grid sm:grid-cols-2 gap-4">
        <TextField
          label={t('login.username')}
          value={username()}
          onInput={setUsername}
          error={wrong('username', 'name_taken')}
          placeholder="ada"
          autocomplete="username"
          autocapitalize="none"
          spellcheck={false}
          required
          ref={(input) => queueMicrotask(() => input.focus())}
        />
        <TextField
          label={t('setup.displayName')}
          value={displayName()}
          onInput={setDisplayName}
          error={wrong('displayName')}
          placeholder="Ada Lovelace"
          autocomplete="name"
        />
      </div>
      <TextField
        label={t('login.password')}
        hint={t('setup.passwordHint', { n: shortest })}
        type="password"
        value={password()}
        onInput={setPassword}
        error={wrong('password')}
        minlength={shortest}
        autocomplete="new-password"
        required
      />
      <ErrorNotice error={request.error()} />
      <Button type="submit" kind="primary" busy={request.busy()}>
        {t('join.submit')}
      </Button>
      <p class="text-[12.5px] text-faint text-center">
        {t('join.until', { when: shortDate(props.info.expiresAt), role: t(`role.${props.info.role ?? 'member'}`) })}
      </p>
    </form>
  )
}

function ResetForm(props: { code: string; info: TicketInfo }) {
  const [password, setPassword] = createSignal('')
  const [done, setDone] = createSignal(false)
  const request = createRequest()
  const submit = (event: SubmitEvent) => {
    event.preventDefault()
    void request.run(async () => {
      await call('POST /api/auth/reset', { body: { code: props.code, password: password() } })
      setDone(true)
    })
  }
  return (
    <Show
      when={!done()}
      fallback={
        <div class="col gap-4">
          <Notice tone="ok" title={t('password.changed')}>
            {t('reset.done')}
          </Notice>
          <ToLogin />
        </div>
      }
    >
      <form class="col gap-4" onSubmit={submit}>
        <input type="hidden" name="username" autocomplete="username" value={props.info.username} />
        <TextField
          label={t('reset.password', { name: props.info.username })}
          hint={t('setup.passwordHint', { n: shortest })}
          type="password"
          value={password()}
          onInput={setPassword}
          error={request.wrong('password')}
          minlength={shortest}
          autocomplete="new-password"
          required
          ref={(input) => queueMicrotask(() => input.focus())}
        />
        <ErrorNotice error={request.error()} />
        <Button type="submit" kind="primary" busy={request.busy()}>
          {t('reset.submit')}
        </Button>
      </form>
    </Show>
  )
}
