import type { Journal } from '../control/journal'

export interface KnownSession {
  /** The runtime's own id of the session. */
  sessionId: string
  runtimeKind: string
  workspace: string
}

/** The session of each agent, so that the next process of its runtime goes on where the last one was. */
export class SessionStore {
  readonly #journal: Journal

  constructor(journal: Journal) {
    this.#journal = journal
  }

  /** The session to resume. One of another runtime or workspace is not the same conversation. */
  find(agentId: string, runtimeKind: string, workspace: string): string | undefined {
    const sql = 'SELECT session_id AS sessionId FROM sessions WHERE agent_id = ? AND runtime_kind = ? AND workspace = ?'
    const row = this.#journal
      .prepare<Pick<KnownSession, 'sessionId'>, [string, string, string]>(sql)
      .get(agentId, runtimeKind, workspace)
    return row?.sessionId
  }

  save(agentId: string, { sessionId, runtimeKind, workspace }: KnownSession): void {
    const sql = `
      INSERT INTO sessions (agent_id, runtime_kind, workspace, session_id, updated_at) VALUES (?1, ?2, ?3, ?4, ?5)
      ON CONFLICT (agent_id) DO UPDATE SET runtime_kind = ?2, workspace = ?3, session_id = ?4, updated_at = ?5`
    this.#journal
      .prepare<unknown, [string, string, string, string, number]>(sql)
      .run(agentId, runtimeKind, workspace, sessionId, Date.now())
  }

  delete(agentId: string): void {
    this.#journal.prepare<unknown, [string]>('DELETE FROM sessions WHERE agent_id = ?').run(agentId)
  }
}
