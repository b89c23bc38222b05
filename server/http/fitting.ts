/** Bytes of the entities of one answer; one that is larger by itself comes alone. */
export const PAGE_BYTES = 2 << 20

/** The first of these that fit into so many bytes; at least one. */
export function fitting<T>(items: T[], sizeOf: (item: T) => number, bytes = PAGE_BYTES): T[] {
  let room = bytes
  const end = items.findIndex((item, at) => (room -= sizeOf(item)) < 0 && at > 0)
  return end < 0 ? items : items.slice(0, end)
}

/** Bytes of an entity as JSON. */
export const jsonBytes = (item: object): number => Buffer.byteLength(JSON.stringify(item))
