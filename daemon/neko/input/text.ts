import { keysymOfCharacter, usKey } from '../protocol/keysyms'

/** A piece of text as it is brought to the remote screen. */
export type Stroke =
  /** Keys of a US keyboard that are pressed one after another, all with Shift or all without. */
  | { kind: 'keys'; keysyms: number[]; shift: boolean }
  /** A character that no key of a US keyboard makes: the server gives it to a spare key for a moment. */
  | { kind: 'rare'; keysym: number }
  | { kind: 'paste'; text: string }

/** From this many characters on typing takes seconds, and pasting does not. */
const LONG = 200

/**
 * How a text is typed. Newline and tab are keys. With the clipboard, what is long, or holds characters that are not on a US keyboard, is
 * pasted: a server has about twenty spare keys and never takes one back.
 * @param paste whether the clipboard may be used
 */
export function strokesOf(text: string, paste: boolean): Stroke[] {
  const strokes: Stroke[] = []
  for (const piece of text.replace(/\r\n?/g, '\n').split(/([\n\t])/)) {
    if (piece === '') continue
    if (piece !== '\n' && piece !== '\t' && paste && (piece.length > LONG || !isUs(piece))) {
      strokes.push({ kind: 'paste', text: piece })
    } else typed(piece, strokes)
  }
  return strokes
}

const isUs = (text: string): boolean => [...text].every((character) => usKey(character) !== undefined)

function typed(text: string, strokes: Stroke[]): void {
  for (const character of text) {
    const place = usKey(character)
    const last = strokes.at(-1)
    if (!place) strokes.push({ kind: 'rare', keysym: keysymOfCharacter(character) })
    else if (last?.kind === 'keys' && last.shift === place.shift) last.keysyms.push(place.keysym)
    else strokes.push({ kind: 'keys', keysyms: [place.keysym], shift: place.shift })
  }
}
