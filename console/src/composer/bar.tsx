import { createSignal, Show, Suspense } from 'solid-js'
import { lazy } from '../app/lazy'
import type { MessageKind } from '@shared/contract'
import { t } from '../i18n'
import { IconButton } from '../ui/button'
import { cx } from '../ui/cx'
import { Icon } from '../ui/icon'
import { Menu } from '../ui/menu'
import { Popover } from '../ui/popover'
import { longest } from './longest'

const EmojiPicker = lazy(() => import('../emoji/picker').then(({ EmojiPicker }) => ({ default: EmojiPicker })))

const kinds: Record<MessageKind, { icon: string; look: string }> = {
  note: { icon: 'i-lucide-message-square', look: 'text-soft' },
  decision: { icon: 'i-lucide-gavel', look: 'text-info' },
  blocker: { icon: 'i-lucide-octagon-alert', look: 'text-bad' },
  status: { icon: 'i-lucide-activity', look: 'text-info' },
}
const order: MessageKind[] = ['note', 'decision', 'blocker', 'status']

interface BarProps {
  kind: MessageKind
  onKind: (kind: MessageKind) => void
  previewing: boolean
  onPreview: (on: boolean) => void
  onFiles: (files: File[]) => void
  onEmoji: (emoji: string) => void
  length: number
  /** Why nothing can be sent now; empty when it can. */
  blocked: boolean
  onSend: () => void
}

const touch = 'max-sm:size-10!'

/** What can be done besides typing, and the button that sends. */
export function Bar(props: BarProps) {
  let input: HTMLInputElement | undefined
  return (
    <div class="row gap-0.5">
      <IconButton icon="i-lucide-paperclip" label={t('composer.attach')} class={touch} onClick={() => input?.click()} />
      <input
        ref={(element) => (input = element)}
        type="file"
        multiple
        hidden
        data-files
        onChange={(event) => {
          props.onFiles([...(event.currentTarget.files ?? [])])
          event.currentTarget.value = ''
        }}
      />
      <EmojiButton onEmoji={(emoji) => props.onEmoji(emoji)} />
      <KindMenu kind={props.kind} onKind={(kind) => props.onKind(kind)} />
      <IconButton
        icon={props.previewing ? 'i-lucide-pencil' : 'i-lucide-eye'}
        label={props.previewing ? t('composer.write') : t('composer.preview')}
        aria-pressed={props.previewing}
        disabled={props.length === 0}
        class={touch}
        onClick={() => props.onPreview(!props.previewing)}
      />
      <span class="flex-1" />
      <Counter length={props.length} />
      <button
        type="button"
        aria-label={t('composer.send')}
        title={t('composer.send')}
        disabled={props.blocked}
        onClick={() => props.onSend()}
        class="size-8 max-sm:size-10 shrink-0 row justify-center rounded-lg bg-accent text-accent-ink disabled:bg-hover disabled:text-faint hover:brightness-112"
      >
        <Icon name="i-lucide-arrow-up" class="text-[18px]" />
      </button>
    </div>
  )
}

function EmojiButton(props: { onEmoji: (emoji: string) => void }) {
  const [open, setOpen] = createSignal(false)
  let button: HTMLButtonElement | undefined
  return (
    <>
      <IconButton
        ref={(element: HTMLButtonElement) => (button = element)}
        icon="i-lucide-smile"
        label={t('composer.emojiButton')}
        aria-haspopup="dialog"
        aria-expanded={open()}
        class={touch}
        onClick={() => setOpen((open) => !open)}
      />
      <Show when={open() && button}>
        {(anchor) => (
          <Popover
            anchor={anchor()}
            label={t('composer.emojiButton')}
            placement="top-start"
            onClose={() => setOpen(false)}
          >
            <Suspense fallback={<div class="w-80 h-80" />}>
              <EmojiPicker
                onPick={(emoji) => {
                  setOpen(false)
                  props.onEmoji(emoji)
                }}
              />
            </Suspense>
          </Popover>
        )}
      </Show>
    </>
  )
}

const KindMenu = (props: { kind: MessageKind; onKind: (kind: MessageKind) => void }) => (
  <Menu
    label={t('composer.kind')}
    placement="top-start"
    items={order.map((kind) => ({
      label: t(`kind.${kind}`),
      icon: kinds[kind].icon,
      hint: kind === 'note' ? undefined : t(`composer.kind.${kind}`),
      onSelect: () => props.onKind(kind),
    }))}
    trigger={(trigger) => (
      <button
        type="button"
        {...trigger}
        aria-label={`${t('composer.kind')}: ${t(`kind.${props.kind}`)}`}
        title={t('composer.kind')}
        class={cx(
          'row gap-1.5 h-8 max-sm:h-10 px-2 rounded-lg text-[13px] font-550 hover:bg-hover',
          kinds[props.kind].look,
        )}
      >
        <Icon name={kinds[props.kind].icon} class="text-[16px]" />
        <span class={cx(props.kind === 'note' && 'max-sm:sr-only')}>{t(`kind.${props.kind}`)}</span>
      </button>
    )}
  />
)

/** Said once the end is near. */
const Counter = (props: { length: number }) => (
  <Show when={props.length > longest * 0.9}>
    <span
      role={props.length > longest ? 'alert' : 'status'}
      class={cx('text-[12px] tabular-nums px-1.5', props.length > longest ? 'text-bad font-600' : 'text-faint')}
    >
      {props.length > longest
        ? t('composer.tooLong', { n: props.length - longest })
        : t('composer.left', { n: longest - props.length })}
    </span>
  </Show>
)
