export interface DiffLine {
  kind: 'same' | 'added' | 'removed' | 'hunk'
  text: string
  /** Line number before and after the change, where the line exists there. */
  before?: number
  after?: number
}

export interface Diff {
  lines: DiffLine[]
  added: number
  removed: number
  /** Lines beyond the longest that is shown. */
  cut: number
}

const longest = 1500

/**
 * A unified diff as lines. Text without a hunk header is the whole new file, which is how a runtime reports a file that it
 * made.
 */
export function parseDiff(diff: string): Diff {
  const source = diff.replace(/\r\n/g, '\n').replace(/\n$/, '').split('\n')
  const lines = source.some((line) => line.startsWith('@@')) ? parseHunks(source) : wholeFile(source)
  return {
    lines: lines.slice(0, longest),
    added: lines.filter((line) => line.kind === 'added').length,
    removed: lines.filter((line) => line.kind === 'removed').length,
    cut: Math.max(0, lines.length - longest),
  }
}

const wholeFile = (source: string[]): DiffLine[] => source.map((text, at) => ({ kind: 'added', text, after: at + 1 }))

function parseHunks(source: string[]): DiffLine[] {
  const lines: DiffLine[] = []
  let before = 0
  let after = 0
  let inHunk = false
  for (const line of source) {
    const hunk = /^@@ -(\d+)(?:,\d+)? \+(\d+)(?:,\d+)? @@(.*)$/.exec(line)
    if (hunk) {
      before = Number(hunk[1])
      after = Number(hunk[2])
      inHunk = true
      lines.push({ kind: 'hunk', text: (hunk[3] ?? '').trim() || '⋯' })
    } else if (!inHunk || line.startsWith('\\')) continue
    else if (line.startsWith('diff --git') || line.startsWith('Index: ')) inHunk = false
    else if (line.startsWith('+')) lines.push({ kind: 'added', text: line.slice(1), after: after++ })
    else if (line.startsWith('-')) lines.push({ kind: 'removed', text: line.slice(1), before: before++ })
    else lines.push({ kind: 'same', text: line.slice(1), before: before++, after: after++ })
  }
  return lines
}

/** A row of two columns: what was there, and what is there now. A hunk's heading spans both. */
export interface SplitRow {
  hunk?: string
  before?: DiffLine
  after?: DiffLine
}

/** The lines of a diff side by side: what was removed stands beside what took its place. */
export function sideBySide(lines: DiffLine[]): SplitRow[] {
  const rows: SplitRow[] = []
  let removed: DiffLine[] = []
  let added: DiffLine[] = []
  const flush = () => {
    for (let at = 0; at < Math.max(removed.length, added.length); at++) {
      const [before, after] = [removed[at], added[at]]
      rows.push({ ...(before ? { before } : {}), ...(after ? { after } : {}) })
    }
    removed = []
    added = []
  }
  for (const line of lines) {
    if (line.kind === 'removed') removed.push(line)
    else if (line.kind === 'added') added.push(line)
    else {
      flush()
      rows.push(line.kind === 'hunk' ? { hunk: line.text } : { before: line, after: line })
    }
  }
  flush()
  return rows
}

/** Lines that came and went, of one diff or of several. */
export function statOf(diffs: readonly { diff: string }[]): { added: number; removed: number } {
  const each = diffs.map(({ diff }) => parseDiff(diff))
  const sum = (of: 'added' | 'removed') => each.reduce((total, diff) => total + diff[of], 0)
  return { added: sum('added'), removed: sum('removed') }
}
