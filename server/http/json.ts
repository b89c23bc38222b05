import { NekodeError } from '@shared/errors'

/** Levels of a body. Nothing that is asked for has a tenth of it; what a program adds for programs may have more. */
const MAX_DEPTH = 100
const [QUOTE, BACKSLASH, BRACKET, BRACE] = [0x22, 0x5c, 0x5b, 0x7b]

/** Half of a pair of surrogates that stands for itself can come in as an escape only: the bytes are UTF-8. */
const ESCAPED = /\\u[dD][89a-fA-F]/

/**
 * The one value of a body.
 * @throws NekodeError `invalid` for what is no JSON, and for texts and names with half a character in them: no database, search
 *   index or encoder would keep such a text as it is
 */
export function parseJson(text: string): unknown {
  if (text.length > MAX_DEPTH && isDeep(text))
    throw new NekodeError('invalid', `The body nests deeper than ${MAX_DEPTH} levels.`, { code: 'invalid_request' })
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch (cause) {
    throw new NekodeError('invalid', 'The body is not valid JSON.', { code: 'invalid_request', cause })
  }
  if (ESCAPED.test(text) && !isWellFormed(value))
    throw new NekodeError('invalid', 'A text in the body has half a character in it, a surrogate without its pair.', {
      code: 'invalid_request',
      next: 'Cut text between characters, not inside of one such as an emoji.',
    })
  return value
}

/** Whether some part of a text is nested too deeply to be walked through by recursion, as everything after this does. */
function isDeep(text: string): boolean {
  let depth = 0
  let quoted = false
  for (let i = 0; i < text.length; i++) {
    const c = text.charCodeAt(i)
    if (quoted) {
      if (c === BACKSLASH) i++
      else if (c === QUOTE) quoted = false
    } else if (c === QUOTE) quoted = true
    else if (c === BRACKET || c === BRACE) {
      if (++depth > MAX_DEPTH) return true
    } else if (c === BRACKET + 2 || c === BRACE + 2) depth--
  }
  return false
}

/** Not by recursion: a body nests as deep as its sender likes. */
function isWellFormed(whole: unknown): boolean {
  const open = [whole]
  for (let value = open.pop(); open.length > 0 || value !== undefined; value = open.pop()) {
    if (typeof value === 'string' && !value.isWellFormed()) return false
    if (typeof value !== 'object' || value === null) continue
    for (const [name, inner] of Object.entries(value)) {
      if (!name.isWellFormed()) return false
      open.push(inner)
    }
  }
  return true
}
