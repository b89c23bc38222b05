import { createSignal, For } from 'solid-js'
import { t, type Key } from '../i18n'
import { Dialog } from '../ui/dialog'

const [open, setOpen] = createSignal(false)
export const openShortcuts = (): void => void setOpen(true)

const mac = /Mac|iP(hone|ad)/.test(navigator.userAgent)
const command = mac ? '⌘' : 'Ctrl'
const alt = mac ? '⌥' : 'Alt'

const keys: [keys: string[], label: Extract<Key, `shortcuts.${string}`>][] = [
  [[command, 'K'], 'shortcuts.switcher'],
  [['?'], 'shortcuts.help'],
  [['Esc'], 'shortcuts.close'],
  [[alt, '↑'], 'shortcuts.previous'],
  [[alt, '↓'], 'shortcuts.next'],
  [[alt, 'Shift', '↓'], 'shortcuts.nextUnread'],
  [['/'], 'shortcuts.compose'],
  [['Enter'], 'shortcuts.send'],
  [['Shift', 'Enter'], 'shortcuts.newline'],
  [['@'], 'shortcuts.mention'],
]

/** All keys at a glance. */
export const ShortcutSheet = () => (
  <Dialog open={open()} onClose={() => setOpen(false)} title={t('shortcuts.title')}>
    <dl class="col">
      <For each={keys}>
        {([combination, label]) => (
          <div class="row justify-between gap-4 py-2 border-b border-line last:border-0">
            <dt class="text-[13.5px]">{t(label)}</dt>
            <dd class="row gap-1">
              <For each={combination}>
                {(key) => (
                  <kbd class="min-w-6 h-6 px-1.5 inline-flex items-center justify-center rounded-md border border-edge bg-sunken text-[12px] font-sans">
                    {key}
                  </kbd>
                )}
              </For>
            </dd>
          </div>
        )}
      </For>
    </dl>
  </Dialog>
)
