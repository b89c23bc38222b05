import { styleText } from 'node:util'
import { oneLine } from './text'

export type Style = Parameters<typeof styleText>[0]
/** Colours a text, or leaves it as it is where colour is not wanted. */
export type Paint = (style: Style | undefined, text: string) => string

export const painter =
  (colour: boolean): Paint =>
  (style, text) =>
    colour && style !== undefined ? styleText(style, text, { validateStream: false }) : text

export interface Column<T> {
  title: string
  text: (row: T) => string
  style?: (row: T) => Style | undefined
}

const GAP = '  '

/**
 * Rows under a line of titles, each column as wide as its widest cell.
 * @param width of the terminal in columns; the last column is cut to fit. Without one nothing is cut.
 */
export function table<T>(rows: readonly T[], columns: readonly Column<T>[], paint: Paint, width?: number): string {
  const cells = rows.map((row) => columns.map((column) => oneLine(column.text(row)) || '-'))
  const titles = columns.map((column) => column.title.toUpperCase())
  const widths = columns.map((_, i) => Math.max(...[titles, ...cells].map((line) => Bun.stringWidth(line[i] ?? ''))))
  const line = (texts: string[], styleOf: (column: number) => Style | undefined): string => {
    let used = 0
    const parts = texts.map((text, i) => {
      const last = i === texts.length - 1
      const fitted = last ? fit(text, width === undefined ? undefined : width - used) : text
      const padding = last ? '' : ' '.repeat((widths[i] ?? 0) - Bun.stringWidth(fitted))
      used += (widths[i] ?? 0) + GAP.length
      return paint(styleOf(i), fitted) + padding
    })
    return parts.join(GAP).trimEnd()
  }
  return [
    line(titles, () => 'dim'),
    ...cells.map((texts, row) => line(texts, (i) => styleAt(columns[i], rows[row]))),
  ].join('\n')
}

const styleAt = <T>(column: Column<T> | undefined, row: T | undefined): Style | undefined =>
  row === undefined ? undefined : column?.style?.(row)

/** A line cut to a number of columns, with an ellipsis; never to fewer than 10. */
export const fit = (text: string, width: number | undefined): string =>
  width === undefined || Bun.stringWidth(text) <= width ? text : Bun.sliceAnsi(text, 0, Math.max(width, 10), '…')

/** `name  value` lines, the names aligned. */
export function fields(entries: readonly (readonly [string, string])[], paint: Paint): string {
  const shown = entries.filter(([, value]) => value !== '')
  const width = Math.max(...shown.map(([name]) => name.length))
  return shown.map(([name, value]) => `${paint('dim', name.padEnd(width))}  ${oneLine(value)}`).join('\n')
}
