export interface Someone {
  kind: 'agent' | 'human'
  id: string
  /** The handle, without `@`. */
  name: string
  displayName: string
  /** Member of the conversation. */
  inside: boolean
}

/** Who fits what was typed: members first, then by how well the name fits. */
export function candidates(people: readonly Someone[], query: string, limit = 8): Someone[] {
  const score = (someone: Someone) => {
    const name = someone.name.toLowerCase()
    const display = someone.displayName.toLowerCase()
    if (name.startsWith(query)) return 3
    if (display.startsWith(query)) return 2
    return name.includes(query) || display.includes(query) ? 1 : 0
  }
  return people
    .map((someone) => ({ someone, score: score(someone) }))
    .filter(({ score }) => score > 0)
    .sort(
      (a, b) =>
        Number(b.someone.inside) - Number(a.someone.inside) ||
        b.score - a.score ||
        Number(b.someone.kind === 'agent') - Number(a.someone.kind === 'agent') ||
        a.someone.name.localeCompare(b.someone.name),
    )
    .slice(0, limit)
    .map(({ someone }) => someone)
}

/** Everybody whose handle stands in the text as a mention. */
export function mentionedIn(text: string, people: readonly Someone[]): Someone[] {
  const names = new Set(
    [...text.matchAll(/(?<![\p{L}\p{N}@/.])@([a-z0-9][a-z0-9._-]*)/giu)].map((match) =>
      (match[1] ?? '').replace(/[._-]+$/, '').toLowerCase(),
    ),
  )
  return people.filter((someone) => names.has(someone.name.toLowerCase()))
}
