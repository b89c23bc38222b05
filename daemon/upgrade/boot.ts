import { accessSync, constants, existsSync } from 'node:fs'
import { dirname } from 'node:path'
import type { Logger } from '@shared/log'
import type { Paths } from '../config/paths'
import { forgetStores, restoreStores, saveStores } from './stores'
import { putBack } from './swap'
import { readTrial, type Trial, writeTrial } from './trial'

/** Starts that a new version has before the one before takes over; a service manager makes them within seconds. */
const MAX_STARTS = 3

/**
 * Before anything else at each start: the program that is to run in place of this one, because this one is a new version that has not
 * come up, or was rolled back where its file could not be replaced.
 */
export function detour(paths: Paths, version: string): string | undefined {
  const trial = readTrial(paths)
  if (!trial || trial.to !== version || trial.from === trial.to || trial.state === 'kept') return undefined
  if (trial.state === 'trial') {
    const starts = trial.starts + 1
    if (starts <= MAX_STARTS) {
      writeTrial(paths, { ...trial, starts })
      return undefined
    }
    writeTrial(paths, {
      ...trial,
      state: 'rolled_back',
      reason: `it did not come up in ${MAX_STARTS} starts`,
    })
  }
  if (!existsSync(trial.previous)) return undefined
  if (!canReplace(trial)) return trial.previous
  putBack(trial.program)
  return trial.program
}

function canReplace({ program }: Trial): boolean {
  try {
    accessSync(dirname(program), constants.W_OK)
    return true
  } catch {
    // Installed by root for the whole machine: the version before is started from where it is.
    return false
  }
}

/** What a start has to do for an upgrade once it holds the lock, before it opens a store. */
export function settle(paths: Paths, version: string, log: Logger): void {
  const trial = readTrial(paths)
  if (!trial || trial.state === 'kept') return
  if (trial.to === version && trial.state === 'trial') return saveStores(paths)
  if (trial.from !== version) return
  if (trial.state === 'trial')
    writeTrial(paths, { ...trial, state: 'rolled_back', reason: 'it was interrupted before the new version ran' })
  restoreStores(paths, log)
  if (trial.state === 'rolled_back')
    log.warn('this is the version from before an upgrade', { to: trial.to, why: trial.reason })
}

/** The new version has come up: there is no way back from now on, but by hand. */
export function keep(paths: Paths, version: string, log: Logger): void {
  const trial = readTrial(paths)
  if (trial?.state !== 'trial' || trial.to !== version) return
  writeTrial(paths, { ...trial, state: 'kept' })
  forgetStores(paths)
  log.info('the upgrade is complete', { from: trial.from, to: trial.to })
}
