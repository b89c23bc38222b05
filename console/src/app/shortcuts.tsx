import { createMemo, createSignal, For } from 'solid-js'
import { t } from '../i18n'
import { Dialog } from '../ui/dialog'
import { hotkeys, type Hotkey } from './hotkeys'

const [open, setOpen] = createSignal(false)
export const openShortcuts = (): void => void setOpen(true)

const mac = /Mac|iP(hone|ad)/.test(navigator.userAgent)
const caps: Record<string, string> = {
  mod: mac ? '⌘' : 'Ctrl',
  alt: mac ? '⌥' : 'Alt',
  shift: 'Shift',
  Escape: 'Esc',
  ArrowUp: '↑',
  ArrowDown: '↓',
  ArrowLeft: '←',
  ArrowRight: '→',
}

/** What stands on the keys of `g i` or `mod+k`. */
const capsOf = (keys: string): string[] =>
  keys
    .split(' ')
    .flatMap((press) => press.split(/\+(?=.)/).map((key) => caps[key] ?? (key.length === 1 ? key.toUpperCase() : key)))

/** Keys as they look on a keyboard. */
export const Keys = (props: { keys: string; small?: boolean }) => (
  <span class="inline-flex gap-1 shrink-0">
    <For each={capsOf(props.keys)}>
      {(key) => (
        <kbd
          class="inline-flex items-center justify-center rounded-md border border-edge bg-sunken font-sans text-soft"
          classList={{
            'min-w-6 h-6 px-1.5 text-[12px]': !props.small,
            'min-w-4.5 h-4.5 px-1 text-[10.5px]': props.small ?? false,
          }}
        >
          {key}
        </kbd>
      )}
    </For>
  </span>
)

/** All keys at a glance, as they are at this moment. */
export const ShortcutSheet = () => (
  <Dialog open={open()} onClose={() => setOpen(false)} title={t('shortcuts.title')} wide>
    <Sheet />
  </Dialog>
)

function Sheet() {
  const groups = createMemo(() => {
    const byGroup = new Map<string, Hotkey[]>()
    for (const hotkey of hotkeys()) byGroup.set(hotkey.group(), [...(byGroup.get(hotkey.group()) ?? []), hotkey])
    return [...byGroup]
  })
  return (
    // It may be longer than the window: the keyboard has to be able to scroll it.
    <div tabindex="0" role="group" aria-label={t('shortcuts.title')} class="sm:columns-2 gap-8 rounded-lg">
      <For each={groups()}>
        {([group, list]) => (
          <section class="break-inside-avoid pb-5">
            <h3 class="text-[12px] font-600 text-faint pb-1">{group}</h3>
            <dl class="col">
              <For each={list}>
                {(hotkey) => (
                  <div class="row justify-between gap-4 py-1.5 border-b border-line last:border-0">
                    <dt class="text-[13.5px]">{hotkey.label()}</dt>
                    <dd>
                      <Keys keys={hotkey.keys} />
                    </dd>
                  </div>
                )}
              </For>
            </dl>
          </section>
        )}
      </For>
    </div>
  )
}
