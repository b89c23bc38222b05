import { createEffect, Show } from 'solid-js'
import { call } from '../api/client'
import { createLoad } from '../app/load'
import { t } from '../i18n'
import '../i18n/en/machines'
import { Skeleton } from '../ui/skeleton'
import { TunnelRow } from './row'
import { tunnels } from './store'

/** One preview by its id, wherever something speaks of it: it can be allowed, looked at and closed right there. */
export default function TunnelCard(props: { id: string }) {
  const known = () => tunnels.items[props.id]
  const load = createLoad(
    () => (known() ? undefined : { id: props.id, era: tunnels.era() }),
    ({ id }) => call('GET /api/tunnels/{id}', { params: { id } }),
  )
  createEffect(() => {
    const answer = load.value()
    if (answer) tunnels.put(answer)
  })
  return (
    <Show
      when={known()}
      fallback={
        <Show when={load.error()} fallback={<Skeleton class="h-16 max-w-160 rounded-xl" />}>
          <p class="text-[13px] text-soft">{t('tunnel.gone')}</p>
        </Show>
      }
    >
      {(tunnel) => <TunnelRow tunnel={tunnel()} framed />}
    </Show>
  )
}
