import { BODY_BYTES } from '@shared/limits'

/** Every number of previews, in one place. Times in milliseconds unless the name says otherwise. */
export const TUNNEL = {
  ttlSeconds: 2 * 3600,
  maxTtlSeconds: 24 * 3600,
  minTtlSeconds: 60,
  /** A request that nobody answers lapses. */
  pendingMs: 24 * 3600_000,
  /** Open tunnels and requests of one computer. */
  maxOpen: 50,
  reapMs: 5_000,
  /** Closed ones are kept this long for looking at. */
  keptMs: 30 * 24 * 3600_000,
} as const

export const PREVIEW = {
  /** Of one request's body, in bytes. */
  maxRequest: 1 << 30,
  /** Of one answer's, which also ends streams that nobody ends. */
  maxResponse: 8 * (1 << 30),
  /** Answers of known size up to this are gathered, so that the browser is told the size. */
  gathered: 64 * 1024,
  /** Requests a second of one tunnel, and how many may come at once: a page of a development server asks for hundreds of modules. */
  rate: 100,
  burst: 400,
  /** Requests of one tunnel under way, event streams and WebSockets included. */
  concurrent: 256,
  /** How long a new request waits for a daemon that is just coming back. */
  waitMs: 5_000,
  /** How long an application may think before its answer starts. */
  headMs: 120_000,
  /** What a WebSocket's client may send ahead of what the application reads, in bytes. */
  socketBacklog: 8 * (1 << 20),
  socketMessage: BODY_BYTES.webSocket,
  ticketMs: 60_000,
  maxTickets: 10_000,
  maxSessions: 50_000,
  /** A preview that nobody looks at for this long asks the console again. */
  idleMs: 30 * 60_000,
} as const
