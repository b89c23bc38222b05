import { createSignal } from 'solid-js'
import { call } from '../api/client'
import { createRequest } from '../app/act'
import { t } from '../i18n'
import '../i18n/en/entrance'
import '../i18n/en/settings'
import { me } from '../store/session'
import { Avatar } from '../ui/avatar'
import { Badge } from '../ui/badge'
import { Button } from '../ui/button'
import { Card } from '../ui/card'
import { TextField } from '../ui/field'
import { ErrorNotice } from '../ui/notice'
import { toast } from '../ui/toast'
import { ProviderCard } from './provider'
import { SecondFactorCard } from './secondfactor'

/** Who one is, and the password. */
export const Account = () => (
  <>
    <Card>
      <div class="row gap-4">
        <Avatar name={me().displayName} kind="human" size="lg" />
        <div class="col">
          <p class="text-base font-650">{me().displayName}</p>
          <p class="text-soft row gap-2">
            @{me().username} <Badge tone="accent">{t(`role.${me().role}`)}</Badge>
          </p>
        </div>
      </div>
    </Card>
    <PasswordForm />
    <SecondFactorCard />
    <ProviderCard />
  </>
)

function PasswordForm() {
  const [current, setCurrent] = createSignal('')
  const [password, setPassword] = createSignal('')
  const request = createRequest()
  const save = async (event: SubmitEvent) => {
    event.preventDefault()
    const body = { current: current(), password: password() }
    if (!(await request.run(() => call('POST /api/auth/password', { body })))) return
    setCurrent('')
    setPassword('')
    toast('ok', t('password.changed'))
  }
  return (
    <Card title={t('password.title')} hint={t('password.text')}>
      <form class="col gap-4 max-w-90" onSubmit={(event) => void save(event)}>
        <TextField
          label={t('password.current')}
          type="password"
          autocomplete="current-password"
          required
          value={current()}
          onInput={setCurrent}
          error={request.wrong('current', 'login_failed') && t('password.wrong')}
        />
        <TextField
          label={t('password.new')}
          hint={t('setup.passwordHint', { n: 10 })}
          type="password"
          autocomplete="new-password"
          minlength={10}
          required
          value={password()}
          onInput={setPassword}
          error={request.wrong('password')}
        />
        <ErrorNotice error={request.error()} />
        <Button type="submit" kind="primary" busy={request.busy()} class="self-start">
          {t('password.submit')}
        </Button>
      </form>
    </Card>
  )
}
