import type { Host } from '@shared/cli/host'
import type { Output } from '@shared/cli/output'
import { neutralise } from '@shared/cli/text'
import type { LocalClient } from '../../local/client'
import type { Run } from '../../services/jobs/shapes'
import { Exit } from '../exit'
import { outcome } from './words'

/** How long one look waits for more. */
const WAIT_MS = 5000

export interface FollowOptions {
  client: LocalClient
  host: Host
  out: Output
  /** A run, or a job for its newest one. */
  id: string
  /** Until it is over. */
  follow: boolean
}

/**
 * Shows what a run has said: what it said on standard error goes there too, so that both can be told apart.
 * @returns the run as it was at the last look
 */
export async function showOutput({ client, host, out, id, follow }: FollowOptions): Promise<Run> {
  const gone = follow ? host.interrupted() : undefined
  let ref = id
  for (let from = 0; ;) {
    const answer = await client.call('JobOutput', { id: ref, from, ...(follow ? { wait_ms: WAIT_MS } : {}) })
    const { run, pieces, dropped, end, over } = answer
    ref = run.id
    if (dropped > 0) say('note', `[… ${dropped} characters before this are not kept …]\n`)
    for (const { stream, text } of pieces) say(stream, text)
    from = end
    if (over || !follow || gone?.aborted) return run
  }

  function say(stream: 'stdout' | 'stderr' | 'note', text: string): void {
    if (out.json) return out.item({ stream, text }, () => '')
    const isTerminal = stream === 'stdout' ? host.tty.out : host.tty.err
    const shown = isTerminal ? neutralise(text) : text
    if (stream === 'stdout') host.out(shown)
    else host.err(stream === 'note' ? out.paintNote('dim', shown) : shown)
  }
}

/** Shows a run until it is over. @returns the exit code: 0 when it is completed */
export async function followRun(options: Omit<FollowOptions, 'follow'>): Promise<number> {
  const run = await showOutput({ ...options, follow: true })
  if (run.state === 'pending' || run.state === 'running') return Exit.interrupted
  if (options.out.json) options.out.item({ run }, () => '')
  else options.out.note(`${run.name}: ${outcome(run)}`)
  return run.state === 'completed' ? Exit.ok : Exit.failed
}
