import { NekodeError, errorText } from '@shared/errors'

/** Why a file could not be written, in words that say what to do. */
export function diskFailure(error: unknown, path: string): unknown {
  if (!(error instanceof Error) || !('code' in error) || error instanceof NekodeError) return error
  if (['ENOSPC', 'EDQUOT', 'EFBIG'].includes(String(error.code)))
    return new NekodeError('unavailable', `There is no room for ${path}: the disk is full.`, {
      code: 'storage_full',
      next: 'Free some space, or name a place on another disk.',
      cause: error,
    })
  if (['EACCES', 'EPERM', 'EROFS', 'ENOENT', 'ENOTDIR', 'EISDIR'].includes(String(error.code)))
    return new NekodeError('unavailable', `The file ${path} cannot be written: ${errorText(error)}`, {
      code: 'storage_unwritable',
      next: 'Name a file in a folder that is there and that this user may write.',
      cause: error,
    })
  return error
}
