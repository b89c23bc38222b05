/** How well `text` fits what was typed: 0 not at all; the start of the name fits best, letters spread over it least. */
export function fit(text: string, typed: string): number {
  const hay = text.toLowerCase()
  const needle = typed.trim().replace(/^[#@]/, '').toLowerCase()
  if (!needle) return 1
  if (hay.startsWith(needle)) return 4
  if (hay.split(/[\s._-]+/).some((word) => word.startsWith(needle))) return 3
  if (hay.includes(needle)) return 2
  let from = 0
  for (const letter of needle) {
    from = hay.indexOf(letter, from) + 1
    if (from === 0) return 0
  }
  return 1
}
