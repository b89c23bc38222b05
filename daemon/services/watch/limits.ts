/** Limits of one watch. */
export const LIMITS = {
  watches: 200,
  patterns: 32,
  ignore: 200,
  /** Files that one trigger names; the others are counted. */
  listed: 1000,
  /** Files that the history of a watch names of each trigger. */
  told: 200,
  /** Files that a message or an event names. */
  shown: 50,
} as const
