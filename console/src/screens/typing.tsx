import { createSignal, createUniqueId } from 'solid-js'
import { SCREEN_LIMITS, type ScreenWish } from '@shared/contract/screens'
import '../i18n/en/screens'
import { t } from '../i18n'
import { Button, IconButton } from '../ui/button'
import { Menu } from '../ui/menu'

type Say = (wish: ScreenWish) => void

/** Presses keys together, in their order, and lets them go. */
function press(say: Say, keys: readonly (readonly [key: string, code: string])[]): void {
  for (const [key, code] of keys) say({ type: 'key', key, code, down: true })
  for (const [key, code] of keys.toReversed()) say({ type: 'key', key, code, down: false })
}

const CONTROL = ['Control', 'ControlLeft'] as const
const ALT = ['Alt', 'AltLeft'] as const

/** What the browser or the system keeps for itself, and so never gets to the screen. */
const CHORDS = {
  'Ctrl + T': [CONTROL, ['t', 'KeyT']],
  'Ctrl + W': [CONTROL, ['w', 'KeyW']],
  'Ctrl + N': [CONTROL, ['n', 'KeyN']],
  'Alt + Tab': [ALT, ['Tab', 'Tab']],
  'Alt + F4': [ALT, ['F4', 'F4']],
  'Ctrl + Alt + Delete': [CONTROL, ALT, ['Delete', 'Delete']],
  Esc: [['Escape', 'Escape']],
} as const

export const ChordMenu = (props: { say: Say }) => (
  <Menu
    label={t('screen.keys')}
    icon="i-lucide-command"
    items={Object.entries(CHORDS).map(([label, keys]) => ({ label, onSelect: () => press(props.say, keys) }))}
  />
)

/** A text is written here and sent as a whole: for a phone, which has no keyboard that goes elsewhere. */
export function TypingRow(props: { say: Say }) {
  const id = createUniqueId()
  const [text, setText] = createSignal('')
  const send = (event: Event) => {
    event.preventDefault()
    const whole = text()
    if (whole === '') return
    if (whole.length > SCREEN_LIMITS.textCharacters) props.say({ type: 'paste', text: whole })
    else props.say({ type: 'text', text: whole })
    setText('')
  }
  return (
    <form onSubmit={send} class="row flex-wrap gap-1.5 px-3 py-2 border-t border-line">
      <label for={id} class="sr-only">
        {t('screen.text')}
      </label>
      <input
        id={id}
        type="text"
        autocomplete="off"
        autocapitalize="off"
        spellcheck={false}
        maxlength={SCREEN_LIMITS.pasteCharacters}
        placeholder={t('screen.text')}
        value={text()}
        onInput={(event) => setText(event.currentTarget.value)}
        class="flex-1 min-w-40 h-9 [@media(pointer:coarse)]:h-10 rounded-lg border border-edge bg-surface px-3 text-sm text-ink focus:outline-none focus:border-accent focus:ring-3 focus:ring-accent/20"
      />
      <Button type="submit" kind="primary" disabled={text() === ''}>
        {t('screen.send')}
      </Button>
      <IconButton
        icon="i-lucide-delete"
        label={t('screen.erase')}
        onClick={() => press(props.say, [['Backspace', 'Backspace']])}
      />
      <IconButton
        icon="i-lucide-corner-down-left"
        label={t('screen.enter')}
        onClick={() => press(props.say, [['Enter', 'Enter']])}
      />
    </form>
  )
}
