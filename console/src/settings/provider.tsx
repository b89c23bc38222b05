import { Show } from 'solid-js'
import { call } from '../api/client'
import { act } from '../app/act'
import { createLoad } from '../app/load'
import { t } from '../i18n'
import '../i18n/en/settings'
import { Button } from '../ui/button'
import { Card } from '../ui/card'

/** Connects one's account with the identity provider, where there is one. */
export function ProviderCard() {
  const provider = createLoad(
    () => true,
    () => call('GET /api/auth/oidc'),
  )
  const connect = () => act(async () => location.assign((await call('POST /api/auth/oidc/link')).url))
  return (
    <Show when={provider.value()?.enabled}>
      <Card title={t('provider.title')} hint={t('provider.text', { name: provider.value()?.label ?? '' })}>
        <Button class="self-start" onClick={() => void connect()}>
          {t('provider.connect')}
        </Button>
      </Card>
    </Show>
  )
}
