/**
 * Control characters except newline and tab, and the characters that reorder text. In a terminal they move the cursor,
 * change its title, write to the clipboard, or make a line say something else than it holds.
 */
const UNSAFE = /(?![\n\t])[\p{Cc}\u202a-\u202e\u2066-\u2069]/gu

/** Text from elsewhere, for a terminal: what is unsafe becomes visible (`␛[31m`, `<U+202E>`), line ends become `\n`. */
export function neutralise(text: string): string {
  return text.replaceAll('\r\n', '\n').replace(UNSAFE, (character) => {
    const code = character.charCodeAt(0)
    if (code < 0x20) return String.fromCharCode(0x2400 + code)
    return code === 0x7f ? '␡' : `<U+${code.toString(16).toUpperCase().padStart(4, '0')}>`
  })
}

/** The same on one line: runs of white space become one blank. */
export const oneLine = (text: string): string => neutralise(text).replace(/\s+/gu, ' ').trim()

/** Each line with a margin, so that no text can pass for the line of another. */
export const indent = (text: string, margin = '  '): string =>
  text
    .split('\n')
    .map((line) => (line === '' ? '' : margin + line))
    .join('\n')

/** `1.5 MB`: bytes for people. */
export function sizeText(bytes: number): string {
  const units = ['B', 'KB', 'MB', 'GB', 'TB']
  const at = bytes < 1024 ? 0 : Math.min(Math.floor(Math.log2(bytes) / 10), units.length - 1)
  const number = bytes / 1024 ** at
  return `${at === 0 || number >= 100 ? Math.round(number) : number.toFixed(1)} ${units[at]}`
}

/** JSON that is safe in a terminal too: `JSON.stringify` leaves DEL and the C1 controls as they are. */
export function json(value: unknown, space?: number): string {
  return JSON.stringify(value, null, space).replace(
    /[\u007f-\u009f]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  )
}

const UNITS: readonly [Intl.RelativeTimeFormatUnit, number][] = [
  ['day', 86_400_000],
  ['hour', 3_600_000],
  ['minute', 60_000],
  ['second', 1000],
]
let relative: Intl.RelativeTimeFormat | undefined

/**
 * `5m ago`, `in 3d`, `now`; beyond 30 days the date.
 * @param time Unix milliseconds; null for something that has not happened
 */
export function ago(time: number | null, now: number): string {
  if (time === null) return 'never'
  const distance = time - now
  if (Math.abs(distance) > 30 * 86_400_000) return new Date(time).toISOString().slice(0, 10)
  const [unit, size] = UNITS.find(([, ms]) => Math.abs(distance) >= ms) ?? ['second', 1000]
  const count = Math.trunc(distance / size)
  // Made when it is needed: the rules of languages are megabytes, and a server that only runs needs none.
  relative ??= new Intl.RelativeTimeFormat('en', { style: 'narrow' })
  return count === 0 ? 'now' : relative.format(count, unit)
}
