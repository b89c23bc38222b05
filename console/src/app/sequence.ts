/** A key press, as far as shortcuts look at it. */
export interface Press {
  key: string
  code?: string
  ctrlKey: boolean
  metaKey: boolean
  altKey: boolean
  shiftKey: boolean
}

/**
 * The name of a press: `k`, `?`, `Enter`, `shift+e`, `alt+ArrowUp`, `mod+k`. `mod` is Ctrl or ⌘. Shift is part of the name of letters and
 * of keys with a name; of a sign it is already in the sign.
 */
export function nameOf(press: Press): string {
  const sign = press.key.length === 1 && press.key.toLowerCase() === press.key.toUpperCase()
  // With Alt a Mac types another letter.
  const key = press.altKey && press.code?.startsWith('Key') ? press.code.slice(3) : press.key
  const base = key === ' ' ? 'Space' : key.length === 1 ? key.toLowerCase() : key
  return [
    press.ctrlKey || press.metaKey ? 'mod' : '',
    press.altKey ? 'alt' : '',
    press.shiftKey && !sign ? 'shift' : '',
    base,
  ]
    .filter(Boolean)
    .join('+')
}

/** Half a sequence is forgotten after so long. */
const patienceMs = 1200
const modifiers = new Set(['Shift', 'Control', 'Alt', 'Meta', 'CapsLock', 'Dead', 'Process', 'Unidentified'])

/** Finds out which of many key sequences was typed: `g i` is `g` and then `i`, a moment later at most. */
export class Sequence<T extends { keys: string }> {
  #typed: string[] = []
  #at = 0

  /**
   * Takes in one press. The longest sequence that ends with it wins, and of two equal ones the later, which belongs to what is on top.
   * @returns what was typed in full, `'half'` when it is the beginning of something, else undefined
   */
  press(press: Press, table: readonly T[], now = Date.now()): T | 'half' | undefined {
    if (modifiers.has(press.key)) return undefined
    if (now - this.#at > patienceMs) this.#typed = []
    this.#at = now
    this.#typed.push(nameOf(press))
    for (; this.#typed.length > 0; this.#typed.shift()) {
      const typed = this.#typed.join(' ')
      const found = table.findLast(({ keys }) => keys === typed)
      if (found) {
        this.#typed = []
        return found
      }
      if (table.some(({ keys }) => keys.startsWith(`${typed} `))) return 'half'
    }
    return undefined
  }
}
