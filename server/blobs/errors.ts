import { NekodeError } from '@shared/errors'

/** What a disk says when there is no room, in words for whoever uploads. */
export function storageFailure(error: unknown): unknown {
  if (!(error instanceof Error) || error instanceof NekodeError || !('code' in error)) return error
  if (['ENOSPC', 'EDQUOT', 'EFBIG'].includes(String(error.code)))
    return new NekodeError('full', 'There is no room for this file: the disk of the server is full.', {
      code: 'storage_full',
      next: 'Tell whoever runs the server; nothing of the file was kept.',
      cause: error,
    })
  return new NekodeError('unavailable', 'The server cannot store files now.', {
    code: 'storage_unavailable',
    next: 'Try again later. The server’s log says more.',
    cause: error,
  })
}

/** The row is there and the bytes are not: somebody removed them behind the server's back. */
export const blobMissing = (hash: string, cause?: unknown): NekodeError =>
  new NekodeError('gone', 'The contents of this file are lost.', {
    code: 'blob_missing',
    next: `Restore the content ${hash.slice(0, 12)}… from a backup, or upload the file again.`,
    ...(cause === undefined ? {} : { cause }),
  })

/** The bytes are not those that were stored. */
export const blobCorrupt = (hash: string): NekodeError =>
  new NekodeError('gone', 'The contents of this file are damaged.', {
    code: 'blob_corrupt',
    next: `Restore the content ${hash.slice(0, 12)}… from a backup, or upload the file again.`,
  })
