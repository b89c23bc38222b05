import { createSignal, Show } from 'solid-js'
import { ApiError, call } from '../api/client'
import { createRequest } from '../app/act'
import { Entrance } from '../app/entrance'
import { t } from '../i18n'
import '../i18n/en/entrance'
import { entered } from '../store/session'
import { Button } from '../ui/button'
import { TextField } from '../ui/field'
import { ErrorNotice } from '../ui/notice'
import { ProviderLogin } from './provider'

/** Name and password. */
export default function Login() {
  const [username, setUsername] = createSignal('')
  const [password, setPassword] = createSignal('')
  const [code, setCode] = createSignal('')
  const [asked, setAsked] = createSignal(false)
  const request = createRequest()
  const submit = (event: SubmitEvent) => {
    event.preventDefault()
    void request.run(async () => {
      const second = asked() ? { code: code().trim() } : {}
      const body = { username: username().trim().toLowerCase(), password: password(), ...second }
      try {
        const session = await call('POST /api/auth/login', { body })
        await entered(session.csrf)
      } catch (error) {
        if (!(error instanceof ApiError) || error.code !== 'second_factor_required') throw error
        setAsked(true)
      }
    })
  }
  return (
    <Entrance title={t('login.title')} text={t('login.text')}>
      <form class="col gap-4" onSubmit={submit}>
        <TextField
          label={t('login.username')}
          value={username()}
          onInput={setUsername}
          autocomplete="username"
          autocapitalize="none"
          spellcheck={false}
          required
          autofocus
          ref={(input) => queueMicrotask(() => input.focus())}
        />
        <TextField
          label={t('login.password')}
          type="password"
          value={password()}
          onInput={setPassword}
          autocomplete="current-password"
          required
        />
        <Show when={asked()}>
          <TextField
            label={t('login.code')}
            hint={t('login.codeHint')}
            value={code()}
            onInput={setCode}
            error={request.wrong('code', 'second_factor_invalid')}
            autocomplete="one-time-code"
            autocapitalize="none"
            spellcheck={false}
            mono
            required
            ref={(input) => queueMicrotask(() => input.focus())}
          />
        </Show>
        <ErrorNotice error={request.error()} />
        <Button type="submit" kind="primary" busy={request.busy()}>
          {t('login.submit')}
        </Button>
        <ProviderLogin />
      </form>
    </Entrance>
  )
}
