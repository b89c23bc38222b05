import { createEffect, createMemo, createSignal, For, Show, Suspense } from 'solid-js'
import { lazy } from '../app/lazy'
import type { EndpointProvider, InteractionEndpoint } from '@shared/contract'
import { call } from '../api/client'
import { createLoad } from '../app/load'
import { t } from '../i18n'
import '../i18n/en/endpoints'
import { isAdmin } from '../store/session'
import { Button } from '../ui/button'
import { Card } from '../ui/card'
import { Empty } from '../ui/empty'
import { ErrorNotice } from '../ui/notice'
import { SkeletonRows } from '../ui/skeleton'
import { loadEndpoints } from './load'
import { ShownOnce, type Shown } from './once'
import { EndpointRow } from './row'
import { endpoints } from './store'

const EditEndpoint = lazy(() => import('./edit'))

/** What this server is connected to. */
export default function EndpointsPage() {
  const loaded = createLoad(
    () => ({ era: endpoints.era() }),
    () => loadEndpoints(),
  )
  const providers = createLoad(
    () => true,
    async () => (await call('GET /api/interaction-endpoints/providers')).items,
  )
  const [editing, setEditing] = createSignal<'new' | InteractionEndpoint>()
  const [shown, setShown] = createSignal<Shown>()
  const all = createMemo(() =>
    Object.values(endpoints.items).sort((a, b) => a.displayName.localeCompare(b.displayName)),
  )
  const nameOf = (provider: string): EndpointProvider | undefined =>
    providers.value()?.find((one) => one.provider === provider)
  createEffect(() => {
    // Somebody else has removed what is being changed here.
    const one = editing()
    if (one && one !== 'new' && !endpoints.items[one.id]) setEditing(undefined)
  })
  return (
    <Card
      title={t('settings.endpoints')}
      hint={t('endpoint.text')}
      actions={
        <Show when={isAdmin()}>
          <Button kind="primary" size="sm" icon="i-lucide-plus" onClick={() => setEditing('new')}>
            {t('endpoint.add')}
          </Button>
        </Show>
      }
    >
      <ErrorNotice error={loaded.error() ?? providers.error()} />
      <Show when={loaded.value()} fallback={<Show when={!loaded.error()}>{<SkeletonRows count={2} />}</Show>}>
        <ul class="col divide-y divide-line -my-2">
          <For
            each={all()}
            fallback={
              <li>
                <Empty
                  icon="i-lucide-plug"
                  title={t('endpoint.none')}
                  text={isAdmin() ? t('endpoint.noneText') : t('endpoint.adminsOnly')}
                />
              </li>
            }
          >
            {(endpoint) => (
              <EndpointRow
                endpoint={endpoint}
                provider={nameOf(endpoint.provider)}
                onEdit={() => setEditing(endpoint)}
                onShow={setShown}
              />
            )}
          </For>
        </ul>
      </Show>
      <Suspense>
        <Show when={editing() !== undefined && providers.value()}>
          {(providers) => {
            const one = editing()
            return (
              <EditEndpoint
                providers={providers()}
                endpoint={one === 'new' ? undefined : one}
                onClose={(made) => {
                  setEditing(undefined)
                  if (made?.secret || made?.endpoint.inboundEnabled) setShown(made)
                }}
              />
            )
          }}
        </Show>
      </Suspense>
      <Show when={shown()}>{(one) => <ShownOnce shown={one()} onClose={() => setShown(undefined)} />}</Show>
    </Card>
  )
}
