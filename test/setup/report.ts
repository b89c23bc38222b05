/** What one suite came to. */
export interface Count {
  passed: number
  failed: number
  /** Names of tests that were skipped or are still to do. */
  left: string[]
}

/**
 * Counts from what `bun test` printed: its JUnit file does not know of a test file that failed to load. The names of skipped tests come
 * from the JUnit file. A process that ended badly without a failed test (a crash, a time-out) counts as one failure.
 */
export function count(outcome: { code: number; output: string }, junit: string): Count {
  const last = (word: string): number =>
    Number(
      outcome.output
        .matchAll(new RegExp(`^ *(\\d+) ${word}$`, 'gm'))
        .toArray()
        .at(-1)?.[1] ?? 0,
    )
  const failed = last('fail')
  return {
    passed: last('pass'),
    failed: failed || outcome.code === 0 ? failed : 1,
    left: skippedIn(junit),
  }
}

function skippedIn(junit: string): string[] {
  const names: string[] = []
  for (const [, attributes = '', inner = ''] of junit.matchAll(/<testcase ([^>]*[^/])>(.*?)<\/testcase>/gs)) {
    if (!inner.includes('<skipped')) continue
    const value = (name: string): string => unescape(new RegExp(`(?:^| )${name}="([^"]*)"`).exec(attributes)?.[1] ?? '')
    names.push([value('classname'), value('name')].filter((part) => part).join(' > '))
  }
  return names
}

const ENTITIES: Record<string, string> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'", '#10': ' ' }
const unescape = (text: string): string => text.replace(/&(#?\w+);/g, (all, name: string) => ENTITIES[name] ?? all)

/** The part of a suite's output that tells what failed: without the closing counts, and not without end. */
export function failures(output: string, lines = 150): string {
  const kept = output
    .replace(/^bun test v.*$/m, '')
    .split('\n')
    .filter((line) => !/^ *\d+ (pass|skip|todo|fail|error|expect\(\) calls)s?$|^Ran \d+ tests? across/.test(line))
  const text = kept.slice(0, lines).join('\n').trim()
  return kept.length > lines ? `${text}\n… ${kept.length - lines} more lines` : text
}
