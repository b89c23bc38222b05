/**
 * Text of a daemon as a column may hold it: without control characters (PostgreSQL refuses NUL), at most `length` UTF-16 units, and
 * never with half a character at the cut.
 */
export const clip = (text: string, length: number): string =>
  text
    .replace(/(?!\n)\p{Cc}/gu, ' ')
    .trim()
    .slice(0, length)
    .replace(/[\ud800-\udbff]$/, '')
    .toWellFormed()
