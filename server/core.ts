import type { Logger } from '@shared/log'
import { randomBytes } from 'node:crypto'
import { Access } from './access/access'
import { Audit } from './audit/service'
import { Credentials } from './auth/credentials'
import type { Database } from './db/database'
import { Directory } from './directory/directory'
import { EventHub } from './events/hub'
import { Idempotency } from './idempotency/service'
import { Limits } from './limits/service'
import { KEY_BYTES, Secrets } from './secrets/service'
import { Settings } from './settings/settings'

/** What every feature stands on. */
export interface Core {
  db: Database
  log: Logger
  directory: Directory
  access: Access
  credentials: Credentials
  hub: EventHub
  settings: Settings
  audit: Audit
  idempotency: Idempotency
  secrets: Secrets
  limits: Limits
  serverId: string
}

/**
 * Loads what lives in memory. The database is open and migrated.
 * @param secrets default: with a key that is forgotten with the process
 */
export async function createCore(
  db: Database,
  log: Logger,
  serverId: string,
  secrets = new Secrets(randomBytes(KEY_BYTES)),
  limits = new Limits(),
): Promise<Core> {
  const directory = new Directory(db)
  await directory.load()
  const access = new Access(directory)
  const credentials = new Credentials(db, directory)
  const hub = new EventHub(db, access, serverId)
  await hub.start()
  return {
    db,
    log,
    directory,
    access,
    credentials,
    hub,
    settings: new Settings(db),
    audit: new Audit(db),
    idempotency: new Idempotency(db),
    secrets,
    limits,
    serverId,
  }
}
