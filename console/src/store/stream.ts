import { createParser } from 'eventsource-parser'
import type { Note, ServerEvent } from '@shared/contract'
import { authHeaders } from '../api/client'

export interface StreamOptions {
  /** Where to go on from, each time a connection is made. */
  cursor: () => string
  onEvents: (events: ServerEvent[]) => void
  /** What is true for a moment only: who is here, who is writing. */
  onNote?: (note: Note) => void
  onState: (state: 'connecting' | 'live' | 'offline') => void
  /** The server does not know the cursor any more: start over from a snapshot. */
  onGone: () => void
  onLoggedOut: () => void
}

/** A server that says nothing for this long is taken for gone; it sends a comment every 15 seconds. */
const silenceMs = 40_000
const maxWaitMs = 15_000

/** Waits 0.5, 1, 2 … seconds, 15 at most, a little more or less so that many pages do not come back in step. */
export const waitMs = (attempt: number, random = Math.random()): number =>
  Math.min(maxWaitMs, 500 * 2 ** attempt) * (0.75 + random / 2)

/**
 * Follows the server's events until the returned function is called. `EventSource` is not used because it tells nobody why
 * a connection failed: whether to wait, to log in, or to start over.
 */
export function follow(options: StreamOptions): () => void {
  const stop = new AbortController()
  void (async () => {
    for (let attempt = 0; !stop.signal.aborted; attempt++) {
      options.onState(attempt > 1 ? 'offline' : 'connecting')
      const outcome = await connect(options, stop.signal, () => (attempt = 0))
      if (outcome === 'gone') return options.onGone()
      if (outcome === 'logged_out') return options.onLoggedOut()
      if (!stop.signal.aborted) await pause(waitMs(attempt), stop.signal)
    }
  })()
  return () => stop.abort()
}

type Outcome = 'gone' | 'logged_out' | 'lost'

async function connect(options: StreamOptions, stopped: AbortSignal, onOpen: () => void): Promise<Outcome> {
  const silence = new AbortController()
  let timer = setTimeout(() => silence.abort(), silenceMs)
  try {
    const response = await fetch(`/api/server-events?notes=true&cursor=${encodeURIComponent(options.cursor())}`, {
      headers: { accept: 'text/event-stream', ...authHeaders() },
      signal: AbortSignal.any([stopped, silence.signal]),
    })
    if (response.status === 401) return 'logged_out'
    if (response.status === 409 || response.status === 410) return 'gone'
    if (!response.ok || !response.body) return 'lost'
    onOpen()
    options.onState('live')
    let gone = false
    const events: ServerEvent[] = []
    const parser = createParser({
      onEvent(message) {
        if (message.event === 'cursor_gone') gone = true
        else if (message.event === 'note') options.onNote?.(JSON.parse(message.data))
        else if (message.data) events.push(JSON.parse(message.data))
      },
    })
    const reader = response.body.pipeThrough(new TextDecoderStream()).getReader()
    for (;;) {
      const { done, value } = await reader.read()
      if (done) return 'lost'
      clearTimeout(timer)
      timer = setTimeout(() => silence.abort(), silenceMs)
      parser.feed(value)
      if (events.length > 0) options.onEvents(events.splice(0))
      if (gone) return 'gone'
    }
  } catch {
    // The network, the server's end or the page's own: the loop tries again unless it was told to stop.
    return 'lost'
  } finally {
    clearTimeout(timer)
  }
}

/** Ends early when the browser says that the network is back. */
function pause(ms: number, stopped: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      clearTimeout(timer)
      removeEventListener('online', done)
      stopped.removeEventListener('abort', done)
      resolve()
    }
    const timer = setTimeout(done, ms)
    addEventListener('online', done)
    stopped.addEventListener('abort', done)
  })
}
