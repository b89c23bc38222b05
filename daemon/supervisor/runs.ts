import type { Journal } from '../control/journal'

/**
 * `queued`: assigned, nothing done yet. `active`: a permit or lease is held, the turn may be under way. `ended`: this daemon has
 * nothing more to do with this attempt; what there is to report is in the outbox.
 */
export type RunPhase = 'queued' | 'active' | 'ended'

export interface Attempt {
  runId: string
  /** Counts from 1. */
  attempt: number
}

export interface KnownRun extends Attempt {
  agentId: string
  state: RunPhase
  leaseId: string
  /** Sequence of the last step, over all attempts. */
  stepSequence: number
}

/** What is said about one attempt is said in order; it does not wait for what is left of an earlier one. */
export const queueOf = ({ runId, attempt }: Attempt): string => `${runId}/${attempt}`

const COLUMNS =
  'run_id AS runId, agent_id AS agentId, attempt, state, lease_id AS leaseId, step_sequence AS stepSequence'
const KEPT_MS = 7 * 24 * 3600_000

/** The runs that this daemon was ever given, and how far it got with them. */
export class RunStore {
  readonly #journal: Journal

  constructor(journal: Journal) {
    this.#journal = journal
  }

  get(runId: string): KnownRun | undefined {
    const sql = `SELECT ${COLUMNS} FROM runs WHERE run_id = ?`
    return this.#journal.prepare<KnownRun, [string]>(sql).get(runId) ?? undefined
  }

  /**
   * Takes a run in. @returns false when this attempt, or a later one, is known already
   */
  admit(runId: string, agentId: string, attempt: number): boolean {
    const sql = `
      INSERT INTO runs (run_id, agent_id, attempt, state, lease_id, step_sequence, updated_at)
      VALUES (?1, ?2, ?3, 'queued', '', 0, ?4)
      ON CONFLICT (run_id) DO UPDATE SET
        agent_id = ?2, attempt = ?3, state = 'queued', lease_id = '', updated_at = ?4 WHERE attempt < ?3`
    const { changes } = this.#journal
      .prepare<unknown, [string, string, number, number]>(sql)
      .run(runId, agentId, attempt, Date.now())
    return changes > 0
  }

  activate(attempt: Attempt, leaseId: string): void {
    this.#set("state = 'active', lease_id = ?4", attempt, leaseId)
  }

  end(attempt: Attempt): void {
    this.#set("state = 'ended', lease_id = ?4", attempt, '')
  }

  step(attempt: Attempt, sequence: number): void {
    this.#set('step_sequence = ?4', attempt, sequence)
  }

  /** A later attempt is not touched by what is said about an earlier one. */
  #set(what: string, { runId, attempt }: Attempt, value: string | number): void {
    this.#journal
      .prepare<unknown, [string, number, number, string | number]>(
        `UPDATE runs SET ${what}, updated_at = ?3 WHERE run_id = ?1 AND attempt = ?2`,
      )
      .run(runId, attempt, Date.now(), value)
  }

  /** What an earlier process of this daemon was at work on when it ended. */
  active(): KnownRun[] {
    return this.#journal.prepare<KnownRun, []>(`SELECT ${COLUMNS} FROM runs WHERE state = 'active'`).all()
  }

  prune(now = Date.now()): void {
    this.#journal
      .prepare<unknown, [number]>("DELETE FROM runs WHERE state = 'ended' AND updated_at < ?")
      .run(now - KEPT_MS)
  }

  forget(): void {
    this.#journal.prepare<unknown, []>('DELETE FROM runs').run()
  }
}
