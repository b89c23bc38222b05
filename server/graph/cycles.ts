import { TASK_LIMITS } from '@shared/contract'
import { NekodeError } from '@shared/errors'
import type { Tx } from '../db/database'
import type { EdgeRow, TaskEdges } from '../tasks/edges'

/** Tasks that one look for circles goes through: a change in a graph that is tied to more of them is refused. */
const MAX_VISITED = 5000
/** Ids in one query. */
const CHUNK = TASK_LIMITS.graph

type Dependency = Pick<EdgeRow, 'fromId' | 'toId'>
const keyOf = ({ fromId, toId }: Dependency): string => `${fromId} ${toId}`

/**
 * Whether dependencies can be added, within the transaction that adds them.
 * @param names of tasks, for the error
 * @throws NekodeError `cycle` when tasks would wait for each other, `graph_too_large`
 */
export async function checkAcyclic(
  tx: Tx,
  edges: TaskEdges,
  added: Dependency[],
  removed: Dependency[],
  names: (id: string) => string,
): Promise<void> {
  const gone = new Set(removed.map(keyOf))
  const next = new Map<string, Set<string>>()
  const put = ({ fromId, toId }: Dependency): void => {
    next.set(fromId, (next.get(fromId) ?? new Set()).add(toId))
  }
  for (const edge of added) put(edge)
  const seen = new Set<string>()
  let frontier = [...new Set(added.flatMap((e) => [e.fromId, e.toId]))]
  while (frontier.length) {
    for (const id of frontier) seen.add(id)
    if (seen.size > MAX_VISITED)
      throw new NekodeError('conflict', `More than ${MAX_VISITED} tasks depend on each other here.`, {
        code: 'graph_too_large',
        next: 'Take dependencies out that no longer matter.',
      })
    const found: string[] = []
    for (let i = 0; i < frontier.length; i += CHUNK)
      for (const edge of await edges.from(frontier.slice(i, i + CHUNK), tx.q)) {
        if (edge.kind !== 'depends_on' || gone.has(keyOf(edge))) continue
        put(edge)
        found.push(edge.toId)
      }
    frontier = [...new Set(found)].filter((id) => !seen.has(id))
  }
  const circle = findCircle(next)
  if (!circle) return
  throw new NekodeError('conflict', `These would wait for each other: ${circle.map(names).join(' → ')}.`, {
    code: 'cycle',
    next: 'Leave one of the dependencies out.',
  })
}

/** The tasks of one circle, first to first; undefined when there is none. Without recursion: chains may be long. */
function findCircle(next: Map<string, Set<string>>): string[] | undefined {
  const done = new Set<string>()
  for (const start of next.keys()) {
    if (done.has(start)) continue
    const path: string[] = [start]
    const on = new Set([start])
    const rest = [[...(next.get(start) ?? [])]]
    while (path.length) {
      const to = rest.at(-1)?.pop()
      if (to === undefined) {
        const left = path.pop()
        rest.pop()
        if (left !== undefined) {
          on.delete(left)
          done.add(left)
        }
      } else if (on.has(to)) return [...path.slice(path.indexOf(to)), to]
      else if (!done.has(to)) {
        path.push(to)
        on.add(to)
        rest.push([...(next.get(to) ?? [])])
      }
    }
  }
  return undefined
}
