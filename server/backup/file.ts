import { NekodeError } from '@shared/errors'
import { open, rename, rm, stat } from 'node:fs/promises'
import { diskFailure } from './disk'
import { type BackupSource, type BackupSummary, startBackup } from './write'

/**
 * Writes a backup to a file that only its owner may read; it has its name once it is whole. What is no regular file, such as a pipe or
 * a tape, is written as it comes.
 * @throws NekodeError `backup_exists`, `storage_full`, and what `startBackup` throws
 */
export async function backupToFile(
  source: BackupSource,
  path: string,
  options: { passphrase: string | undefined; force: boolean },
): Promise<BackupSummary & { sizeBytes: number }> {
  const known = await stat(path).catch(() => undefined)
  const direct = known !== undefined && !known.isFile()
  if (known?.isFile() && !options.force)
    throw new NekodeError('conflict', `The file ${path} is there already.`, {
      code: 'backup_exists',
      next: 'Choose another name, or add --force to replace it.',
    })
  const draft = direct ? path : `${path}.part`
  try {
    const file = await open(draft, direct ? 'r+' : 'w', 0o600)
    let sizeBytes = 0
    let summary: BackupSummary
    try {
      const { stream, done } = await startBackup(source, options.passphrase)
      for await (const chunk of stream) {
        // `write` may take a part of it only, and then `writeFile` goes on.
        await file.writeFile(chunk)
        sizeBytes += chunk.length
      }
      summary = await done
      if (!direct) await file.sync()
    } finally {
      await file.close()
    }
    if (!direct) await rename(draft, path)
    return { ...summary, sizeBytes }
  } catch (error) {
    if (!direct) await rm(draft, { force: true })
    throw diskFailure(error, path)
  }
}
