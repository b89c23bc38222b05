import { A, useLocation } from '@solidjs/router'
import { createEffect, createMemo, createSignal, on, onCleanup, onMount, Show } from 'solid-js'
import { ApiError, call } from '../api/client'
import { createLoad } from '../app/load'
import { t } from '../i18n'
import '../i18n/en/server'
import { errorText } from '../i18n/errors'
import { isAdmin } from '../store/session'
import { state } from '../store/state'
import { Button } from '../ui/button'
import { Icon } from '../ui/icon'
import { checkName } from './words'

/** Looking back at the page asks again how the server is, but not more often than this. */
const ASK_AGAIN_MS = 5 * 60_000

/** Above everything: that the server is another version than this page, and for admins that something is wrong with it. */
export default function ServerNotices() {
  const [asked, setAsked] = createSignal(0)
  // A connection that is back may be one to another version, or to a server that has no room any more.
  createEffect(
    on(
      () => state.connection,
      (connection, before) => {
        if (connection === 'live' && before !== undefined) setAsked(Date.now())
      },
    ),
  )
  const seen = () => {
    if (document.visibilityState === 'visible' && Date.now() - asked() > ASK_AGAIN_MS) setAsked(Date.now())
  }
  onMount(() => document.addEventListener('visibilitychange', seen))
  onCleanup(() => document.removeEventListener('visibilitychange', seen))
  return (
    <div aria-live="polite">
      <NewVersion asked={asked()} />
      <Show when={isAdmin()}>
        <Degraded asked={asked()} />
      </Show>
    </div>
  )
}

/** The page of one build keeps working with the next one, but what is new is not in it before it is loaded again. */
function NewVersion(props: { asked: number }) {
  const build = createLoad(
    () => ({ asked: props.asked }),
    () => call('GET /api/version'),
  )
  let loaded: string | undefined
  const newer = createMemo<{ version: string } | undefined>((before) => {
    const now = build.value()
    if (!now) return before
    const name = `${now.version} ${now.commit} ${now.buildTime}`
    loaded ??= name
    return name === loaded ? undefined : { version: now.version }
  })
  return (
    <Show when={newer()}>
      {(build) => (
        <div class="row flex-wrap justify-center gap-2 bg-info-soft text-info px-4 py-1.5 text-[13px] font-550 text-center">
          <Icon name="i-lucide-sparkles" />
          {build().version === state.version ? t('server.newerSame') : t('server.newer', { version: build().version })}
          <Button size="sm" onClick={() => location.reload()}>
            {t('server.reload')}
          </Button>
        </div>
      )}
    </Show>
  )
}

function Degraded(props: { asked: number }) {
  const place = useLocation()
  const status = createLoad(
    () => ({ asked: props.asked }),
    () => call('GET /api/server/status'),
  )
  // A server that cannot even say how it is has lost its database.
  const faults = () => {
    const error = status.error()
    if (error instanceof ApiError && error.status >= 500) return errorText(error)
    const bad = status.value()?.checks.filter(({ ok }) => !ok) ?? []
    return bad.map((check) => `${checkName(check.name)} – ${check.detail}`).join(' ')
  }
  return (
    <Show when={faults() && place.pathname !== '/settings/server'}>
      <p class="row flex-wrap justify-center gap-2 bg-bad-soft text-bad px-4 py-1.5 text-[13px] font-550 text-center">
        <Icon name="i-lucide-triangle-alert" />
        {t('server.degraded')} {faults()}
        <A href="/settings/server" class="underline rounded">
          {t('server.look')}
        </A>
      </p>
    </Show>
  )
}
