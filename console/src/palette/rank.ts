/** Longer texts are not looked at to their end. */
const longest = 200

/**
 * How well `text` fits what was typed, 0 (not at all) to 100 (the same). Every word that was typed has to be somewhere: at the start of
 * the text, of one of its words, inside one, as the first letters of its words, or at least as letters in this order.
 */
export function fitness(text: string, typed: string): number {
  const hay = text.toLowerCase().slice(0, longest)
  const needle = typed.trim().toLowerCase().replace(/\s+/g, ' ')
  if (!needle) return 1
  if (hay === needle) return 100
  const whole = fitOne(hay, needle)
  const words = needle.split(' ')
  if (words.length === 1) return whole
  const each = words.map((word) => fitOne(hay, word))
  return Math.max(whole, Math.min(...each) * 0.9)
}

const boundary = /[\s._\-/:#@（(]/

function fitOne(hay: string, needle: string): number {
  // Of two that fit alike the shorter is meant.
  const short = 5 * (needle.length / hay.length)
  if (hay.startsWith(needle)) return (boundary.test(hay[needle.length] ?? '') ? 90 : 85) + short
  for (let at = hay.indexOf(needle); at > 0; at = hay.indexOf(needle, at + 1))
    if (boundary.test(hay[at - 1] ?? '')) return 70 + short
  if (hay.includes(needle)) return 50 + short
  const initials = hay
    .split(/[\s._-]+/)
    .map((word) => word[0] ?? '')
    .join('')
  if (needle.length > 1 && initials.startsWith(needle)) return 45 + short
  return spread(hay, needle)
}

/** Letters in order with gaps between them; the fewer gaps the better. */
function spread(hay: string, needle: string): number {
  // Two letters are in almost every text.
  if (needle.length < 3) return 0
  let from = 0
  let gaps = 0
  for (const letter of needle) {
    const at = hay.indexOf(letter, from)
    if (at < 0) return 0
    if (from > 0 && at > from) gaps++
    from = at + letter.length
  }
  return Math.max(5, 30 - 6 * gaps)
}
