export const WHOLE_DAY_MS = 86_400_000

/** Runs that wait, at most; then a new one is refused. */
export const MAX_PENDING = 1000
/** Waiting runs of one job: a schedule that is faster than its work must not take the whole queue. */
export const MAX_PENDING_OF_JOB = 100
/** Runs at the same time. */
export const MAX_RUNNING = 4
/** Definitions that are kept. */
export const MAX_JOBS = 10_000

export const DEFAULT_TIMEOUT_MS = 3_600_000
export const DEFAULT_BACKOFF_MS = 10_000
/** A server that is away for a while must not lose a message. */
export const MESSAGE_RETRIES = 8

/** Runs that are kept of each job. */
export const KEPT_RUNS = 100
/** Runs with their output, over all jobs, newest first: with the bound of one output, 64 MiB. */
export const KEPT_OUTPUTS = 1000
/** Entries of the history of one job. */
export const KEPT_EVENTS = 500
/** Jobs without a schedule whose run is over, newest first. */
export const KEPT_DONE = 2000
export const KEPT_MS = 30 * WHOLE_DAY_MS
/** Claimed moments are remembered this long: a clock that is set back by less repeats nothing. */
export const MOMENTS_MS = 7 * WHOLE_DAY_MS

/** Of the output of one run, in UTF-16 code units. */
export const MAX_OUTPUT = 64 * 1024

/** A moment that is later than this was missed. */
export const LATE_MS = 60_000
/** How long a command has to end by itself when it is asked to. */
export const GRACE_MS = 5000
