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

export interface TypingOptions {
  /** Whether the clipboard may be used. */
  paste: boolean
  /** Whether the remote keyboard is a US one: on another only letters are where they are looked for. */
  us: boolean
}

/**
 * How a text is typed. Newline and tab are keys. With the clipboard, what is long, or holds characters that are on no key that is known, is
 * pasted: a server has about twenty spare keys and never takes one back.
 */
export function strokesOf(text: string, { paste, us }: TypingOptions): Stroke[] {
  const keyOf = (character: string) => (us || /[a-z\s]/i.test(character) ? usKey(character) : undefined)
  const strokes: Stroke[] = []
  for (const piece of text.replace(/\r\n?/g, '\n').split(/([\n\t])/)) {
    if (piece === '') continue
    const isKnown = [...piece].every((character) => keyOf(character) !== undefined)
    if (paste && (!isKnown || piece.length > LONG)) strokes.push({ kind: 'paste', text: piece })
    else for (const character of piece) type(character, keyOf(character), strokes)
  }
  return strokes
}

function type(character: string, place: ReturnType<typeof usKey>, strokes: Stroke[]): void {
  const last = strokes.at(-1)
  if (!place) strokes.push({ kind: 'rare', keysym: keysymOfCharacter(character) })
  else if (last?.kind === 'keys' && last.shift === place.shift) last.keysyms.push(place.keysym)
  else strokes.push({ kind: 'keys', keysyms: [place.keysym], shift: place.shift })
}
