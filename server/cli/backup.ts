import { resolve } from 'node:path'
import { loadConfig } from '../config/config'
import { readKey } from '../secrets/service'
import { command } from '@shared/cli/command'
import { askNewSecret, inputLines } from '@shared/cli/input'
import { place, placeFlags, requireData } from './place'

export const backup = command({
  name: 'backup',
  description: 'Save everything of the server on this computer into one file, while it runs or not',
  args: {
    out: { type: 'string', valueHint: 'FILE', required: true, description: 'File to write' },
    ...place,
    'with-key': { type: 'boolean', description: 'Also save the secret key, encrypted with a passphrase' },
    'passphrase-stdin': { type: 'boolean', description: 'Read the passphrase from the first line of standard input' },
    force: { type: 'boolean', description: 'Replace the file if it is there' },
  },
  examples: [
    'nekode backup --out /backup/nekode-monday.backup',
    'nekode backup --out /backup/nekode.backup --force --with-key --passphrase-stdin < passphrase.txt',
    'NEKODE_DB_DSN=postgres://nekode@db.example/nekode nekode backup --out nekode.backup',
  ],
  notes: [
    'Messages, people, agents, tokens (as hashes), settings and attachments, all of one moment; nobody has to wait meanwhile. It is read with the settings of “nekode serve”: run it as the server’s user with the same environment.',
    'Without --with-key the secret key is not in the file: keep secret.key (or NEKODE_SECRET_KEY) elsewhere, or the secrets in agents’ environments and second factors cannot be read after a restore.',
    'JSON: {"file", "sizeBytes", "rows", "blobs", "key", "createdAt"}.',
  ],
  run: async ({ args, host, out }) => {
    const { backupToFile } = await import('../backup/file')
    const config = loadConfig({ flags: placeFlags(args), env: host.env })
    requireData(config.dsn)
    const withKey = args['with-key'] === true || args['passphrase-stdin'] === true
    const passphrase = withKey
      ? args['passphrase-stdin']
        ? ((await inputLines(host))[0] ?? '')
        : await askNewSecret(host, {
            question: 'Passphrase for the key (at least 12 characters): ',
            many: 'passphrases',
            instead: 'Use --passphrase-stdin.',
          })
      : undefined
    const file = resolve(args.out)
    const key = readKey(config.dataDir, config.secretKey)
    const source = { dsn: config.dsn, dataDir: config.dataDir, key }
    const summary = await backupToFile(source, file, { passphrase, force: args.force === true })
    out.show({ file, ...summary }, () => `Saved ${summary.rows} rows and ${summary.blobs} files to ${file}.`)
    if (!summary.key && key)
      out.note(
        'warning: the secret key is not in it. Keep secret.key elsewhere, or use --with-key: without it stored secrets cannot be read after a restore.',
      )
  },
})
