import { useSearchParams } from '@solidjs/router'
import { createSignal, For, Show } from 'solid-js'
import { channels, channelTitle } from '../app/unread'
import { t } from '../i18n'
import '../i18n/en/machines'
import { state } from '../store/state'
import { Button } from '../ui/button'
import { Empty } from '../ui/empty'
import { ErrorNotice, Notice } from '../ui/notice'
import { Page } from '../ui/page'
import { Choice, Select } from '../ui/select'
import { SkeletonRows } from '../ui/skeleton'
import { createTunnels, OpenTunnelButton } from './list'
import { TunnelRow } from './row'
import { isOpen, type TunnelPlace } from './store'

const named = (all: { id: string; displayName: string }[]) =>
  all.map(({ id, displayName }) => ({ value: id, label: displayName })).sort((a, b) => a.label.localeCompare(b.label))

/** Every preview that the reader may see. */
export default function TunnelsPage() {
  const [which, setWhich] = createSignal<'open' | 'all'>('open')
  // In the address, so that a list of one channel or agent can be linked to.
  const [search, setSearch] = useSearchParams<{ computer?: string; target?: string; agent?: string }>()
  const place = (): TunnelPlace => ({ computerId: search.computer, target: search.target, agentId: search.agent })
  const list = createTunnels(place)
  const shown = () => (which() === 'all' ? list.items() : list.items().filter(isOpen))
  const unaddressed = () => list.items().some((one) => one.state === 'active' && one.url === null)
  return (
    <Page title={t('tunnel.title')} actions={<OpenTunnelButton place={place()} />}>
      <div class="row flex-wrap gap-2">
        <Choice
          label={t('tunnel.title')}
          value={which()}
          options={[
            { value: 'open', label: t('tunnel.openOnes') },
            { value: 'all', label: t('tunnel.all') },
          ]}
          onChange={setWhich}
        />
        <Select
          label={t('tunnel.computer')}
          quiet
          value={search.computer ?? ''}
          options={[{ value: '', label: t('tunnel.anyComputer') }, ...named(Object.values(state.computers))]}
          onChange={(computer) => setSearch({ computer: computer || undefined })}
        />
        <Select
          label={t('nav.channels')}
          quiet
          value={search.target ?? ''}
          options={[
            { value: '', label: t('tunnel.anyChannel') },
            ...channels().map((channel) => ({ value: channel.target, label: `#${channelTitle(channel)}` })),
          ]}
          onChange={(target) => setSearch({ target: target || undefined })}
        />
        <Select
          label={t('nav.agents')}
          quiet
          value={search.agent ?? ''}
          options={[{ value: '', label: t('tunnel.anyAgent') }, ...named(Object.values(state.agents))]}
          onChange={(agent) => setSearch({ agent: agent || undefined })}
        />
      </div>
      <Show when={unaddressed()}>
        <Notice tone="warn" title={t('tunnel.off')}>
          {t('tunnel.offText')}
        </Notice>
      </Show>
      <ErrorNotice error={list.error()} />
      <Show when={list.ready()} fallback={<Show when={!list.error()}>{<SkeletonRows count={3} />}</Show>}>
        <ul class="col divide-y divide-line">
          <For
            each={shown()}
            fallback={
              <li>
                <Empty icon="i-lucide-app-window" title={t('tunnel.none')} text={t('tunnel.noneText')} />
              </li>
            }
          >
            {(tunnel) => (
              <li>
                <TunnelRow tunnel={tunnel} />
              </li>
            )}
          </For>
        </ul>
        <Show when={which() === 'all' && list.more()}>
          {(more) => (
            <Button size="sm" class="self-center" onClick={() => more()()}>
              {t('common.more')}
            </Button>
          )}
        </Show>
      </Show>
    </Page>
  )
}
