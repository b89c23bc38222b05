import type { Logger } from '@shared/log'
import { Hono } from 'hono'
import { Access } from './access/access'
import { Credentials } from './auth/credentials'
import type { Database } from './db/database'
import { Directory } from './directory/directory'
import { EventHub } from './events/hub'

/** What every feature stands on. */
export interface Core {
  db: Database
  log: Logger
  directory: Directory
  access: Access
  credentials: Credentials
  hub: EventHub
  serverId: string
}

/** Loads what lives in memory. The database is open and migrated. */
export async function createCore(db: Database, log: Logger, serverId: string): Promise<Core> {
  const directory = new Directory(db)
  await directory.load()
  const access = new Access(directory)
  const credentials = new Credentials(db, directory)
  const hub = new EventHub(db, access, serverId)
  await hub.start()
  return { db, log, directory, access, credentials, hub, serverId }
}

export const createHono = (): Hono => new Hono({ strict: true })
