import { createSignal, createUniqueId, Show } from 'solid-js'
import type { AttachmentBrief } from '@shared/contract'
import { call } from '../api/client'
import { createLoad } from '../app/load'
import { t } from '../i18n'
import { errorText } from '../i18n/errors'
import { CodeBlock } from '../ui/code'
import { cx } from '../ui/cx'
import { Skeleton } from '../ui/skeleton'
import { languageOf } from './file'
import { FileLine } from './fileline'

/** Above this many bytes the beginning is asked for only when somebody opens the file. */
const small = 64 * 1024

/**
 * The beginning of a text file, coloured. How high it stands is known from the size of the file alone, so that the conversation does not
 * move when the text arrives.
 */
export function TextFile(props: { file: AttachmentBrief }) {
  const id = createUniqueId()
  const [open, setOpen] = createSignal(false)
  const inPlace = () => props.file.sizeBytes <= small
  const preview = createLoad(
    () => (open() || inPlace() ? props.file.id : undefined),
    (id) => call('GET /api/attachments/{id}/preview', { params: { id } }),
  )
  /** A line or two: all of it is in view. */
  const tiny = () => props.file.sizeBytes < 80
  const closedHeight = () => (tiny() ? 'h-16' : props.file.sizeBytes < 600 ? 'h-28' : 'h-44')
  return (
    <section class="w-140 max-w-full rounded-xl border border-line bg-surface overflow-hidden">
      <div class="px-3 py-1">
        <FileLine file={props.file} />
      </div>
      <Show when={open() || inPlace()}>
        <div
          id={id}
          class={cx(
            'border-t border-line bg-sunken [&>figure]:border-0 [&>figure]:rounded-none [&_figcaption]:hidden',
            open() ? 'max-h-[60dvh] overflow-auto' : cx(closedHeight(), tiny() ? 'overflow-auto' : 'overflow-hidden'),
          )}
        >
          <Show
            when={preview.value()}
            fallback={
              <Show when={preview.error()} fallback={<Skeleton class="h-3 w-3/5 m-3" />}>
                {(error) => <p class="px-3 py-2 text-[13px] text-soft">{errorText(error())}</p>}
              </Show>
            }
          >
            {(preview) => (
              <>
                <CodeBlock text={preview().text} language={languageOf(props.file.filename)} />
                <Show when={preview().truncated && open()}>
                  <p class="px-3 py-2 text-[12.5px] text-soft border-t border-line">{t('file.truncated')}</p>
                </Show>
              </>
            )}
          </Show>
        </div>
      </Show>
      <Show when={!tiny()}>
        <button
          type="button"
          aria-expanded={open()}
          aria-controls={id}
          onClick={() => setOpen((open) => !open)}
          class="w-full h-8 max-sm:h-10 border-t border-line text-[12.5px] font-550 text-accent-text hover:bg-hover -outline-offset-2"
        >
          {open() ? t('file.less') : t('file.more')}
        </button>
      </Show>
    </section>
  )
}
