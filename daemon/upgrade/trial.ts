import { chownSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'
import { readJsonObject, writePrivate } from '../config/file'
import type { Paths } from '../config/paths'

/**
 * An upgrade as it stands, in a file beside the journal. It is what both versions go by, whoever is killed in between: a new version
 * that does not come up goes back to the one before by itself.
 */
export const Trial = z.object({
  /** `trial`: the new version has not come up yet. `kept`: it has. `rolled_back`: the version before is in charge again. */
  state: z.enum(['trial', 'kept', 'rolled_back']),
  from: z.string(),
  to: z.string(),
  program: z.string(),
  previous: z.string(),
  /** Unix milliseconds. */
  startedAt: z.number(),
  /** How often the new version has been started. */
  starts: z.number().int(),
  /** Why it was rolled back. */
  reason: z.string().optional(),
})
export type Trial = z.infer<typeof Trial>

const pathOf = ({ state }: Pick<Paths, 'state'>): string => join(state, 'upgrade.json')

/** The last upgrade; undefined when there was none, or its record is none. */
export function readTrial(paths: Pick<Paths, 'state'>): Trial | undefined {
  try {
    return Trial.safeParse(readJsonObject(pathOf(paths))).data
  } catch {
    // Cut off or changed by hand: there is nothing to go back to, and that must not keep the daemon from starting.
    return undefined
  }
}

/** Written by root for the daemon of another user, the file is that user's. */
export function writeTrial(paths: Pick<Paths, 'state'>, trial: Trial): void {
  const path = pathOf(paths)
  writePrivate(path, `${JSON.stringify(trial, null, 2)}\n`)
  if (process.getuid?.() !== 0) return
  const { uid, gid } = statSync(paths.state)
  chownSync(path, uid, gid)
}
