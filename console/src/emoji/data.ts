import { locale } from '../i18n'

export interface EmojiFact {
  emoji: string
  /** What it shows, in the reader's language. */
  name: string
  group: number
  /** What it is found by, in lower case. */
  words: string
}

/** The groups that emoji come in, in their order; 2 holds parts of emoji only. */
export const groups = [0, 1, 3, 4, 5, 6, 7, 8, 9] as const

const parse = (text: string): EmojiFact[] =>
  text.split('\n').map((line) => {
    const [emoji = '', group = '', name = '', tags = ''] = line.split('|')
    return { emoji, name, group: Number(group), words: `${name} ${tags}`.toLowerCase() }
  })

const loaded = new Map<string, Promise<EmojiFact[]>>()

/** Every emoji with its name in the reader's language; loaded when somebody looks for one. */
export function loadEmoji(): Promise<EmojiFact[]> {
  const language = locale()
  const known = loaded.get(language)
  if (known) return known
  const facts = (language === 'zh-CN' ? import('./zh') : import('./en')).then(({ text }) => parse(text))
  loaded.set(language, facts)
  facts.catch(() => loaded.delete(language))
  return facts
}

/** Those that `query` names, the best first: by the name's beginning, by a word's, then anywhere. */
export function findEmoji(all: readonly EmojiFact[], query: string): EmojiFact[] {
  const wanted = query.trim().toLowerCase().replace(/^:|:$/g, '')
  const terms = wanted.split(/[\s_]+/).filter(Boolean)
  const rank = ({ name, words, emoji }: EmojiFact): number => {
    if (emoji === query.trim()) return 0
    if (!terms.every((term) => words.includes(term))) return 9
    if (name.toLowerCase().startsWith(wanted)) return 1
    return terms.every((term) => ` ${words}`.includes(` ${term}`)) ? 2 : 3
  }
  return all
    .map((fact) => ({ fact, rank: rank(fact) }))
    .filter(({ rank }) => rank < 9)
    .sort((a, b) => a.rank - b.rank)
    .map(({ fact }) => fact)
}

/** A place in rows of different lengths, after an arrow key; past an end it stays. */
export function step(rows: readonly { length: number }[], [row, column]: Cell, key: string): Cell {
  const width = rows[row]?.length ?? 0
  const within = (next: number, wanted: number): Cell => [next, Math.min(wanted, (rows[next]?.length ?? 1) - 1)]
  if (key === 'ArrowRight')
    return column + 1 < width ? [row, column + 1] : row + 1 < rows.length ? [row + 1, 0] : [row, column]
  if (key === 'ArrowLeft') return column > 0 ? [row, column - 1] : row > 0 ? within(row - 1, Infinity) : [row, column]
  if (key === 'ArrowDown') return row + 1 < rows.length ? within(row + 1, column) : [row, column]
  if (key === 'ArrowUp') return row > 0 ? within(row - 1, column) : [row, column]
  return [row, column]
}
export type Cell = readonly [row: number, column: number]
