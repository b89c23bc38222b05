import { For, Show } from 'solid-js'
import { call } from '../api/client'
import { createLoad } from '../app/load'
import { t } from '../i18n'
import '../i18n/en/artifacts'
import { now } from '../i18n/dates'
import { Skeleton } from '../ui/skeleton'
import { createArtifacts } from './list'
import { ArtifactRow } from './row'
import { artifacts } from './store'

/** One artifact by its id, where somebody speaks of it. */
export default function ArtifactCard(props: { id: string }) {
  const known = () => {
    const one = artifacts.items[props.id]
    return one && one.expiresAt > now() ? one : undefined
  }
  const load = createLoad(
    () => (known() ? undefined : { id: props.id, era: artifacts.era() }),
    async ({ id }) => artifacts.put(await call('GET /api/artifacts/{id}', { params: { id } })),
  )
  return (
    <Show
      when={known()}
      fallback={
        <Show when={load.error()} fallback={<Skeleton class="h-16 max-w-160 rounded-xl" />}>
          <p class="text-[13px] text-soft">{t('artifact.gone')}</p>
        </Show>
      }
    >
      {(artifact) => <ArtifactRow artifact={artifact()} framed />}
    </Show>
  )
}

/** What a run published; nothing where it published nothing. */
export function RunArtifacts(props: { runId: string }) {
  const list = createArtifacts(() => ({ runId: props.runId }))
  return (
    <Show when={list.items().length > 0}>
      <section class="col gap-2" aria-label={t('artifact.ofRun')}>
        <For each={list.items()}>{(artifact) => <ArtifactRow artifact={artifact} framed />}</For>
      </section>
    </Show>
  )
}
