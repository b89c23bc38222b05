import { lstatSync, realpathSync, statfsSync } from 'node:fs'
import { isAbsolute, join, relative, sep } from 'node:path'
import { NekodeError } from '@shared/errors'
import { codeOf } from './eyes'

export interface PlaceOptions {
  /** The user's home folder. */
  userHome: string
  /** The home of the daemon, with the folders of agents. */
  home: string
  /** The daemon's own files. */
  state: string
  /** The owner has allowed a folder elsewhere. */
  isAllowedOutside: boolean
}

/**
 * The folder that somebody wants to watch, without links.
 * @throws NekodeError `WATCH-003`
 */
export function placeOf(dir: string, options: PlaceOptions): string {
  const { userHome, home, state, isAllowedOutside } = options
  if (dir.includes('\0')) throw bad('A path has no zero bytes.')
  if (dir.split(/[/\\]/).includes('..')) throw bad(`${dir} has “..” in it.`, 'Name the folder itself.')
  const path = isAbsolute(dir) ? dir : join(userHome, dir.replace(/^~(?=\/|\\|$)/, ''))
  const real = realOf(path)
  if (isInside(real, realIfThere(state)))
    throw bad(`${dir} holds the daemon’s own files, which change with everything that it does.`)
  const isHome = [userHome, home].some((one) => isInside(real, realIfThere(one)))
  if (!isHome && !isAllowedOutside)
    throw bad(
      `${real} is outside of the home folder ${userHome}.`,
      'Allow it with --outside-home (outside_home), which needs the token of the daemon.',
    )
  return real
}

/** @throws NekodeError `WATCH-003` when it is no folder */
function realOf(path: string): string {
  let real: string
  try {
    real = realpathSync(path)
  } catch (cause) {
    if (codeOf(cause) !== 'ENOENT') throw bad(`${path} cannot be read.`, undefined, cause)
    throw bad(`There is no folder ${path}.`, 'Make it first, or check how it is written.', cause)
  }
  if (!lstatSync(real).isDirectory())
    throw bad(`${path} is no folder.`, 'Watch the folder that it is in, with a pattern.')
  return real
}

function realIfThere(path: string): string {
  try {
    return realpathSync(path)
  } catch {
    // Not made yet.
    return path
  }
}

export function isInside(path: string, folder: string): boolean {
  const below = relative(folder, path)
  return below === '' || (below !== '..' && !below.startsWith(`..${sep}`) && !isAbsolute(below))
}

const bad = (message: string, next?: string, cause?: unknown): NekodeError =>
  new NekodeError('invalid', message, { code: 'WATCH-003', ...(next ? { next } : {}), ...(cause ? { cause } : {}) })

/** Numbers of file systems that other computers may write to (linux/magic.h). */
const NETWORK: Record<number, string> = {
  0x6969: 'NFS',
  0xff534d42: 'CIFS',
  0xfe534d42: 'SMB',
  0x517b: 'SMB',
  0x01021997: '9p',
  0x5346414f: 'AFS',
  0x00c36400: 'Ceph',
  0x65735546: 'FUSE',
  0x786f4256: 'a folder shared by a virtual machine',
}

/** What people should know about a folder whose changes this system is not told of. */
export function networkWarning(dir: string): string | undefined {
  if (process.platform !== 'linux') return undefined
  try {
    const kind = NETWORK[statfsSync(dir).type >>> 0]
    return (
      kind &&
      `${dir} is on ${kind}: what other computers change is not told to this one. Look at intervals: --poll 30s.`
    )
  } catch {
    // Not there right now; the watch says so itself.
    return undefined
  }
}
