import { errorText } from '@shared/errors'
import { connection, readAccount, removeAccount } from './account'
import { command } from './command'
import { API_EXITS } from './exit'

export const logout = command({
  name: 'logout',
  description: 'Forget the login, and end its session on the server',
  args: {},
  offline: true,
  exits: API_EXITS,
  examples: ['nekode logout'],
  notes: ['An API token (nup_…) is only forgotten here; “nekode tokens revoke” ends it.'],
  run: async ({ host, out }) => {
    const account = await readAccount(host.env)
    if (!account) return out.show({ server: null }, () => 'You were not logged in.')
    if (account.token.startsWith('nus_')) {
      try {
        await connection(account.server, account.token).call('POST /api/auth/logout')
      } catch (e) {
        // Without the server the login still has to leave this computer.
        out.note(`warning: the session may go on at the server until it expires: ${errorText(e)}`)
      }
    }
    await removeAccount(host.env)
    out.show({ server: account.server }, () => `Logged out of ${account.server}.`)
  },
})
