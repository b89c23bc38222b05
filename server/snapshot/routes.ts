import type { Mount } from '../http/route'
import type { SnapshotService } from './service'

export function snapshotRoutes(mount: Mount, snapshots: SnapshotService): void {
  mount('GET /api/snapshot', async ({ principal }) => snapshots.take(principal))
}
