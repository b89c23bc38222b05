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
