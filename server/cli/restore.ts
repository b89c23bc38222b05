import { resolve } from 'node:path'
import type { RestoreSummary } from '../backup/restore'
import { loadConfig } from '../config/config'
import { keyFrom } from '../secrets/service'
import { command } from '@shared/cli/command'
import { askSecret, confirm, inputLines } from '@shared/cli/input'
import { place, placeFlags } from './place'

const KEYS: Record<RestoreSummary['key'], string> = {
  restored: 'The secret key is restored.',
  same: 'The secret key is the one that it was made with.',
  none: '',
  missing:
    'warning: the secret key is missing. Put the secret.key of the saved server into the data folder before you start this one; otherwise stored secrets have to be entered again.',
  other:
    'warning: this server has another secret key than the saved one. Give it that one (secret.key or NEKODE_SECRET_KEY) before you start it; otherwise stored secrets have to be entered again.',
}

export const restore = command({
  name: 'restore',
  description: 'Bring a saved server back, into any database; the server must not run',
  args: {
    file: { type: 'positional', required: true, description: 'File that “nekode backup” wrote' },
    ...place,
    'with-key': { type: 'boolean', description: 'Also restore the secret key; asks for its passphrase' },
    'passphrase-stdin': { type: 'boolean', description: 'Read the passphrase from the first line of standard input' },
    force: { type: 'boolean', description: 'Replace the server that is there' },
    yes: { type: 'boolean', description: 'Do not ask before replacing' },
  },
  examples: [
    'nekode restore nekode.backup --data-dir /srv/nekode',
    'NEKODE_DB_DSN=postgres://nekode@db.example/nekode nekode restore nekode.backup --data-dir /srv/nekode',
    'nekode restore nekode.backup --force --yes --passphrase-stdin < passphrase.txt',
  ],
  notes: [
    'All of the file is checked before anything is changed. A backup of SQLite can be restored into PostgreSQL or MySQL and the other way round; one of an earlier version is brought up to date.',
    'Everybody has to log in again, and links that nobody has used stop working. API tokens, computers and agents go on with the tokens they had: revoke those that were revoked after the backup.',
    'JSON: {"version", "createdAt", "rows", "blobs", "key", "migrated"}.',
  ],
  run: async ({ args, host, out }) => {
    const config = loadConfig({ flags: placeFlags(args), env: host.env })
    if (args.force) await confirm(host, args.yes, 'Everything that the target holds is replaced.')
    const { restoreBackup } = await import('../backup/restore')
    const passphrase = args['passphrase-stdin']
      ? ((await inputLines(host))[0] ?? '')
      : args['with-key']
        ? await askSecret(host, 'Passphrase of the key: ', 'Use --passphrase-stdin.')
        : undefined
    // What a restore makes is nobody else's business, whatever the mode of its folder.
    process.umask(0o077)
    const summary = await restoreBackup(resolve(args.file), {
      dsn: config.dsn,
      dataDir: config.dataDir,
      secretKey: config.secretKey === undefined ? undefined : keyFrom(config.secretKey, 'NEKODE_SECRET_KEY'),
      force: args.force === true,
      passphrase,
    })
    const day = new Date(summary.createdAt).toISOString()
    out.show(
      summary,
      () =>
        `Restored ${summary.rows} rows and ${summary.blobs} files, as they were at ${day} (Nekode ${summary.version}).`,
    )
    if (KEYS[summary.key]) out.note(KEYS[summary.key])
  },
})
