import { readFileSync } from 'node:fs'
import { uptime } from 'node:os'
import type { Outcome } from './attempt'
import { LEAVES_TRACES, readTraces, type Traces } from './process'
import type { JobRow } from './rows'

/** Names this start of the computer: a trace of an earlier one may not have reached the disk. */
export function bootId(): string {
  try {
    return readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()
  } catch {
    // Not Linux: the moment of the start, to the minute.
    return String(Math.round((Date.now() - uptime() * 1000) / 60_000))
  }
}

/**
 * What became of a run that was under way when the daemon was killed. Its processes have been ended by now.
 * @param sameBoot the computer has not been started since
 */
export function outcomeAfterKill(job: JobRow, traces: Traces, sameBoot: boolean): Outcome {
  // Its request id lets it be said once.
  if (job.definition.work.kind === 'message') return { kind: 'untouched' }
  const found = LEAVES_TRACES ? readTraces(traces) : 'cut off'
  if (found === 0) return { kind: 'completed', exitCode: 0 }
  if (found === 'never began' && sameBoot) return { kind: 'untouched' }
  if (typeof found === 'number')
    // Its output had nowhere to go any more, which may be why.
    return interrupted(`The daemon was killed while it was under way; it went on alone and ended with ${found}.`, found)
  return interrupted('The daemon was killed while it was under way.')
}

const interrupted = (error: string, exitCode: number | null = null): Outcome => ({
  kind: 'failed',
  failure: 'interrupted',
  error,
  exitCode,
})
