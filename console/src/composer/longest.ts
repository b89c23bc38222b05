/** The longest message that the server takes, in UTF-16 code units. */
export const longest = 40_000
