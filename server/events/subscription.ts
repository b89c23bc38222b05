import type { EventCursor } from '@shared/gen/nekode/daemon/v1/common_pb'
import { STREAM } from '@shared/limits'
import type { ComputerPrincipal } from '../access/principal'
import type { Core } from '../core'
import type { LogEvent } from '../db/database'
import type { Caller } from '../rpc/caller'

/**
 * A computer's own events after a position: those that wait in the log first, then each as it happens. Nothing in between is
 * skipped, because whatever the log held when the live reader starts has been read from it.
 */
export async function* computerEvents(
  core: Core,
  p: ComputerPrincipal,
  start: number,
  signal: AbortSignal,
): AsyncGenerator<LogEvent[], void> {
  const { hub } = core
  let after = start
  for (let more = true; more;) {
    const head = hub.head
    const page = await hub.ofAudience(`computer:${p.id}`, after, STREAM.pageEvents)
    if (page.length) yield page
    more = page.length === STREAM.pageEvents
    after = Math.max(page.at(-1)?.sequence ?? after, more ? 0 : head)
  }
  yield* liveEvents(core, p, after, signal)
}

/** What a caller may see, from after a position on. */
export async function* liveEvents(
  { hub }: Core,
  principal: Caller,
  after: number,
  signal: AbortSignal,
): AsyncGenerator<LogEvent[], void> {
  const reader = hub.open({ principal, after, signal })
  try {
    for (;;) yield await reader.next()
  } finally {
    reader.close()
  }
}

/** The position of a cursor in this server's log; undefined without one, or with one of another server or from the future. */
export function positionOf({ hub, serverId }: Core, cursor: EventCursor | undefined): number | undefined {
  const sequence = Number(cursor?.sequence ?? 0)
  if (sequence <= 0 || sequence > hub.head) return undefined
  return cursor?.serverId && cursor.serverId !== serverId ? undefined : sequence
}
