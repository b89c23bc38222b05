import { ApiError } from '@shared/contract/client'
import { Show } from 'solid-js'
import { call } from '../api/client'
import { createLoad } from '../app/load'
import { t } from '../i18n'
import '../i18n/en/entrance'
import { ErrorNotice } from '../ui/notice'

const prefix = '#login='
const code = location.hash.startsWith(prefix) ? decodeURIComponent(location.hash.slice(prefix.length)) : ''
if (code) history.replaceState(null, '', location.pathname)

/** Why the login through the identity provider did not end in one, as the server put it into the address. */
const failure = code ? new ApiError(403, code, t('error.oidc'), t('error.oidcNext')) : undefined

/** The way in through the organisation's identity provider, where there is one. */
export function ProviderLogin() {
  const provider = createLoad(
    () => true,
    () => call('GET /api/auth/oidc'),
  )
  return (
    <>
      <ErrorNotice error={failure} />
      <Show when={provider.value()?.enabled}>
        <a
          href="/api/auth/oidc/start"
          class="row justify-center h-9 px-3.5 rounded-lg border border-edge bg-surface text-sm font-550 text-ink hover:bg-hover"
        >
          {t('login.provider', { name: provider.value()?.label ?? '' })}
        </a>
      </Show>
    </>
  )
}
