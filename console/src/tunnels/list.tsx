import { createMemo, createSignal, For, Show, Suspense } from 'solid-js'
import { lazy } from '../app/lazy'
import { call } from '../api/client'
import { createLoad } from '../app/load'
import { t } from '../i18n'
import '../i18n/en/machines'
import { canWrite } from '../store/session'
import { Button } from '../ui/button'
import { Card } from '../ui/card'
import { ErrorNotice } from '../ui/notice'
import { SkeletonRows } from '../ui/skeleton'
import { TunnelRow } from './row'
import { isOpen, tunnels, tunnelsAt, type TunnelPlace } from './store'

const OpenTunnel = lazy(() => import('./open'))

/** The previews of a place: asked for once, and from then on as events tell. The server sorts by place but for agents, which are sorted out here. */
export function createTunnels(place: () => TunnelPlace) {
  const [cursor, setCursor] = createSignal<string>()
  const ask = async (before?: string) => {
    const { computerId, target } = place()
    const page = await call('GET /api/tunnels', {
      query: {
        limit: 50,
        ...(computerId ? { computerId } : {}),
        ...(target ? { target } : {}),
        ...(before ? { cursor: before } : {}),
      },
    })
    tunnels.put(...page.items)
    setCursor(page.nextCursor)
    return true
  }
  const first = createLoad(
    () => ({ era: tunnels.era(), ...place() }),
    () => ask(),
  )
  const items = createMemo(() => tunnelsAt(Object.values(tunnels.items), place()))
  return {
    items,
    error: first.error,
    ready: () => first.value() ?? false,
    more: () => (cursor() ? () => void ask(cursor()) : undefined),
  }
}

/** The button that opens a preview, with its form. */
export function OpenTunnelButton(props: { place: TunnelPlace }) {
  const [open, setOpen] = createSignal(false)
  return (
    <Show when={canWrite()}>
      <Button size="sm" icon="i-lucide-plus" onClick={() => setOpen(true)}>
        {t('tunnel.open')}
      </Button>
      <Suspense>
        <Show when={open()}>
          <OpenTunnel place={props.place} onClose={() => setOpen(false)} />
        </Show>
      </Suspense>
    </Show>
  )
}

/** The previews of one computer, agent or channel: those that are open or wait, and on request those that are over. */
export function TunnelsCard(props: TunnelPlace) {
  const place = (): TunnelPlace => ({ computerId: props.computerId, target: props.target, agentId: props.agentId })
  const list = createTunnels(place)
  const [all, setAll] = createSignal(false)
  const shown = () => (all() ? list.items() : list.items().filter(isOpen))
  const over = () => list.items().length - list.items().filter(isOpen).length
  return (
    <Card title={t('tunnel.title')} hint={t('tunnel.text')} actions={<OpenTunnelButton place={place()} />}>
      <ErrorNotice error={list.error()} />
      <Show
        when={list.ready()}
        fallback={<Show when={!list.error()}>{<SkeletonRows count={1} avatar={false} />}</Show>}
      >
        <ul class="col divide-y divide-line -my-2">
          <For each={shown()} fallback={<li class="py-2 text-soft text-[13.5px]">{t('tunnel.noneText')}</li>}>
            {(tunnel) => (
              <li>
                <TunnelRow tunnel={tunnel} />
              </li>
            )}
          </For>
        </ul>
        <Show when={!all() && over() > 0}>
          <Button size="sm" kind="ghost" class="mt-3 -ml-2" icon="i-lucide-history" onClick={() => setAll(true)}>
            {t('tunnel.past', { n: over() })}
          </Button>
        </Show>
        <Show when={all() && list.more()}>
          {(more) => (
            <Button size="sm" class="mt-3" onClick={() => more()()}>
              {t('common.more')}
            </Button>
          )}
        </Show>
      </Show>
    </Card>
  )
}
