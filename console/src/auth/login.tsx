import { createSignal } from 'solid-js'
import { call } from '../api/client'
import { createRequest } from '../app/act'
import { Entrance } from '../app/entrance'
import { t } from '../i18n'
import { entered } from '../store/session'
import { Button } from '../ui/button'
import { TextField } from '../ui/field'
import { ErrorNotice } from '../ui/notice'

/** Name and password. */
export default function Login() {
  const [username, setUsername] = createSignal('')
  const [password, setPassword] = createSignal('')
  const request = createRequest()
  const submit = (event: SubmitEvent) => {
    event.preventDefault()
    void request.run(async () => {
      const body = { username: username().trim().toLowerCase(), password: password() }
      const session = await call('POST /api/auth/login', { body })
      await entered(session.csrf)
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
        <ErrorNotice error={request.error()} />
        <Button type="submit" kind="primary" busy={request.busy()}>
          {t('login.submit')}
        </Button>
      </form>
    </Entrance>
  )
}
