// Built from text: in a literal the control characters that it is about would be invisible.
const ansi = new RegExp(String.raw`\u001b(?:\[[0-?]*[ -/]*[@-~]|\][^\u0007\u001b]*(?:\u0007|\u001b\\)|[@-Z\\-_])`, 'g')
const colours = new RegExp(String.raw`^\u001b\[[0-9;:]*m$`)

/** A line that was written over, as it ended: a carriage return starts it again. */
const settled = (text: string): string =>
  text
    .replace(/\r\n/g, '\n')
    .split('\n')
    .map((line) => line.slice(line.lastIndexOf('\r') + 1))
    .join('\n')

/** Terminal output as text: without colours and cursor moves, a line that was written over shown as it ended. */
export const stripAnsi = (text: string): string => settled(text.replace(ansi, ''))

/** The same with its colours. */
export const withoutCursorMoves = (text: string): string =>
  settled(text.replace(ansi, (sequence) => (colours.test(sequence) ? sequence : '')))

/** The last lines of a long output, and how many are left out above them. */
export function tail(text: string, lines = 400): { text: string; cut: number } {
  const all = text.split('\n')
  return all.length <= lines ? { text, cut: 0 } : { text: all.slice(-lines).join('\n'), cut: all.length - lines }
}
