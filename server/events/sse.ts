import { STREAM } from '@shared/limits'
import type { LogEvent } from '../db/database'
import type { EventHub, Reader } from './hub'
import { eventJson } from './json'

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

const position = (hub: EventHub, sequence: number): string => `id: ${hub.cursor(sequence)}\n\n`

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
  }, STREAM.pingMs)
  return () => {
    streams.delete(stream)
    if (streams.size) return
    clearInterval(timer)
    timer = undefined
  }
}

/**
 * The events of a reader as a body of server-sent events. It takes as much as the client takes: a slow one falls behind in the
 * log, where it costs nothing, and not in memory; one that takes nothing for long is cut off, and resumes from its last id. Each comment
 * carries the position, so that a client whose own events are rare still resumes close to the head.
 * @param now milliseconds
 */
export function eventStream(hub: EventHub, reader: Reader, now = Date.now): ReadableStream<Uint8Array> {
  let release = (): void => {}
  /** Since when the client has not taken what is there for it; undefined while it takes everything. */
  let stalledAt: number | undefined
  let waiting: LogEvent[] = []
  return new ReadableStream<Uint8Array>(
    {
      start(controller) {
        const stalled = (): boolean => (controller.desiredSize ?? 0) <= 0
        controller.enqueue(encoder.encode(`retry: ${RETRY_MS}\n${position(hub, reader.position)}`))
        release = keepAlive({
          ping: () => {
            // What is waiting has not been sent: whoever resumes must get it.
            const sent = (waiting[0]?.sequence ?? reader.position + 1) - 1
            if (!stalled()) controller.enqueue(encoder.encode(`: ping\n${position(hub, sent)}`))
            else if (now() - (stalledAt ??= now()) >= STREAM.stalledMs) reader.close()
          },
        })
        // The credential was revoked, the server stops, or the client is stuck. One that comes back is told which.
        reader.whenClosed((reason) => {
          release()
          waiting = []
          // Nobody would ever take what an orderly end comes after.
          if (stalled()) controller.error(reason)
          else controller.close()
        })
      },
      async pull(controller) {
        stalledAt = undefined
        try {
          if (!waiting.length) waiting = await reader.next()
          const notes = reader.takeNotes().map((json) => encoder.encode(`event: note\ndata: ${json}\n\n`))
          controller.enqueue(chunk(hub, waiting, notes))
        } catch (error) {
          // The log cannot be read, or the reader was closed, which has ended the stream.
          reader.close(error)
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

/** Takes as many events as are made ready at a time, at least one where there is one, after the notes. */
function chunk(hub: EventHub, waiting: LogEvent[], notes: Uint8Array[]): Uint8Array {
  const frames = [...notes]
  let bytes = 0
  while (bytes < STREAM.chunkBytes) {
    const event = waiting.shift()
    if (!event) break
    const made = frame(hub, event)
    frames.push(made)
    bytes += made.length
  }
  return frames.length === 1 && frames[0] ? frames[0] : Buffer.concat(frames)
}
