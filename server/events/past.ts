import type { ListEventsSinceRequest } from '@shared/gen/nekode/daemon/v1/events_pb'
import { EVENTS, STREAM } from '@shared/limits'
import type { ActivityService } from '../activity/service'
import type { Core } from '../core'
import type { LogEvent } from '../db/database'
import type { Caller } from '../rpc/caller'
import { limitOf } from '../rpc/page'
import { type Collaboration, collaboration } from './collaboration'
import { passes } from './filter'
import { positionOf } from './subscription'

/** What happened after a cursor, as far as the caller may see it, and where to go on. */
export async function eventsSince(
  core: Core,
  caller: Caller,
  req: ListEventsSinceRequest,
  activity: ActivityService,
): Promise<{ found: Collaboration[]; sequence: number }> {
  const limit = limitOf(req.limit)
  const start = positionOf(core, req.cursor) ?? 0
  const found: Collaboration[] = []
  let at = start
  for (let complete = false; !complete && at < start + EVENTS.scanned;) {
    const page = await read(core, caller, at)
    const seen = page.events.filter((e) => core.hub.sees(caller, e))
    for (const one of await collaboration(seen, activity)) {
      if (!wanted(req, one)) continue
      found.push(one)
      if (found.length === limit) return { found, sequence: Number(one.event.sequence ?? 0n) }
    }
    at = page.events.at(-1)?.sequence ?? at
    complete = page.complete
  }
  return { found, sequence: at }
}

/** A computer's few events are looked up instead of looked for. */
async function read({ hub }: Core, caller: Caller, after: number): Promise<{ events: LogEvent[]; complete: boolean }> {
  if (caller.kind !== 'computer') return hub.after(after)
  const events = await hub.ofAudience(`computer:${caller.id}`, after, STREAM.pageEvents)
  return { events, complete: events.length < STREAM.pageEvents }
}

function wanted(req: ListEventsSinceRequest, one: Collaboration): boolean {
  const { cursor, kinds, operations, scopes } = req
  if (cursor?.aggregateId && cursor.aggregateId !== one.aggregateId) return false
  return passes({ kinds, operations, scopes, targets: cursor?.target ? [cursor.target] : [] }, one)
}
