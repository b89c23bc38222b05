import { NekodeError } from '@shared/errors'
import { hashSecret, newId, newSecret } from '@shared/ids'
import { eq } from 'drizzle-orm'
import { SYSTEM } from '../access/principal'
import { Audit } from '../audit/service'
import { loadConfig } from '../config/config'
import { command } from '@shared/cli/command'
import { place, placeFlags, requireData } from './place'

const HOUR_MS = 3_600_000

export const recover = command({
  name: 'recover',
  description: 'On the server’s own computer: a link for a new password, for an owner whom nobody else can let in',
  args: {
    username: { type: 'positional', required: true, description: 'User name' },
    ...place,
    'second-factor': { type: 'boolean', description: 'Also switch off the second factor' },
  },
  examples: ['nekode recover ann --data-dir /srv/nekode', 'nekode recover ann --second-factor'],
  notes: [
    'It writes into the server’s database, with the settings of “nekode serve”: run it as the server’s user. The server may run. The link works once, for an hour.',
    'JSON: {"path", "expiresAt"}; put the server’s address in front of the path.',
  ],
  run: async ({ args, host, out }) => {
    const { openDatabase } = await import('../db/open')
    const config = loadConfig({ flags: placeFlags(args), env: host.env })
    requireData(config.dsn)
    const db = await openDatabase(config.dsn)
    try {
      const code = newSecret('nkr')
      const expiresAt = host.now() + HOUR_MS
      await db.tx(async (tx) => {
        const { users, tickets, secondFactors } = db.t
        const [user] = await tx.q
          .select()
          .from(users)
          .where(eq(users.username, args.username.replace(/^@/, '')))
        if (user?.disabledAt !== null)
          throw new NekodeError('not_found', `There is nobody called ${args.username} who could log in.`, {
            next: 'Check the name, and that --data-dir or NEKODE_DB_DSN lead to the server’s database.',
          })
        if (args['second-factor']) await tx.q.delete(secondFactors).where(eq(secondFactors.userId, user.id))
        await tx.insert(tickets, {
          id: newId('tkt'),
          kind: 'reset',
          codeHash: hashSecret(code),
          role: null,
          channels: [],
          note: '',
          userId: user.id,
          createdBy: user.id,
          createdAt: host.now(),
          expiresAt,
          usedAt: null,
          usedBy: null,
        })
        const detail = { secondFactor: args['second-factor'] === true }
        await new Audit(db).record(tx, { by: SYSTEM, action: 'password.recover', subject: user.id, detail })
      })
      const path = `/reset#${code}`
      out.show({ path, expiresAt }, () => `${config.baseUrl ?? 'http://localhost:18790'}${path}`)
    } finally {
      await db.close()
    }
  },
})
