import type { SearchDoc, SearchSource, Shown } from '../search/service'
import type { TaskStore } from './store'
import type { TaskRow } from './view'

/** Tasks as something that can be found: by their number, what they are called, what is written about them, their labels. */
export class TaskSource implements SearchSource {
  readonly kind = 'task'

  constructor(private readonly store: TaskStore) {}

  async load(ids: string[]): Promise<Map<string, Shown>> {
    const rows = await this.store.named(ids)
    return new Map(rows.map((r) => [r.id, { title: titleOf(r), text: r.description, sender: r.createdBy }]))
  }

  async after(id: string, limit: number): Promise<SearchDoc[]> {
    return (await this.store.after(id, limit)).map(taskDoc)
  }
}

const titleOf = (row: TaskRow): string => `#${row.number} ${row.summary}`

/** A task for the index. `kind:` asks for its state. */
export const taskDoc = (row: TaskRow): SearchDoc => ({
  kind: 'task',
  refId: row.id,
  channelId: row.channelId,
  threadId: row.threadId ?? '',
  senderId: row.createdById,
  text: [titleOf(row), row.description, ...row.labels].join('\n'),
  has: [],
  label: row.state,
  createdAt: row.createdAt,
})
