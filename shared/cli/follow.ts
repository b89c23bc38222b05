import { EventPayload, ServerEventJson } from '@shared/contract'
import { NekodeError, errorText } from '@shared/errors'
import { formatDuration } from '@shared/duration'
import { followSse } from '@shared/sse'
import { z } from 'zod'
import type { Connection } from './account'
import type { Output } from './output'

const head = ServerEventJson.omit({ kind: true, payload: true })
/** The events that the terminal shows something of. */
const Followed = z.discriminatedUnion('kind', [
  head.extend({ kind: z.literal('message'), payload: EventPayload.message }),
  head.extend({ kind: z.literal('delivery'), payload: EventPayload.delivery }),
  head.extend({ kind: z.literal('run'), payload: EventPayload.run }),
  head.extend({ kind: z.literal('run_step'), payload: EventPayload.run_step }),
  head.extend({ kind: z.literal('approval'), payload: EventPayload.approval }),
])
export type Followed = z.infer<typeof Followed>
const KINDS: ReadonlySet<string> = new Set(Followed.options.map((option) => option.shape.kind.value))

export type FeedItem = { type: 'open'; resumed: boolean } | { type: 'event'; event: Followed }

export interface FollowOptions {
  target?: string
  signal: AbortSignal
  out: Output
}

/**
 * The server's live events about messages and runs. `open` with `resumed: false` says that events before it were not
 * seen: whoever needs them asks for the present state then.
 */
export async function* follow(connection: Connection, options: FollowOptions): AsyncGenerator<FeedItem, void> {
  const { out, signal, target } = options
  const query = target === undefined ? '' : `?${new URLSearchParams({ target })}`
  const url = `${connection.server}/api/server-events${query}`
  for await (const item of followSse({ url, headers: connection.headers, signal })) {
    if (item.type === 'lost')
      out.progress('reconnect', { error: item.error, retryMs: item.retryMs }, lostText(item.error, item.retryMs))
    else if (item.type === 'open') yield item
    else {
      const event = parseEvent(item.data)
      if (event) yield { type: 'event', event }
    }
  }
}

const lostText = (error: string, ms: number): string =>
  `connection lost (${error.replace(/\.$/, '')}), trying again in ${formatDuration(ms)}`

/** An event of a followed kind; undefined for the others. Throws when it is not what the contract says. */
export function parseEvent(data: string): Followed | undefined {
  let value: unknown
  try {
    value = JSON.parse(data)
    if (!KINDS.has(z.looseObject({ kind: z.string() }).parse(value).kind)) return undefined
    return Followed.parse(value)
  } catch (cause) {
    const what = cause instanceof z.ZodError ? z.prettifyError(cause) : errorText(cause)
    throw new NekodeError('internal', `The server sent an event that cannot be read: ${what}`, {
      next: 'Update the older of the two: nekode version, nekode whoami',
      cause,
    })
  }
}
