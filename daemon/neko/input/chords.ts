import { NekodeError } from '@shared/errors'
import { isModifier, Key, keysymOf, usKey } from '../protocol/keysyms'

/**
 * The keys of a chord, in the order in which they go down: `Ctrl+Alt+t`, `ctrl-shift-Tab`, `Alt+Left`, `Ctrl++`, `Super`, `Page_Down`.
 * A letter in upper case after a modifier is the key of that letter (`Ctrl+T` is what a menu calls Ctrl+t); alone it is typed as such.
 * Characters that a US keyboard has above others bring their Shift.
 * @throws NekodeError invalid `unknown_key`
 */
export function parseChord(text: string): number[] {
  const given = text === ' ' ? text : text.trim()
  const keys = split(given)
  if (keys.length === 0) throw new NekodeError('invalid', 'No key is named.', { code: 'unknown_key', next: EXAMPLES })
  const before = keys.slice(0, -1).map((name) => keysym(name, given))
  const last = keys.at(-1) ?? ''
  const place = usKey(last)
  if (!place) return [...before, keysym(last, given)]
  const isLetter = /[A-Z]/.test(last)
  const shift = place.shift && !(isLetter && before.some(isModifier)) && !before.includes(Key.Shift)
  return [...before, ...(shift ? [Key.Shift] : []), place.keysym]
}

const EXAMPLES = 'Name it as X11 does: Return, Page_Down, F5, KP_Enter, or a chord: Ctrl+Alt+t.'

/** A word that is a key as a whole is never taken apart: `+`, `-` and `page-down` are keys, the last plus of `Ctrl++` too. */
function split(text: string): string[] {
  const keys: string[] = []
  let rest = text
  while (rest !== '' && keysymOf(rest) === undefined) {
    const at = rest.slice(1).search(/[+-]/) + 1
    if (at === 0) break
    keys.push(rest.slice(0, at).trim())
    rest = rest.slice(at + 1).trim()
    if (rest === '') throw unknown(text, `Something is missing after “${keys.at(-1)}”.`)
  }
  return rest === '' ? keys : [...keys, rest]
}

function keysym(name: string, chord: string): number {
  const place = usKey(name)
  const found = place ? place.keysym : keysymOf(name)
  if (found === undefined) throw unknown(chord, `There is no key “${name}”.`)
  return found
}

const unknown = (chord: string, why: string): NekodeError =>
  new NekodeError('invalid', `“${chord}” is no key: ${why}`, { code: 'unknown_key', next: EXAMPLES })
