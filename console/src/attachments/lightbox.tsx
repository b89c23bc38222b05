import { createSignal, onCleanup, onMount, Show } from 'solid-js'
import { render } from 'solid-js/web'
import type { AttachmentBrief } from '@shared/contract'
import { t } from '../i18n'
import { IconButton } from '../ui/button'
import { Icon } from '../ui/icon'
import { contentPath, downloadPath, shownName, sizeText } from './file'

const steps = [0.25, 0.5, 0.75, 1, 1.5, 2, 3, 4]

/** Shows pictures large, beginning with the one at `at`. It stands outside the list of messages, whose rows come and go. */
export function openLightbox(files: AttachmentBrief[], at: number): void {
  const host = document.createElement('div')
  document.body.append(host)
  const before = document.activeElement
  const dispose = render(
    () => (
      <Lightbox
        files={files}
        at={at}
        onClose={() => {
          dispose()
          host.remove()
          if (before instanceof HTMLElement && before.isConnected) before.focus()
        }}
      />
    ),
    host,
  )
}

interface LightboxProps {
  files: AttachmentBrief[]
  at: number
  onClose: () => void
}

function Lightbox(props: LightboxProps) {
  const [at, setAt] = createSignal(props.at)
  /** Undefined: as large as the window allows. */
  const [zoom, setZoom] = createSignal<number>()
  const [natural, setNatural] = createSignal(0)
  let dialog: HTMLDialogElement | undefined
  let image: HTMLImageElement | undefined
  const file = () => props.files[at()]
  const several = () => props.files.length > 1
  const go = (step: number) => {
    setZoom(undefined)
    setNatural(0)
    setAt((at) => (at + step + props.files.length) % props.files.length)
  }
  const scale = (direction: 1 | -1) => {
    const now = zoom() ?? (image && natural() > 0 ? image.clientWidth / natural() : 1)
    const next = direction > 0 ? steps.find((step) => step > now + 0.01) : steps.findLast((step) => step < now - 0.01)
    if (next !== undefined) setZoom(next)
  }
  const keydown = (event: KeyboardEvent) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return
    if (event.key === 'ArrowRight' && several() && !zoom()) go(1)
    else if (event.key === 'ArrowLeft' && several() && !zoom()) go(-1)
    else if (event.key === '+' || event.key === '=') scale(1)
    else if (event.key === '-') scale(-1)
    else if (event.key === '0') setZoom(undefined)
    else return
    event.preventDefault()
  }
  let from = 0
  onMount(() => {
    dialog?.showModal()
    dialog?.querySelector<HTMLElement>('[data-view]')?.focus()
  })
  onCleanup(() => dialog?.close())
  return (
    <dialog
      ref={(element) => (dialog = element)}
      aria-label={t('file.viewer')}
      onCancel={(event) => {
        event.preventDefault()
        props.onClose()
      }}
      onKeyDown={keydown}
      class="fixed inset-0 m-0 size-full max-w-none max-h-none border-0 p-0 bg-canvas text-ink"
    >
      <Show when={file()} keyed>
        {(file) => (
          <div class="col size-full">
            <header class="row gap-2 h-13 pl-4 pr-2 border-b border-line shrink-0">
              <div class="flex-1 min-w-0 leading-tight">
                <bdi class="block truncate font-600 text-[14px]">{shownName(file.filename)}</bdi>
                <span class="text-[12px] text-soft" aria-live="polite">
                  {several() ? `${t('file.position', { at: at() + 1, of: props.files.length })} · ` : ''}
                  {sizeText(file.sizeBytes)}
                </span>
              </div>
              <IconButton
                icon="i-lucide-zoom-out"
                label={t('file.zoomOut')}
                class="max-sm:hidden"
                onClick={() => scale(-1)}
              />
              <IconButton
                icon="i-lucide-zoom-in"
                label={t('file.zoomIn')}
                class="max-sm:hidden"
                onClick={() => scale(1)}
              />
              <a
                href={downloadPath(file.id)}
                download={shownName(file.filename, 255)}
                aria-label={t('file.download', { name: shownName(file.filename) })}
                title={t('file.download', { name: shownName(file.filename) })}
                class="inline-flex size-8 max-sm:size-10 items-center justify-center rounded-lg text-soft hover:text-ink hover:bg-hover"
              >
                <Icon name="i-lucide-download" class="text-[16px]" />
              </a>
              <IconButton
                icon="i-lucide-x"
                label={t('common.close')}
                class="max-sm:size-10!"
                onClick={() => props.onClose()}
              />
            </header>
            <div class="relative flex-1 min-h-0">
              <div
                data-view
                tabindex="0"
                class="size-full overflow-auto grid place-items-center p-3 outline-none"
                onTouchStart={(event) => (from = event.touches[0]?.clientX ?? 0)}
                onTouchEnd={(event) => {
                  const moved = (event.changedTouches[0]?.clientX ?? from) - from
                  if (!zoom() && several() && Math.abs(moved) > 60) go(moved < 0 ? 1 : -1)
                }}
              >
                <img
                  ref={(element) => (image = element)}
                  src={contentPath(file.id)}
                  alt={shownName(file.filename)}
                  onLoad={(event) => setNatural(event.currentTarget.naturalWidth)}
                  onClick={() => setZoom((zoom) => (zoom ? undefined : 1))}
                  class={
                    zoom()
                      ? 'block max-w-none cursor-zoom-out'
                      : 'block max-w-full max-h-full object-contain cursor-zoom-in'
                  }
                  style={{
                    width: zoom() && natural() > 0 ? `${Math.round(natural() * (zoom() ?? 1))}px` : undefined,
                    'max-height': zoom() ? 'none' : 'calc(100dvh - 5rem)',
                  }}
                />
              </div>
              <Show when={several()}>
                <Step side="left" onStep={() => go(-1)} />
                <Step side="right" onStep={() => go(1)} />
              </Show>
            </div>
          </div>
        )}
      </Show>
    </dialog>
  )
}

const Step = (props: { side: 'left' | 'right'; onStep: () => void }) => (
  <button
    type="button"
    aria-label={props.side === 'left' ? t('file.previous') : t('file.next')}
    onClick={() => props.onStep()}
    class={`absolute top-1/2 -translate-y-1/2 size-11 row justify-center rounded-full border border-line bg-raised text-soft hover:text-ink shadow-[var(--float)] ${props.side === 'left' ? 'left-3' : 'right-3'}`}
  >
    <Icon name={props.side === 'left' ? 'i-lucide-chevron-left' : 'i-lucide-chevron-right'} class="text-[20px]" />
  </button>
)
