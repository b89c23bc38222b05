import { createMemo, For, Show } from 'solid-js'
import type { Run, RunStep } from '@shared/contract'
import '../i18n/en/work'
import { t } from '../i18n'
import { state } from '../store/state'
import { Empty } from '../ui/empty'
import { SkeletonRows } from '../ui/skeleton'
import { DiffView } from './diff'
import { createEverything } from './everything'
import { changesOf } from './files'
import { statOf } from './patch'

/** All that a run did to files, file by file. */
export default function RunChanges(props: { run: Run }) {
  const complete = createEverything(() => props.run.id)
  const steps = createMemo<RunStep[]>(() => {
    const log = state.steps[props.run.id]
    return log ? log.order.flatMap((id) => log.byId[id] ?? []) : []
  })
  const changes = createMemo(() => changesOf(steps()))
  const stat = createMemo(() => statOf(changes()))
  const paths = createMemo(() => new Set(changes().map((change) => change.path)).size)
  return (
    <div class="col gap-3">
      <Show when={changes().length > 0}>
        <p class="row gap-2 text-[13.5px] text-soft tabular-nums">
          {t('work.files', { n: paths() })}
          <span class="text-ok font-600">+{stat().added}</span>
          <span class="text-bad font-600">−{stat().removed}</span>
        </p>
        <For each={changes()}>{(change) => <DiffView file={change} wide />}</For>
      </Show>
      <Show when={!complete()}>
        <SkeletonRows count={2} avatar={false} />
      </Show>
      <Show when={complete() && changes().length === 0}>
        <Empty icon="i-lucide-file-diff" title={t('work.noChanges')} text={t('work.noChangesText')} />
      </Show>
    </div>
  )
}
