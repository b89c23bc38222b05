/** How far ahead anything can be set: five years. */
export const MAX_DELAY_SECONDS = 5 * 366 * 86_400
