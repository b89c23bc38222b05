import { lstatSync, realpathSync } from 'node:fs'
import { basename, dirname, isAbsolute, join, relative, resolve, sep } from 'node:path'
import { NekodeError } from '@shared/errors'

/**
 * The real path of a file in the workspace, which may not exist yet. Links are followed first, so a link that leads out of the
 * workspace is refused, wherever it stands in the path.
 * @param path absolute, or relative to the workspace
 * @throws NekodeError forbidden when it is outside, invalid when the folder it should be in does not exist
 */
export function inWorkspace(workspace: string, path: string): string {
  const root = realpathSync(workspace)
  const wanted = resolve(root, path)
  const real = realOf(wanted)
  if (real === undefined)
    throw new NekodeError('invalid', `${path} cannot be reached: a folder on its way does not exist.`)
  if (real !== root && !real.startsWith(root.endsWith(sep) ? root : root + sep))
    throw new NekodeError('forbidden', `${path} is outside the workspace. Only files in the workspace can be used.`)
  return real
}

/** The real path, also of something that does not exist in a folder that does, or of new folders in one. */
function realOf(path: string): string | undefined {
  try {
    return realpathSync(path)
  } catch {
    // Does not exist, or is a link to nowhere: such a link could be made to lead anywhere by writing through it.
    if (exists(path)) return undefined
    const parent = dirname(path)
    if (parent === path) return undefined
    const real = realOf(parent)
    return real === undefined ? undefined : join(real, basename(path))
  }
}

function exists(path: string): boolean {
  return lstatSync(path, { throwIfNoEntry: false }) !== undefined
}

/** As the model and the person see it. */
export function shown(workspace: string, path: string): string {
  const root = realpathSync(workspace)
  return isAbsolute(path) ? relative(root, path) || '.' : path
}
