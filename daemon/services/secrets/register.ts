import { join } from 'node:path'
import type { Logger } from '@shared/log'
import { Store } from '../store'

const MIGRATIONS: readonly string[] = [
  `
  CREATE TABLE keychain (
    name TEXT NOT NULL,
    agent_id TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    changed_at INTEGER NOT NULL,
    PRIMARY KEY (name, agent_id)
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE uses (
    name TEXT NOT NULL,
    agent_id TEXT NOT NULL,
    used_at INTEGER NOT NULL,
    PRIMARY KEY (name, agent_id)
  ) STRICT, WITHOUT ROWID;
  `,
]

/** Of whom a secret is, and its name. */
export interface SecretId {
  name: string
  /** Empty: every agent of this computer. */
  agentId: string
}

export interface Times {
  /** Unix milliseconds. */
  createdAt: number
  changedAt: number
}

type Row = { name: string; agent_id: string; created_at: number; changed_at: number }

/**
 * What there is to know about secrets without their values: which are in the keychain, which cannot list what is in it, and when each was
 * last used. Its transactions also keep two processes from writing the vault at the same time.
 */
export class SecretRegister {
  readonly #store: Store

  private constructor(store: Store) {
    this.#store = store
  }

  /** @throws NekodeError precondition `SECRET-001` */
  static open(folder: string, log: Logger): SecretRegister {
    const path = join(folder, 'secrets.db')
    return new SecretRegister(
      Store.open({ path, log, title: 'the index of the secrets', migrations: MIGRATIONS, code: 'SECRET-001' }),
    )
  }

  /** Runs `work` while no other process is in one of these. */
  exclusive<T>(work: () => T): T {
    return this.#store.tx(work)
  }

  inKeychain(): (SecretId & Times)[] {
    return this.#store
      .prepare<Row, []>('SELECT name, agent_id, created_at, changed_at FROM keychain ORDER BY name, agent_id')
      .all()
      .map((row) => ({ name: row.name, agentId: row.agent_id, createdAt: row.created_at, changedAt: row.changed_at }))
  }

  /** Notes that the keychain has it. @returns when it was first set, and now */
  putInKeychain({ name, agentId }: SecretId, now: number): Times {
    const row = this.#store
      .prepare<{ created_at: number }, [string, string, number]>(
        `INSERT INTO keychain (name, agent_id, created_at, changed_at) VALUES (?1, ?2, ?3, ?3)
         ON CONFLICT (name, agent_id) DO UPDATE SET changed_at = ?3 RETURNING created_at`,
      )
      .get(name, agentId, now)
    return { createdAt: row?.created_at ?? now, changedAt: now }
  }

  /** @returns whether it was there */
  dropFromKeychain({ name, agentId }: SecretId): boolean {
    const { changes } = this.#store
      .prepare<unknown, [string, string]>('DELETE FROM keychain WHERE name = ?1 AND agent_id = ?2')
      .run(name, agentId)
    return changes > 0
  }

  used(ids: readonly SecretId[], now: number): void {
    const put = this.#store.prepare<unknown, [string, string, number]>(
      `INSERT INTO uses (name, agent_id, used_at) VALUES (?1, ?2, ?3) ON CONFLICT (name, agent_id) DO UPDATE SET used_at = ?3`,
    )
    this.#store.tx(() => {
      for (const { name, agentId } of ids) put.run(name, agentId, now)
    })
  }

  forgetUse({ name, agentId }: SecretId): void {
    this.#store
      .prepare<unknown, [string, string]>('DELETE FROM uses WHERE name = ?1 AND agent_id = ?2')
      .run(name, agentId)
  }

  /** Unix milliseconds of the last use, by `idText`. */
  uses(): Map<string, number> {
    const rows = this.#store
      .prepare<{ name: string; agent_id: string; used_at: number }, []>('SELECT name, agent_id, used_at FROM uses')
      .all()
    return new Map(rows.map((row) => [idText({ name: row.name, agentId: row.agent_id }), row.used_at]))
  }

  close(): void {
    this.#store.close()
  }
}

export const idText = ({ name, agentId }: SecretId): string => `${agentId}/${name}`
