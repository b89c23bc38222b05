/** What became of a file. */
export type ChangeKind = 'created' | 'changed' | 'removed'

/** Files by their path below the watched folder, with what became of each since somebody was last told. */
export class Changes {
  readonly #most: number
  readonly #kinds = new Map<string, ChangeKind>()
  /** Beyond those that are listed. */
  #more = 0

  /** @param most files that are listed; the others are counted */
  constructor(most: number) {
    this.#most = most
  }

  get isEmpty(): boolean {
    return this.#kinds.size === 0 && this.#more === 0
  }

  /** Of files that are not listed each change counts. */
  get total(): number {
    return this.#kinds.size + this.#more
  }

  /** The listed files in the order in which they changed first. */
  list(most = Number.POSITIVE_INFINITY): { path: string; change: ChangeKind }[] {
    const listed = []
    for (const [path, change] of this.#kinds) {
      if (listed.length >= most) break
      listed.push({ path, change })
    }
    return listed
  }

  add(path: string, kind: ChangeKind): void {
    const before = this.#kinds.get(path)
    if (before === undefined && this.#kinds.size >= this.#most) {
      this.#more++
      return
    }
    const now = before === undefined ? kind : joined(before, kind)
    if (now === undefined) this.#kinds.delete(path)
    else this.#kinds.set(path, now)
  }

  addAll(other: Changes): void {
    for (const [path, kind] of other.#kinds) this.add(path, kind)
    this.#more += other.#more
  }
}

/** One change after the other; undefined when nothing is left of them. */
function joined(before: ChangeKind, kind: ChangeKind): ChangeKind | undefined {
  if (before === 'created') return kind === 'removed' ? undefined : 'created'
  if (before === 'removed') return kind === 'removed' ? 'removed' : 'changed'
  return kind === 'created' ? 'changed' : kind
}
