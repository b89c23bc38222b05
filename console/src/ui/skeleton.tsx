import { For } from 'solid-js'
import { t } from '../i18n'
import { cx } from './cx'

const widths = ['w-3/5', 'w-4/5', 'w-2/5', 'w-11/12', 'w-1/2', 'w-3/4']

/** The outline of what is being loaded. */
export const Skeleton = (props: { class?: string }) => (
  <span class={cx('block rounded-md bg-hover animate-pulse', props.class)} aria-hidden="true" />
)

/** A list of messages or rows that is being loaded. */
export const SkeletonRows = (props: { count?: number; avatar?: boolean }) => (
  <div class="col gap-5 p-4" role="status" aria-label={t('common.loading')}>
    <For each={Array.from({ length: props.count ?? 6 }, (_, at) => at)}>
      {(at) => (
        <div class="row items-start gap-3">
          <Skeleton class={props.avatar === false ? 'hidden' : 'size-9 rounded-xl shrink-0'} />
          <div class="col gap-2 flex-1 pt-0.5">
            <Skeleton class="h-3 w-28" />
            <Skeleton class={cx('h-3', widths[at % widths.length])} />
          </div>
        </div>
      )}
    </For>
  </div>
)
