/** Every limit of the server that is no length of a field: those stand with the field in the contract. */

/** Largest bodies, in bytes. */
export const BODY_BYTES = {
  /** Of a request of the HTTP API, where its route names no other. A message is at most 40,000 characters. */
  http: 1 << 20,
  /** Of a message of the daemon protocol. A step holds up to a megabyte of text, which JSON can triple. */
  rpc: 8 << 20,
  /** Of what a client says on a WebSocket: to an application in a preview, which may want a file; nobody else takes anything of size. */
  webSocket: 16 << 20,
}

/** Rows of a page when the caller names no number, and at most. */
export const PAGE = { usual: 100, most: 200 }
export const MESSAGES_USUAL = 50
/** Rows that a count cursor of an older client may skip. */
export const MAX_SKIP = 10_000

/** Lengths in UTF-16 code units. What is beyond is cut. */
export const TEXT = { line: 500, error: 2000, answer: 100_000, detail: 16_384, query: 200 }

/** The latest messages and mentions of a channel among which the unread ones are counted: nobody reads a larger number. */
export const UNREAD_COUNTED = 200

export interface Rate {
  /** Requests that are allowed again each second. */
  perSecond: number
  /** Requests that may come at once after a quiet time. */
  burst: number
}

/** A second's worth of requests is allowed this many times over after a quiet time. */
export const BURST_SECONDS = 10
/** An admin's credential may do this many times as much as anybody else's: whoever runs the server is not its danger. */
export const ADMIN_FACTOR = 100

/** What one caller may do, unless the configuration says otherwise. 0: as much as they like. */
export const CALLS = {
  /** Requests a second of one login or token. A daemon with 32 busy agents needs about a tenth. */
  perSecond: 500,
  /** Requests a second without a valid login or token from one address (IPv6: one /64). */
  perSecondOfGuests: 50,
  /** Streams that one login or token may have open: a page, a daemon and each of its runs hold one. */
  streams: 256,
  /** Streams that may be open from one address. An office or an undeclared proxy is one. */
  streamsOfAddress: 4096,
}
/** Callers whose rate is remembered. */
export const RATED_CALLERS = 10_000

/** Password hashes at once: each takes a thread and 19 MiB. More of them may wait, and of one address a few. */
export const PASSWORDS = { parallel: 2, waiting: 32, waitingOfAddress: 8 }
/** Failed logins that cost nothing, and the longest wait after one. What all addresses share is out of the reach of one. */
export const LOGIN_FAILURES = {
  ofUserAtAddress: { free: 5, maxSeconds: 60 },
  ofAddress: { free: 20, maxSeconds: 300 },
  ofUser: { free: 100, maxSeconds: 60 },
}
/** Names and addresses whose failures are remembered. */
export const FAILURES_REMEMBERED = 10_000

/** Reading the log of events in pages. */
export const EVENTS = {
  /** Rows of a page when the caller names no number. */
  usual: 100,
  /** Rows of the log that one request looks through, most of which may be none of the caller's business. */
  scanned: 10_000,
  /** Ids in one acknowledgement that are looked up. */
  acknowledged: 500,
}

/** Who is here and who is writing: kept in memory, pushed to who follows, and gone. */
export const PRESENCE = {
  /** A person counts as active for so long after the last sign of it; the console gives one a minute. */
  activeMs: 150_000,
  /** How often it is looked who has become quiet. */
  sweepMs: 15_000,
  /** A page that is loaded again is back within this. */
  graceMs: 10_000,
  /** How long “is writing” holds; the console says it again every three seconds. */
  typingMs: 6000,
  /** What one person may say of it. */
  rate: { perSecond: 2, burst: 6 } satisfies Rate,
  /** Notes that wait for one reader; of more the oldest are let go. */
  waiting: 64,
}

export const STREAM = {
  /** A stream that is silent for longer looks dead to proxies; daemons are promised a sign of life every 20 s. */
  pingMs: 15_000,
  /** What daemons are told: after this much silence they open a new stream. */
  timeoutSeconds: 60,
  /** A reader that takes nothing for this long is cut off. It goes on from its cursor. */
  stalledMs: 60_000,
  /** Bytes that are made ready for one reader at a time. */
  chunkBytes: 256 << 10,
  /** Bytes of events that are read from the log for one reader at a time, and their number. */
  pageBytes: 1 << 20,
  pageEvents: 500,
  /** Events, and their bytes, that are kept in memory for all readers: one that is at most this far behind needs no query. */
  recentEvents: 4096,
  recentBytes: 16 << 20,
}
/** Seconds without a byte after which a connection that is no stream is closed. */
export const IDLE_SECONDS = 60

/** Files. How large one may be, and how many there may be, are settings. */
export const FILES = {
  /** Of a text, what is shown in place and found by search, in bytes. */
  previewBytes: 64 << 10,
  /** The beginning of a file that tells what it is. */
  sniffedBytes: 64 << 10,
  /** Of an image that gets a small picture, in bytes and in pixels: what a decoder has to hold in memory. */
  imageBytes: 32 << 20,
  imagePixels: 25_000_000,
  thumbnailPixels: 512,
  thumbnailMs: 15_000,
  /** Small pictures that may wait to be made, one at a time. */
  thumbnailsWaiting: 32,
  /** What nobody used is kept for so long. */
  unusedMs: 24 * 3600_000,
  /** An upload in parts that gets no part. */
  uploadMs: 24 * 3600_000,
  /** Contents that nothing is made of any more. */
  graceMs: 3600_000,
  /** Uploads of one caller that arrive at once, and that wait for their next part. */
  arriving: 8,
  waiting: 32,
  linkSeconds: 300,
  /** An address that shows an artifact: long enough to look at it, and to load it again. */
  artifactLinkSeconds: 600,
  /** Where an upload that was announced goes to. */
  uploadLinkSeconds: 3600,
  /** A file of at most so many bytes is a part of an answer of the daemon protocol. */
  inlineBytes: 4 << 20,
}
