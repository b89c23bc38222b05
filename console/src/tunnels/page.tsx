import { createSignal, For, Show } from 'solid-js'
import { t } from '../i18n'
import '../i18n/en/machines'
import { Button } from '../ui/button'
import { Empty } from '../ui/empty'
import { ErrorNotice, Notice } from '../ui/notice'
import { Page } from '../ui/page'
import { Choice } from '../ui/select'
import { SkeletonRows } from '../ui/skeleton'
import { createTunnels, OpenTunnelButton } from './list'
import { TunnelRow } from './row'
import { isOpen } from './store'

/** Every preview that the reader may see. */
export default function TunnelsPage() {
  const [which, setWhich] = createSignal<'open' | 'all'>('open')
  const list = createTunnels(() => ({}))
  const shown = () => (which() === 'all' ? list.items() : list.items().filter(isOpen))
  const unaddressed = () => list.items().some((one) => one.state === 'active' && one.url === null)
  return (
    <Page title={t('tunnel.title')} actions={<OpenTunnelButton place={{}} />}>
      <div class="row">
        <Choice
          label={t('tunnel.title')}
          value={which()}
          options={[
            { value: 'open', label: t('tunnel.openOnes') },
            { value: 'all', label: t('tunnel.all') },
          ]}
          onChange={setWhich}
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
