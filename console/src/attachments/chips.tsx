import { For, Match, Show, Switch } from 'solid-js'
import { t } from '../i18n'
import { cx } from '../ui/cx'
import { Icon } from '../ui/icon'
import { iconOf, shownName, sizeText } from './file'
import type { FileUpload } from './machine'
import { retryUpload } from './uploads'

/** The files of a message that is being written: how far each is, and what can be done about it. */
export const Chips = (props: { files: FileUpload[]; onRemove: (id: string) => void }) => (
  <Show when={props.files.length > 0}>
    <ul class="row items-stretch flex-wrap gap-2 pb-1.5" aria-label={t('upload.list')}>
      <For each={props.files}>{(file) => <Chip file={file} onRemove={() => props.onRemove(file.id)} />}</For>
    </ul>
  </Show>
)

const share = (file: FileUpload) => (file.sizeBytes > 0 ? Math.floor((file.sentBytes / file.sizeBytes) * 100) : 0)

function Chip(props: { file: FileUpload; onRemove: () => void }) {
  const name = () => shownName(props.file.name, 32)
  const failed = () => props.file.state === 'failed'
  return (
    <li
      class={cx(
        'relative row gap-2 h-12 w-58 max-w-full rounded-lg border bg-surface pl-1.5 pr-0.5 overflow-hidden',
        failed() ? 'border-bad/50' : 'border-line',
        failed() && 'h-auto! min-h-12 w-80!',
      )}
    >
      <Show
        when={props.file.pictureUrl}
        fallback={
          <span class="size-9 row justify-center rounded-md bg-sunken shrink-0">
            <Icon name={iconOf(props.file.mimeType)} class="text-[18px] text-soft" />
          </span>
        }
      >
        {(url) => <img src={url()} alt="" class="size-9 rounded-md object-cover shrink-0" />}
      </Show>
      <div class="flex-1 min-w-0 leading-tight py-1">
        <bdi class="block truncate text-[13px] font-550" title={shownName(props.file.name, 255)}>
          {name()}
        </bdi>
        <span class={cx('block text-[11.5px]', failed() ? 'text-bad' : 'text-faint truncate')} aria-live="polite">
          <Standing file={props.file} />
        </span>
      </div>
      <Show when={failed() || props.file.state === 'stalled'}>
        <ChipButton
          icon="i-lucide-rotate-cw"
          label={t('upload.retry', { name: name() })}
          onPress={() => retryUpload(props.file.id)}
        />
      </Show>
      <ChipButton
        icon="i-lucide-x"
        label={
          props.file.state === 'done' ? t('upload.remove', { name: name() }) : t('upload.cancel', { name: name() })
        }
        onPress={() => props.onRemove()}
      />
      <Show when={props.file.state === 'sending' || props.file.state === 'stalled'}>
        <span
          role="progressbar"
          aria-label={t('upload.progress', { name: name() })}
          aria-valuemin={0}
          aria-valuemax={100}
          aria-valuenow={share(props.file)}
          class={cx(
            'absolute left-0 bottom-0 h-0.75 transition-[width] duration-[var(--quick)]',
            props.file.state === 'stalled' ? 'bg-warn' : 'bg-accent',
          )}
          style={{ width: `${Math.max(2, share(props.file))}%` }}
        />
      </Show>
    </li>
  )
}

/** How it stands with an upload, in words. */
export const Standing = (props: { file: FileUpload }) => (
  <Switch>
    <Match when={props.file.state === 'waiting'}>{t('upload.waiting')}</Match>
    <Match when={props.file.state === 'sending'}>
      {share(props.file) >= 100 ? t('upload.checking') : `${share(props.file)} % · ${sizeText(props.file.sizeBytes)}`}
    </Match>
    <Match when={props.file.state === 'stalled'}>{t('upload.stalled')}</Match>
    <Match when={props.file.state === 'done'}>{sizeText(props.file.sizeBytes)}</Match>
    <Match when={props.file.state === 'failed'}>
      {[props.file.error?.text, props.file.error?.next].filter(Boolean).join(' ')}
    </Match>
  </Switch>
)

const ChipButton = (props: { icon: string; label: string; onPress: () => void }) => (
  <button
    type="button"
    aria-label={props.label}
    title={props.label}
    onClick={() => props.onPress()}
    class="inline-flex size-8 max-sm:size-10 shrink-0 items-center justify-center rounded-md text-soft hover:text-ink hover:bg-hover"
  >
    <Icon name={props.icon} class="text-[15px]" />
  </button>
)
