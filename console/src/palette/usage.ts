/** How often something was chosen and when last, in Unix milliseconds. */
export type Uses = Record<string, [weight: number, at: number]>

const key = 'nekode.palette'
const most = 200
/** After so long a choice counts half. */
const halfLifeMs = 5 * 86_400_000

/** What a thing's past choices are worth now: each counts 1 when it was made, and less from then on. */
export const worth = (uses: Uses, id: string, now = Date.now()): number => {
  const [weight, at] = uses[id] ?? [0, now]
  return weight * 0.5 ** ((now - at) / halfLifeMs)
}

/** `uses` after one more choice; what is worth least is forgotten when they are too many. */
export function used(uses: Uses, id: string, now = Date.now()): Uses {
  const next: Uses = { ...uses, [id]: [worth(uses, id, now) + 1, now] }
  const ids = Object.keys(next)
  if (ids.length <= most) return next
  const kept = ids.toSorted((a, b) => worth(next, b, now) - worth(next, a, now)).slice(0, most)
  return Object.fromEntries(kept.flatMap((kept) => (next[kept] ? [[kept, next[kept]]] : [])))
}

/** What was chosen on this browser. */
export function readUses(): Uses {
  try {
    const known: unknown = JSON.parse(localStorage.getItem(key) ?? '{}')
    if (typeof known !== 'object' || known === null) return {}
    return Object.fromEntries(
      Object.entries(known).flatMap(([id, use]): [string, [number, number]][] =>
        Array.isArray(use) && typeof use[0] === 'number' && typeof use[1] === 'number' ? [[id, [use[0], use[1]]]] : [],
      ),
    )
  } catch {
    // Storage may be forbidden, or hold what somebody else wrote: nothing was chosen then.
    return {}
  }
}

export function keepUse(id: string): void {
  try {
    localStorage.setItem(key, JSON.stringify(used(readUses(), id)))
  } catch {
    // Not kept.
  }
}
