/** Every number of watched screens, in one place. Times in milliseconds. */
export const SCREENS = {
  /** Viewers of one agent's screen at once. */
  viewers: 32,
  /** Inputs of one viewer: a mouse reports up to 60 moves a second. */
  inputs: { perSecond: 120, burst: 240 },
  /** Messages of one viewer. Beyond this nobody is at work there. */
  messages: { perSecond: 1000, burst: 3000 },
  /** What a viewer may say ahead of what the computer reads, in bytes. */
  backlog: 1 << 20,
  /** How long each wait for a daemon that is away lasts. */
  waitMs: 15_000,
  /** From a failure to the next attempt. */
  retryMs: 1000,
  /** From saying that the daemon is too old to looking again. */
  outdatedMs: 10_000,
  /** How long the computer has to answer that the viewer is gone. */
  goodbyeMs: 2000,
  /** How often rights are looked at that no event told of. */
  recheckMs: 5000,
} as const
