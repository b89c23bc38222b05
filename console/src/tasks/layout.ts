import { graphlib, layout } from '@dagrejs/dagre'
import type { Task, TaskEdge } from '@shared/contract'

export interface Placed {
  width: number
  height: number
  nodes: { task: Task; x: number; y: number }[]
  edges: { key: string; kind: TaskEdge['kind']; path: string }[]
}

export const NODE = { width: 176, height: 52 } as const

/**
 * Puts tasks into layers: what comes first stands left of what waits for it, and a whole left of its parts. Positions are those of
 * the upper left corners, in pixels.
 */
export function place(nodes: readonly Task[], edges: readonly TaskEdge[]): Placed {
  const graph = new graphlib.Graph({ multigraph: true })
  graph.setGraph({ rankdir: 'LR', nodesep: 18, ranksep: 44, marginx: 6, marginy: 6 })
  for (const { id } of nodes) graph.setNode(id, { ...NODE })
  const known = new Set(nodes.map(({ id }) => id))
  const shown = edges.filter(({ from, to }) => known.has(from) && known.has(to))
  for (const [at, edge] of shown.entries()) {
    const [first, then] = edge.kind === 'depends_on' ? [edge.to, edge.from] : [edge.from, edge.to]
    graph.setEdge(first, then, {}, String(at))
  }
  layout(graph)
  const { width = 0, height = 0 } = graph.graph()
  return {
    width: Number.isFinite(width) ? width : 0,
    height: Number.isFinite(height) ? height : 0,
    nodes: nodes.map((task) => {
      const { x = 0, y = 0 } = graph.node(task.id)
      return { task, x: x - NODE.width / 2, y: y - NODE.height / 2 }
    }),
    edges: graph.edges().flatMap((name) => {
      const edge = shown[Number(name.name)]
      const { points = [] } = graph.edge(name)
      return edge ? [{ key: `${edge.from} ${edge.to} ${edge.kind}`, kind: edge.kind, path: smooth(points) }] : []
    }),
  }
}

/** A line through points, with soft corners. */
export function smooth(points: readonly { x: number; y: number }[]): string {
  const [first, ...rest] = points
  if (!first) return ''
  const last = rest.at(-1)
  const middle = rest.slice(0, -1).map((point, at) => {
    const next = rest[at + 1] ?? point
    return `Q ${point.x} ${point.y} ${(point.x + next.x) / 2} ${(point.y + next.y) / 2}`
  })
  return [`M ${first.x} ${first.y}`, ...middle, last ? `L ${last.x} ${last.y}` : ''].join(' ')
}
