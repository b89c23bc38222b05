import { type Bench, figure } from './figure'
import { quantile } from './stats'
import { nekode } from './subjects'

const GRAPHS = 50
const PARTS = 99
const READS = 200

/** A board with 5,000 open tasks, and what it takes to read it whole. */
export const board: Bench = {
  name: 'board',
  async run(place) {
    const { server } = await nekode(place)
    const { call } = await server.admin()
    const target = '#general'
    const moved: string[] = []
    for (let i = 0; i < GRAPHS; i++) {
      const part = (n: number) => ({
        ref: `p${n}`,
        summary: `task ${i}.${n}`,
        description: 'what it is about. '.repeat(60),
      })
      const subtasks = Array.from({ length: PARTS }, (_, n) => part(n))
      const body = { target, root: { summary: `graph ${i}`, labels: ['bench'] }, subtasks }
      const { nodes } = await call('POST /api/tasks/graph', { body })
      moved.push(...nodes.slice(0, 3).map((task) => task.id))
    }
    for (const [i, id] of moved.entries())
      await call('PATCH /api/tasks/{id}', { params: { id }, body: { state: i % 2 ? 'blocked' : 'in_progress' } })
    const times: number[] = []
    let open = 0
    for (let i = 0; i < READS; i++) {
      const start = performance.now()
      const { columns } = await call('GET /api/tasks/board', { query: { target } })
      times.push(performance.now() - start)
      open = columns.reduce((sum, column) => sum + column.total, 0)
    }
    if (open !== GRAPHS * (PARTS + 1)) throw new Error(`the board has ${open} tasks`)
    const how = `GET /api/tasks/board of a channel with ${open} open tasks in three columns, the newest 50 of each with their descriptions, ${READS} times over one connection, SQLite`
    const unit = 'ms'
    return [
      figure({ what: 'board of 5,000 open tasks, p50', ours: quantile(times, 0.5), unit, how }),
      figure({ what: 'board of 5,000 open tasks, p95', ours: quantile(times, 0.95), unit, atMost: 30, how }),
    ]
  },
}
