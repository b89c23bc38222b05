import { createParser } from 'eventsource-parser'
import { ApiError, failure } from './contract/client'
import { errorText } from './errors'

/** Longest event, in UTF-16 code units: a stream that sends more without an end is no event stream. */
const MAX_EVENT = 16 << 20
const FIRST_DELAY_MS = 250
const LONGEST_DELAY_MS = 10_000
/** Silence after which a connection counts as dead. Servers send a comment well before. */
const IDLE_MS = 60_000

export type SseItem =
  /** Connected. `resumed`: the server continues where the last event was; else what happened in between is missing. */
  | { type: 'open'; resumed: boolean }
  | { type: 'event'; id: string | undefined; name: string; data: string }
  /** The connection broke; another attempt follows after `retryMs`. */
  | { type: 'lost'; error: string; retryMs: number }

export interface SseOptions {
  url: string
  headers?: () => Record<string, string>
  /** Where to start: the id of the last event that is known. */
  lastEventId?: string
  /** Ends the iteration without an error. */
  signal?: AbortSignal
  /** Default 60 s. */
  idleMs?: number
  /** First pause before a reconnect; doubles up to 10 s, with jitter, and starts over once data arrives. Default 250 ms. */
  retryMs?: number
  fetch?: (url: string, init: RequestInit) => Promise<Response>
}

/**
 * Follows a server-sent event stream for as long as the caller iterates. It reconnects by itself and resumes with
 * `Last-Event-ID`; a position that the server does not know any more (410) starts over, told by `open` with
 * `resumed: false`. Throws `ApiError` for a refusal that another attempt would not change.
 */
export async function* followSse(options: SseOptions): AsyncGenerator<SseItem, void> {
  const state: Position = { lastEventId: options.lastEventId, failures: 0, retryMs: options.retryMs ?? FIRST_DELAY_MS }
  const stopped = (): boolean => options.signal?.aborted === true
  while (!stopped()) {
    const attempt = new AbortController()
    const stop = (): void => attempt.abort()
    options.signal?.addEventListener('abort', stop)
    let error: string
    try {
      const response = await connect(options, state, attempt.signal)
      if (response === 'gone') {
        state.lastEventId = undefined
        continue
      }
      yield { type: 'open', resumed: state.lastEventId !== undefined }
      yield* read(response, options, state)
      error = 'the server ended the stream'
    } catch (e) {
      if (stopped()) return
      if (e instanceof ApiError && !passing(e.status)) throw e
      error = errorText(e)
    } finally {
      options.signal?.removeEventListener('abort', stop)
      attempt.abort()
    }
    if (stopped()) return
    const retryMs = pause(state)
    yield { type: 'lost', error, retryMs }
    await sleep(retryMs, options.signal)
  }
}

interface Position {
  lastEventId: string | undefined
  /** Attempts in a row that brought no data. */
  failures: number
  retryMs: number
}

const passing = (status: number): boolean => status === 0 || status === 408 || status === 429 || status >= 500

function pause(state: Position): number {
  const longest = Math.min(state.retryMs * 2 ** state.failures, Math.max(LONGEST_DELAY_MS, state.retryMs))
  state.failures++
  return Math.round(longest * (0.5 + Math.random() / 2))
}

async function connect(options: SseOptions, state: Position, signal: AbortSignal): Promise<Response | 'gone'> {
  const headers: Record<string, string> = { accept: 'text/event-stream', ...options.headers?.() }
  if (state.lastEventId !== undefined) headers['last-event-id'] = state.lastEventId
  const response = await (options.fetch ?? fetch)(options.url, { headers, signal })
  if (response.status === 410 && state.lastEventId !== undefined) return 'gone'
  if (!response.ok) throw failure(response.status, await response.text())
  if (!response.headers.get('content-type')?.startsWith('text/event-stream'))
    throw new ApiError(
      response.status === 200 ? 406 : response.status,
      'not_events',
      'The address does not answer with an event stream.',
      'Check the server’s address, and that no proxy answers in its place.',
    )
  return response
}

async function* read(response: Response, options: SseOptions, state: Position): AsyncGenerator<SseItem, void> {
  const arrived: SseItem[] = []
  const parser = createParser({
    maxBufferSize: MAX_EVENT,
    onId: (id) => {
      state.lastEventId = id === '' ? undefined : id
    },
    onRetry: (ms) => {
      state.retryMs = ms
    },
    onEvent: ({ id, event, data }) => arrived.push({ type: 'event', id, name: event ?? 'message', data }),
  })
  const decoder = new TextDecoder()
  if (!response.body) return
  const reader = response.body.getReader()
  for (;;) {
    const chunk = await within(reader.read(), options.idleMs ?? IDLE_MS)
    if (chunk.done) return
    state.failures = 0
    parser.feed(decoder.decode(chunk.value, { stream: true }))
    yield* arrived.splice(0)
  }
}

async function within<T>(promise: Promise<T>, ms: number): Promise<T> {
  let timer: Timer | undefined
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`nothing arrived for ${Math.round(ms / 1000)} s`)), ms)
  })
  try {
    return await Promise.race([promise, late])
  } finally {
    clearTimeout(timer)
  }
}

/** Waits, or returns early when the signal aborts. */
function sleep(ms: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve) => {
    if (signal?.aborted) return resolve()
    const done = (): void => {
      clearTimeout(timer)
      signal?.removeEventListener('abort', done)
      resolve()
    }
    const timer = setTimeout(done, ms)
    signal?.addEventListener('abort', done)
  })
}
