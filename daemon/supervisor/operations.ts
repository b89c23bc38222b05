import { fromBinary, toBinary } from '@bufbuild/protobuf'
import { type AgentControlOperation, AgentControlOperationSchema } from '@shared/gen/nekode/daemon/v1/agents_pb'
import type { Journal } from '../control/journal'

const KEPT_MS = 7 * 24 * 3600_000

/** What the server asked for besides runs: in the journal from its event until it is done, so it is done once and not forgotten. */
export class OperationStore {
  readonly #journal: Journal

  constructor(journal: Journal) {
    this.#journal = journal
  }

  /** An operation that is known already is left as it is. */
  admit(operation: AgentControlOperation): void {
    this.#journal
      .prepare<unknown, [string, Uint8Array, number]>(
        "INSERT OR IGNORE INTO operations (operation_id, body, state, updated_at) VALUES (?, ?, 'pending', ?)",
      )
      .run(operation.operationId, toBinary(AgentControlOperationSchema, operation), Date.now())
  }

  pending(): AgentControlOperation[] {
    return this.#journal
      .prepare<{ body: Uint8Array }, []>("SELECT body FROM operations WHERE state = 'pending' ORDER BY rowid")
      .all()
      .map(({ body }) => fromBinary(AgentControlOperationSchema, body))
  }

  done(operationId: string): void {
    this.#journal
      .prepare<unknown, [string, number]>(
        "UPDATE operations SET state = 'done', updated_at = ?2 WHERE operation_id = ?1",
      )
      .run(operationId, Date.now())
  }

  prune(now = Date.now()): void {
    this.#journal
      .prepare<unknown, [number]>("DELETE FROM operations WHERE state = 'done' AND updated_at < ?")
      .run(now - KEPT_MS)
  }

  forget(): void {
    this.#journal.prepare<unknown, []>('DELETE FROM operations').run()
  }
}
