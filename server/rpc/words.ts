/** An enum of the wire as the compiler makes it: names to numbers and back. */
type WireEnum = Readonly<Record<string, string | number>>

/**
 * The word that the HTTP API has for a value of the wire: `IN_PROGRESS` → `in_progress`; undefined for UNSPECIFIED. A value that is not
 * known here becomes a word that no schema has, so that it is refused and not taken for none.
 */
export function wordOf(wire: WireEnum, value: number): string | undefined {
  const name = wire[value]
  return value === 0 ? undefined : typeof name === 'string' ? name.toLowerCase() : String(value)
}

/** The value that the wire has for a word of the HTTP API; UNSPECIFIED when it has none. */
export function valueOf(wire: WireEnum, word: string): number {
  const value = wire[word.toUpperCase()]
  return typeof value === 'number' ? value : 0
}
