/** Longest message, in UTF-16 code units. */
export const MAX_CONTENT = 40_000
