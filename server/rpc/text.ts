/** Text of a caller: well-formed, at most `length` UTF-16 code units, never with half a character at the cut. */
export function cut(text: string, length: number): string {
  const whole = text.toWellFormed()
  return whole.length <= length ? whole : whole.slice(0, length).replace(/[\ud800-\udbff]$/, '')
}

/** As `cut`; says so when something is missing. */
export const cutVisibly = (text: string, length: number): string =>
  text.length <= length ? text.toWellFormed() : `${cut(text, length)}\n… (cut)`

/** The first line of a text, as a summary. */
export const firstLine = (text: string, length: number): string => cut(text.trim().split('\n', 1)[0] ?? '', length)
