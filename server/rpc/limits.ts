/** Largest message that a caller may send, in bytes. A step holds up to a megabyte of text, which JSON can triple. */
export const MESSAGE_BYTES = 8 << 20

/** Rows of a page when the caller names no number, and at most. */
export const PAGE = { usual: 100, most: 200 }
export const MESSAGES_USUAL = 50
/** Rows that a count cursor of an older client may skip. */
export const MAX_SKIP = 10_000

/** Lengths in UTF-16 code units. What is beyond is cut. */
export const TEXT = { line: 500, error: 2000, answer: 100_000, detail: 16_384, query: 200 }

/** A stream that is silent for longer looks dead to proxies; daemons are promised a sign of life every 20 s. */
export const PING_MS = 15_000
/** What daemons are told: after this much silence they open a new stream. */
export const STREAM_TIMEOUT_SECONDS = 60
