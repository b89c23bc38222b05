import { createSignal, For, Show } from 'solid-js'
import type { WorkspaceFile } from '@shared/contract'
import '../i18n/en/agentpage'
import { call } from '../api/client'
import { act } from '../app/act'
import { createLoad } from '../app/load'
import { locale, t } from '../i18n'
import { relative } from '../i18n/dates'
import { Button } from '../ui/button'
import { CodeBlock } from '../ui/code'
import { ErrorNotice, Notice } from '../ui/notice'
import { SkeletonRows } from '../ui/skeleton'
import { imagePath, languageOf, mayBePicture } from './tree'

/** Bytes that are read at once: enough for nearly every source file, and quickly shown. */
const partSize = 200_000

const sizeText = (bytes: number): string =>
  new Intl.NumberFormat(locale(), { notation: 'compact', style: 'unit', unit: 'byte', unitDisplay: 'narrow' }).format(
    bytes,
  )

/** A picture as it is there now; what turns out to be none is said to be that. */
function Picture(props: { agentId: string; path: string }) {
  const [failed, setFailed] = createSignal<string>()
  const name = () => props.path.split('/').at(-1) ?? props.path
  return (
    <Show when={failed() !== props.path} fallback={<Notice tone="info">{t('workspace.noPicture')}</Notice>}>
      <div class="rounded-xl border border-line bg-sunken p-3 row justify-center">
        <img
          src={imagePath(props.agentId, props.path)}
          alt={t('workspace.picture', { name: name() })}
          class="max-w-full max-h-[70vh] object-contain"
          onError={() => setFailed(props.path)}
        />
      </div>
    </Show>
  )
}

/** A file as it is on the agent's computer, part by part when it is long. */
export function FileView(props: { agentId: string; path: string }) {
  const [more, setMore] = createSignal<WorkspaceFile[]>([])
  const read = (path: string, offset: number) =>
    call('GET /api/agents/{id}/workspace/file', {
      params: { id: props.agentId },
      query: { path, offset, length: partSize },
    })
  const first = createLoad(
    () => props.path,
    async (path) => {
      const part = await read(path, 0)
      setMore([])
      return part
    },
  )
  const parts = () => {
    const part = first.value()
    return part && part.path === props.path ? [part, ...more()] : []
  }
  const last = () => parts().at(-1)
  return (
    <section aria-label={props.path} class="col gap-2 min-w-0">
      <header class="row flex-wrap gap-x-3">
        <h2 class="font-mono text-[13.5px] font-600 break-all">{props.path}</h2>
        <Show when={last()}>
          {(part) => (
            <span class="text-[12.5px] text-faint">
              {t('workspace.size', { size: sizeText(part().sizeBytes), when: relative(part().modifiedAt) })}
            </span>
          )}
        </Show>
      </header>
      <ErrorNotice error={first.error()} />
      <Show when={parts().length > 0 || first.error()} fallback={<SkeletonRows count={3} avatar={false} />}>
        <For each={parts()}>
          {(part) => (
            <Show
              when={!part.binary}
              fallback={
                <Show when={mayBePicture(part)} fallback={<Notice tone="info">{t('workspace.binary')}</Notice>}>
                  <Picture agentId={props.agentId} path={part.path} />
                </Show>
              }
            >
              <CodeBlock text={part.content} language={languageOf(part.path)} />
            </Show>
          )}
        </For>
        <Show when={(!last()?.binary && last()?.nextOffset) || undefined}>
          {(offset) => (
            <Button
              size="sm"
              class="self-start"
              onClick={() =>
                void act(async () => {
                  const part = await read(props.path, offset())
                  if (part.path === props.path) setMore((before) => [...before, part])
                })
              }
            >
              {t('workspace.rest')}
            </Button>
          )}
        </Show>
      </Show>
    </section>
  )
}
