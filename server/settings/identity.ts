import { newId } from '@shared/ids'
import type { Database } from '../db/database'
import { onDuplicate } from '../db/errors'
import { Settings } from './settings'

const SERVER_ID = 'server_id'

/** The id of this server's event log, made at its first start. Cursors carry it, so that those of another server are recognised. */
export async function loadServerId(db: Database): Promise<string> {
  const settings = new Settings(db)
  const known = await settings.get(SERVER_ID)
  if (known !== undefined) return known
  const made = newId('srv')
  const writing = db.tx(async (tx) => {
    await tx.insert(db.t.settings, { name: SERVER_ID, value: made })
    return made
  })
  // Another replica may have been first.
  return onDuplicate(writing, async () => (await settings.get(SERVER_ID)) ?? made)
}
