import { NekodeError } from '@shared/errors'
import type { Logger } from '@shared/log'
import { z } from 'zod'
import { Store } from '../store'
import { ChangedFile, type Trigger, TRIGGER_STATES, WatchSpec } from './contract'
import { LIMITS } from './limits'

const MIGRATIONS: readonly string[] = [
  `
  CREATE TABLE watches (
    id TEXT PRIMARY KEY,
    name TEXT UNIQUE,
    spec TEXT NOT NULL,
    paused INTEGER NOT NULL,
    reason TEXT,
    triggers INTEGER NOT NULL,
    last_trigger_at INTEGER,
    has_snapshot INTEGER NOT NULL,
    created_at INTEGER NOT NULL
  ) STRICT;
  CREATE TABLE files (
    watch_id TEXT NOT NULL REFERENCES watches (id) ON DELETE CASCADE,
    path TEXT NOT NULL,
    print INTEGER NOT NULL,
    PRIMARY KEY (watch_id, path)
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE triggers (
    id TEXT PRIMARY KEY,
    watch_id TEXT NOT NULL REFERENCES watches (id) ON DELETE CASCADE,
    at INTEGER NOT NULL,
    files TEXT NOT NULL,
    total INTEGER NOT NULL,
    while_away INTEGER NOT NULL,
    state TEXT NOT NULL,
    outcome TEXT
  ) STRICT;
  CREATE INDEX triggers_watch ON triggers (watch_id, at);
  `,
]
/** Triggers of one watch that are kept. */
const KEPT = 50

/** A watch as it is kept. */
export interface WatchRow {
  id: string
  name: string | null
  spec: WatchSpec
  isPaused: boolean
  /** Why it is paused. */
  reason: string | null
  triggers: number
  lastTriggerAt: number | null
  /** Whether `files` has how everything looked when somebody was last told. */
  hasSnapshot: boolean
  createdAt: number
}

interface RawWatch {
  id: string
  name: string | null
  spec: string
  paused: number
  reason: string | null
  triggers: number
  last_trigger_at: number | null
  has_snapshot: number
  created_at: number
}

interface RawTrigger {
  id: string
  at: number
  files: string
  total: number
  while_away: number
  state: string
  outcome: string | null
}

/** How files look now; undefined: gone. */
export type Prints = ReadonlyMap<string, number | undefined>

/** The watches of this computer, what they have triggered, and how files looked for those who want to know what changed meanwhile. */
export class WatchStore {
  readonly #store: Store

  private constructor(store: Store) {
    this.#store = store
  }

  /** @throws NekodeError `WATCH-002` when it cannot be opened */
  static open(path: string, log: Logger): WatchStore {
    return new WatchStore(
      Store.open({ path, log, title: 'the store of the watches', migrations: MIGRATIONS, code: 'WATCH-002' }),
    )
  }

  close(): void {
    this.#store.close()
  }

  list(): WatchRow[] {
    return this.#store
      .prepare<RawWatch, [number]>('SELECT * FROM watches ORDER BY created_at, id LIMIT ?')
      .all(LIMITS.watches)
      .map(rowOf)
  }

  /** @throws NekodeError conflict `WATCH-001` when there is one of this name, full when there are too many */
  add(row: WatchRow): void {
    this.#store.tx(() => {
      const { count } = this.#store.prepare<{ count: number }, []>('SELECT count(*) AS count FROM watches').get() ?? {
        count: 0,
      }
      if (count >= LIMITS.watches)
        throw new NekodeError('full', `There are ${count} watches already, which is the most.`, {
          code: 'WATCH-002',
          next: 'Remove one: nekode-daemon watch list, nekode-daemon watch remove NAME.',
        })
      if (row.name !== null && this.#find(row.name))
        throw new NekodeError('conflict', `There is a watch ${row.name} already.`, {
          code: 'WATCH-001',
          next: `Choose another name, or remove it: nekode-daemon watch remove ${row.name}`,
        })
      this.#store
        .prepare<unknown, [string, string | null, string, number]>(
          'INSERT INTO watches (id, name, spec, paused, triggers, has_snapshot, created_at) VALUES (?, ?, ?, 0, 0, 0, ?)',
        )
        .run(row.id, row.name, JSON.stringify(row.spec), row.createdAt)
    })
  }

  #find(name: string): { id: string } | null {
    return this.#store.prepare<{ id: string }, [string]>('SELECT id FROM watches WHERE name = ?').get(name)
  }

  remove(id: string): void {
    this.#store.prepare<unknown, [string]>('DELETE FROM watches WHERE id = ?').run(id)
  }

  setPaused(id: string, isPaused: boolean, reason: string | null): void {
    this.#store
      .prepare<unknown, [number, string | null, string]>('UPDATE watches SET paused = ?, reason = ? WHERE id = ?')
      .run(isPaused ? 1 : 0, reason, id)
  }

  /** How the files looked when somebody was last told. */
  snapshot(id: string): Map<string, number> {
    const rows = this.#store
      .prepare<{ path: string; print: number }, [string]>('SELECT path, print FROM files WHERE watch_id = ?')
      .iterate(id)
    const prints = new Map<string, number>()
    for (const { path, print } of rows) prints.set(path, print)
    return prints
  }

  /** Writes part of a first snapshot; `isWhole` with the last one. */
  addSnapshot(id: string, files: readonly [string, number][], isWhole: boolean): void {
    this.#store.tx(() => {
      this.#keep(id, new Map(files))
      if (isWhole) this.#store.prepare<unknown, [string]>('UPDATE watches SET has_snapshot = 1 WHERE id = ?').run(id)
    })
  }

  dropSnapshot(id: string): void {
    this.#store.tx(() => {
      this.#store.prepare<unknown, [string]>('UPDATE watches SET has_snapshot = 0 WHERE id = ?').run(id)
      this.#store.prepare<unknown, [string]>('DELETE FROM files WHERE watch_id = ?').run(id)
    })
  }

  #keep(id: string, prints: Prints): void {
    const put = this.#store.prepare<unknown, [string, string, number]>(
      'INSERT INTO files (watch_id, path, print) VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET print = excluded.print',
    )
    const drop = this.#store.prepare<unknown, [string, string]>('DELETE FROM files WHERE watch_id = ? AND path = ?')
    for (const [path, print] of prints)
      if (print === undefined) drop.run(id, path)
      else put.run(id, path, print)
  }

  /** Keeps a trigger that is to be acted upon, and with it how the files look now: what is told once is not told again. */
  addTrigger(watchId: string, { id, at, files, total, while_away }: Trigger, prints: Prints): void {
    this.#store.tx(() => {
      this.#store
        .prepare<unknown, [string, string, number, string, number, number]>(
          "INSERT INTO triggers (id, watch_id, at, files, total, while_away, state) VALUES (?, ?, ?, ?, ?, ?, 'pending')",
        )
        .run(id, watchId, at, JSON.stringify(files), total, while_away ? 1 : 0)
      this.#store
        .prepare<unknown, [number, string]>(
          'UPDATE watches SET triggers = triggers + 1, last_trigger_at = ? WHERE id = ?',
        )
        .run(at, watchId)
      this.#keep(watchId, prints)
      this.#store
        .prepare<unknown, [string, string, number]>(
          `DELETE FROM triggers WHERE watch_id = ? AND state <> 'pending' AND id IN
             (SELECT id FROM triggers WHERE watch_id = ? ORDER BY at DESC, id DESC LIMIT -1 OFFSET ?)`,
        )
        .run(watchId, watchId, KEPT)
    })
  }

  settle(id: string, state: Exclude<Trigger['state'], 'pending'>, outcome: string): void {
    this.#store
      .prepare<unknown, [string, string, string]>('UPDATE triggers SET state = ?, outcome = ? WHERE id = ?')
      .run(state, outcome, id)
  }

  /** The newest first. */
  triggers(watchId: string): Trigger[] {
    return this.#store
      .prepare<RawTrigger, [string, number]>(
        'SELECT * FROM triggers WHERE watch_id = ? ORDER BY at DESC, id DESC LIMIT ?',
      )
      .all(watchId, KEPT)
      .map(triggerOf)
  }

  /** Those that nothing has come of yet, the oldest first. */
  pending(watchId: string): Trigger[] {
    return this.triggers(watchId)
      .filter(({ state }) => state === 'pending')
      .toReversed()
  }
}

const rowOf = (raw: RawWatch): WatchRow => ({
  id: raw.id,
  name: raw.name,
  spec: WatchSpec.parse(JSON.parse(raw.spec)),
  isPaused: raw.paused !== 0,
  reason: raw.reason,
  triggers: raw.triggers,
  lastTriggerAt: raw.last_trigger_at,
  hasSnapshot: raw.has_snapshot !== 0,
  createdAt: raw.created_at,
})

const triggerOf = (raw: RawTrigger): Trigger => ({
  id: raw.id,
  at: raw.at,
  files: z.array(ChangedFile).parse(JSON.parse(raw.files)),
  total: raw.total,
  while_away: raw.while_away !== 0,
  state: z.enum(TRIGGER_STATES).parse(raw.state),
  outcome: raw.outcome,
})
