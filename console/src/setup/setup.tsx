import { createSignal, Show } from 'solid-js'
import { call } from '../api/client'
import { createRequest } from '../app/act'
import { createLoad } from '../app/load'
import { Entrance } from '../app/entrance'
import { t } from '../i18n'
import '../i18n/en/entrance'
import { entered } from '../store/session'
import { Button } from '../ui/button'
import { Command } from '../ui/code'
import { TextField } from '../ui/field'
import { ErrorNotice, Notice } from '../ui/notice'

const shortest = 10

/** The first visit: whoever holds the code that the server printed becomes its owner. */
export default function Setup() {
  const status = createLoad(
    () => true,
    () => call('GET /api/auth/setup-status'),
  )
  return (
    <Entrance title={t('setup.title')} text={t('setup.text')}>
      <Show when={status.value()?.webSetupEnabled !== false} fallback={<Disabled />}>
        <SetupForm />
      </Show>
    </Entrance>
  )
}

function SetupForm() {
  const [code, setCode] = createSignal('')
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
        setupCode: code().trim(),
        username: username().trim().toLowerCase(),
        password: password(),
        ...(name ? { displayName: name } : {}),
      }
      const session = await call('POST /api/auth/bootstrap', { body })
      await entered(session.csrf)
    })
  }
  return (
    <form class="col gap-4" onSubmit={submit}>
      <TextField
        label={t('setup.code')}
        hint={t('setup.codeHint')}
        value={code()}
        onInput={setCode}
        error={wrong('setupCode', 'setup_code_invalid')}
        mono
        autocomplete="one-time-code"
        autocapitalize="none"
        spellcheck={false}
        required
        ref={(input) => queueMicrotask(() => input.focus())}
      />
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
        {t('setup.submit')}
      </Button>
    </form>
  )
}

const Disabled = () => (
  <div class="col gap-3">
    <Notice tone="info" title={t('setup.disabled')}>
      {t('setup.disabledNext')}
    </Notice>
    <Command text="NEKODE_BOOTSTRAP_ADMIN_USERNAME=… NEKODE_BOOTSTRAP_ADMIN_PASSWORD=… nekode serve" />
  </div>
)
