export interface Someone {
  kind: 'agent' | 'human'
  id: string
  /** The handle, without `@`. */
  name: string
  displayName: string
  /** Member of the conversation. */
  inside: boolean
}

/** The `@` that is being typed: where it starts, and what follows it up to the caret. */
export interface Typed {
  start: number
  query: string
}

/** The mention that is being typed at `caret`, if one is. An `@` inside a word or an address is none. */
export function mentionAt(text: string, caret: number): Typed | undefined {
  const match = /(?:^|[\s([{"'“‘（，。、：；])@([\p{L}\p{N}._-]{0,32})$/u.exec(text.slice(0, caret))
  if (!match) return undefined
  const query = match[1] ?? ''
  return { start: caret - query.length - 1, query: query.toLowerCase() }
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

/** Puts the chosen name in the place of what was typed. `caret` is where writing goes on. */
export function complete(text: string, typed: Typed, name: string): { text: string; caret: number } {
  const end = typed.start + 1 + typed.query.length
  const rest = text.slice(end)
  const inserted = `@${name}${/^\s/.test(rest) ? '' : ' '}`
  return {
    text: text.slice(0, typed.start) + inserted + rest,
    caret: typed.start + inserted.length + (/^\s/.test(rest) ? 1 : 0),
  }
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
