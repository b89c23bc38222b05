import type { LogEvent } from '../db/database'
import type { EventHub, Reader } from './hub'
import { eventJson } from './json'

/** A connection that is silent for longer looks dead to clients, and to some proxies. */
export const PING_MS = 15_000
/** How soon a browser tries again. */
const RETRY_MS = 1000

const encoder = new TextEncoder()
const frames = new WeakMap<LogEvent, Uint8Array>()

/** An event as its bytes on the wire, made once however many readers there are. */
function frame(hub: EventHub, event: LogEvent): Uint8Array {
  const known = frames.get(event)
  if (known) return known
  const made = encoder.encode(`id: ${hub.cursor(event.sequence)}\ndata: ${eventJson(event)}\n\n`)
  frames.set(event, made)
  return made
}

const position = (hub: EventHub, reader: Reader): string => `id: ${hub.cursor(reader.position)}\n\n`

interface Stream {
  ping(): void
}

/** All open streams, so that one timer serves them. */
const streams = new Set<Stream>()
let timer: Timer | undefined

function keepAlive(stream: Stream): () => void {
  streams.add(stream)
  timer ??= setInterval(() => {
    for (const each of streams) each.ping()
  }, PING_MS)
  return () => {
    streams.delete(stream)
    if (streams.size) return
    clearInterval(timer)
    timer = undefined
  }
}

/**
 * The events of a reader as a body of server-sent events. It takes as much as the client takes: a slow one falls behind in the
 * log, where it costs nothing, and not in memory. Each comment carries the position, so that a client whose own events are rare
 * still resumes close to the head.
 */
export function eventStream(hub: EventHub, reader: Reader): ReadableStream<Uint8Array> {
  let release = (): void => {}
  return new ReadableStream<Uint8Array>(
    {
      start(controller) {
        controller.enqueue(encoder.encode(`retry: ${RETRY_MS}\n${position(hub, reader)}`))
        release = keepAlive({
          ping: () => {
            if ((controller.desiredSize ?? 0) > 0)
              controller.enqueue(encoder.encode(`: ping\n${position(hub, reader)}`))
          },
        })
      },
      async pull(controller) {
        try {
          const events = await reader.next()
          const first = events[0]
          if (first && events.length === 1) controller.enqueue(frame(hub, first))
          else controller.enqueue(Buffer.concat(events.map((event) => frame(hub, event))))
        } catch {
          // The reader was closed: the credential was revoked, the server stops, or the log cannot be read. A client that
          // comes back is told which.
          release()
          controller.close()
        }
      },
      cancel() {
        release()
        reader.close()
      },
    },
    { highWaterMark: 1 },
  )
}
