import type { ServerStatus } from '@shared/contract'
import { buildTime, commit, version } from '@shared/version'
import { statfs } from 'node:fs/promises'
import type { Blobs } from '../blobs/service'
import type { Config } from '../config/config'
import type { Core } from '../core'
import type { SystemService } from './service'

/** Less than a twentieth, or than a GiB, of the data folder's disk is hardly any room: then a check fails. */
const SCARCE = { part: 0.05, bytes: 2 ** 30 }
const BACKUPS_SHOWN = 5

export interface StatusDeps {
  core: Core
  system: SystemService
  blobs: Blobs
  config: Pick<Config, 'dataDir' | 'retention' | 'auditRetentionDays' | 'limits'>
}

/** How the server is, for admins: what answers, how full it is, how busy, and when somebody last took a backup. */
export async function serverStatus({ core, system, blobs, config }: StatusDeps): Promise<ServerStatus> {
  const [checks, disk] = await Promise.all([system.ready(), diskOf(config.dataDir)])
  // While the database does not answer, what it does not have to be asked for is still told.
  const stored = checks.every(({ ok }) => ok) ? await storedIn(core, blobs) : undefined
  return {
    version,
    commit,
    buildTime,
    runtime: `Bun ${Bun.version}`,
    platform: `${process.platform} ${process.arch}`,
    startedAt: Math.round(Date.now() - process.uptime() * 1000),
    checks: [...checks, ...(disk ? [diskCheck(disk)] : [])],
    database: { kind: core.db.dialect, bytes: stored?.databaseBytes ?? null },
    disk: disk ?? null,
    files: stored?.files ?? null,
    memoryBytes: process.memoryUsage.rss(),
    streams: core.limits.streams,
    eventReaders: core.hub.readers,
    eventsHead: core.hub.head,
    ...system.counted(),
    limits: {
      perSecond: config.limits.perSecond,
      perSecondOfGuests: config.limits.perSecondOfGuests,
      streams: config.limits.streams,
      streamsOfAddress: config.limits.streamsOfAddress,
    },
    kept: { ...config.retention, auditDays: config.auditRetentionDays },
    backups: stored?.backups ?? [],
  }
}

type Disk = NonNullable<ServerStatus['disk']>

/** The file system of the data folder; nothing where it does not say how full it is. */
async function diskOf(folder: string): Promise<Disk | undefined> {
  const found = await statfs(folder).catch(() => undefined)
  if (!found || found.blocks === 0) return undefined
  return { total: found.blocks * found.bsize, available: found.bavail * found.bsize }
}

export function diskCheck({ total, available }: Disk): ServerStatus['checks'][number] {
  const ok = available >= SCARCE.bytes && available / total >= SCARCE.part
  const gib = (available / 2 ** 30).toFixed(1)
  return { name: 'disk', ok, detail: ok ? `${gib} GiB are free.` : `Only ${gib} GiB are free for the data folder.` }
}

async function storedIn(core: Core, blobs: Blobs) {
  const [databaseBytes, files, { items }] = await Promise.all([
    databaseSize(core),
    blobs.usage('server'),
    core.audit.list({ action: 'backup.download', limit: BACKUPS_SHOWN }),
  ])
  return {
    databaseBytes,
    files,
    backups: items.map(({ createdAt, actor }) => ({ at: createdAt, by: actor.displayName })),
  }
}

const SIZES: Record<Core['db']['dialect'], string> = {
  sqlite: 'select (select page_count from pragma_page_count) * (select page_size from pragma_page_size) as bytes',
  postgres: 'select pg_database_size(current_database()) as bytes',
  mysql:
    'select sum(data_length + index_length) as bytes from information_schema.tables where table_schema = database()',
}

/** What the database takes, in bytes, as it says itself; null for one that does not say. */
export async function databaseSize({ db, log }: Pick<Core, 'db' | 'log'>): Promise<number | null> {
  try {
    const [row] = await db.raw(SIZES[db.dialect])
    const bytes = Number(row?.bytes)
    return Number.isFinite(bytes) ? bytes : null
  } catch (error) {
    // A role with few rights may not be told.
    log.debug('the database does not tell its size', { error })
    return null
  }
}
