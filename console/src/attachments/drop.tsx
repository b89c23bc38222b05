import { createEffect, createSignal, onCleanup, Show } from 'solid-js'
import { t } from '../i18n'
import { Icon } from '../ui/icon'

const hasFiles = (event: DragEvent) => event.dataTransfer?.types.includes('Files') === true

interface DropZoneProps {
  zone: () => HTMLElement | null
  label: string
  onFiles: (files: File[]) => void
}

/** Takes files that are dropped anywhere on `zone`, and says so while they hang over it. Folders have no bytes of their own and are left out. */
export function DropZone(props: DropZoneProps) {
  const [over, setOver] = createSignal<DOMRect>()
  // The pointer leaves one element and enters the next within the zone: it is gone only when it has left as often as it entered.
  let depth = 0
  const enter = (event: DragEvent) => {
    if (!hasFiles(event)) return
    event.preventDefault()
    depth++
    setOver(props.zone()?.getBoundingClientRect())
  }
  const stay = (event: DragEvent) => {
    if (!hasFiles(event)) return
    event.preventDefault()
    if (event.dataTransfer) event.dataTransfer.dropEffect = 'copy'
    // The pointer may have been there before the zone was.
    if (!over()) setOver(props.zone()?.getBoundingClientRect())
  }
  const leave = (event: DragEvent) => {
    if (!hasFiles(event)) return
    depth = Math.max(0, depth - 1)
    if (depth === 0) setOver(undefined)
  }
  const drop = (event: DragEvent) => {
    depth = 0
    setOver(undefined)
    if (!hasFiles(event)) return
    event.preventDefault()
    const files = filesOf(event.dataTransfer)
    if (files.length > 0) props.onFiles(files)
  }
  createEffect(() => {
    const zone = props.zone()
    if (!zone) return
    const gone = new AbortController()
    zone.addEventListener('dragenter', enter, gone)
    zone.addEventListener('dragover', stay, gone)
    zone.addEventListener('dragleave', leave, gone)
    zone.addEventListener('drop', drop, gone)
    onCleanup(() => gone.abort())
  })
  return (
    <Show when={over()}>
      {(over) => (
        <div
          class="fixed z-30 p-2 pointer-events-none"
          style={{
            left: `${over().left}px`,
            top: `${over().top}px`,
            width: `${over().width}px`,
            height: `${over().height}px`,
          }}
        >
          <div class="size-full rounded-2xl border-2 border-dashed border-accent bg-canvas/92 col items-center justify-center gap-2">
            <Icon name="i-lucide-upload" class="text-[28px] text-accent-text" />
            <p class="font-600">{props.label}</p>
            <p class="text-[13px] text-soft">{t('upload.dropHint')}</p>
          </div>
        </div>
      )}
    </Show>
  )
}

/** The files of a drop or a paste. A file without a name, such as a picture from the clipboard, gets one. */
export function filesOf(data: DataTransfer | null): File[] {
  const items = [...(data?.items ?? [])]
  const isFolder = (item: DataTransferItem) => item.webkitGetAsEntry?.()?.isDirectory === true
  if (items.length > 0)
    return items.flatMap((item) => (item.kind === 'file' && !isFolder(item) ? (item.getAsFile() ?? []) : []))
  return [...(data?.files ?? [])]
}
