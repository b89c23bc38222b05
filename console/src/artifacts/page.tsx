import { useSearchParams } from '@solidjs/router'
import { createSignal, For, Show, Suspense } from 'solid-js'
import { lazy } from '../app/lazy'
import { channels, channelTitle } from '../app/unread'
import { t } from '../i18n'
import '../i18n/en/artifacts'
import { canWrite, me } from '../store/session'
import { state } from '../store/state'
import { Button } from '../ui/button'
import { Empty } from '../ui/empty'
import { ErrorNotice } from '../ui/notice'
import { Page } from '../ui/page'
import { Select } from '../ui/select'
import { SkeletonRows } from '../ui/skeleton'
import { createArtifacts } from './list'
import { ArtifactRow } from './row'
import type { ArtifactPlace } from './store'

const Publish = lazy(() => import('./publish'))

/** Every artifact that the reader may see. */
export default function ArtifactsPage() {
  // In the address, so that a list of one channel or agent can be linked to.
  const [search, setSearch] = useSearchParams<{ target?: string; owner?: string }>()
  const [publishing, setPublishing] = createSignal(false)
  const place = (): ArtifactPlace => ({ target: search.target, owner: search.owner })
  const list = createArtifacts(place)
  const agents = () =>
    Object.values(state.agents)
      .map(({ id, displayName }) => ({ value: id, label: displayName }))
      .sort((a, b) => a.label.localeCompare(b.label))
  return (
    <Page
      title={t('nav.artifacts')}
      actions={
        <Show when={canWrite()}>
          <Button size="sm" icon="i-lucide-upload" onClick={() => setPublishing(true)}>
            {t('artifact.publish')}
          </Button>
        </Show>
      }
    >
      <div class="row flex-wrap gap-2">
        <Select
          label={t('artifact.channel')}
          quiet
          value={search.target ?? ''}
          options={[
            { value: '', label: t('artifact.anyChannel') },
            ...channels().map((channel) => ({ value: channel.target, label: `#${channelTitle(channel)}` })),
          ]}
          onChange={(target) => setSearch({ target: target || undefined })}
        />
        <Select
          label={t('artifact.owner')}
          quiet
          value={search.owner ?? ''}
          options={[
            { value: '', label: t('artifact.anybody') },
            { value: me().id, label: t('artifact.mine') },
            ...agents(),
          ]}
          onChange={(owner) => setSearch({ owner: owner || undefined })}
        />
      </div>
      <ErrorNotice error={list.error()} />
      <Show when={list.ready()} fallback={<Show when={!list.error()}>{<SkeletonRows count={3} />}</Show>}>
        <ul class="col divide-y divide-line">
          <For
            each={list.items()}
            fallback={
              <li>
                <Empty icon="i-lucide-panels-top-left" title={t('artifact.none')} text={t('artifact.noneText')} />
              </li>
            }
          >
            {(artifact) => (
              <li>
                <ArtifactRow artifact={artifact} />
              </li>
            )}
          </For>
        </ul>
        <Show when={list.more()}>
          {(more) => (
            <Button size="sm" class="self-center" onClick={() => more()()}>
              {t('common.more')}
            </Button>
          )}
        </Show>
      </Show>
      <Suspense>
        <Show when={publishing()}>
          <Publish target={search.target} onClose={() => setPublishing(false)} />
        </Show>
      </Suspense>
    </Page>
  )
}
