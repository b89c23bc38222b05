import { NekodeError } from '@shared/errors'
import type { Core } from '../core'
import type { Mount } from '../http/route'
import { checkRank } from '../users/rules'
import type { BackupSource } from './write'

export function backupRoutes(mount: Mount, core: Core, source: BackupSource): void {
  let busy = false

  mount('GET /api/backup', async ({ principal, address }) => {
    // It holds every private conversation, and the hash of every owner's password.
    checkRank(principal.role, 'owner')
    if (busy)
      throw new NekodeError('conflict', 'A backup is being made already.', {
        code: 'backup_busy',
        next: 'Wait until it has ended.',
      })
    busy = true
    try {
      await core.db.tx((tx) =>
        core.audit.record(tx, { by: principal, action: 'backup.download', subject: core.serverId, address }),
      )
      const { startBackup } = await import('./write')
      const { stream, done } = await startBackup(source)
      done
        .catch((error: unknown) => core.log.warn('a backup ended early', { error }))
        .finally(() => {
          busy = false
        })
      principal.revoked.addEventListener('abort', () => stream.destroy(), { once: true })
      const chunks = stream[Symbol.asyncIterator]()
      const body = new ReadableStream<Uint8Array>({
        pull: async (controller) => {
          const { value, done: ended } = await chunks.next()
          if (ended) controller.close()
          else controller.enqueue(new Uint8Array(value))
        },
        cancel: () => void stream.destroy(),
      })
      const day = new Date().toISOString().slice(0, 10)
      return new Response(body, {
        headers: {
          'content-type': 'application/zstd',
          'content-disposition': `attachment; filename="nekode-${day}.backup"`,
          'cache-control': 'no-store',
        },
      })
    } catch (error) {
      busy = false
      throw error
    }
  })
}
