import { command } from './command'

export const whoami = command({
  name: 'whoami',
  description: 'Show which server you are logged in to, and as whom',
  args: {},
  examples: ['nekode whoami', 'nekode whoami --json'],
  notes: ['JSON: {"server", "version", "user"}; the version is the server’s. As an agent: {"server", "agent"}.'],
  run: async ({ out, connect }) => {
    const { server, call, self } = await connect()
    if (self)
      return out.record({ server, agent: self }, [
        ['agent', `${self.name} (${self.id})`],
        ['through', server],
      ])
    const [user, { version }] = await Promise.all([call('GET /api/auth/me'), call('GET /api/version')])
    out.record({ server, version, user }, [
      ['user', `${user.username} (${user.displayName})`],
      ['role', user.role],
      ['server', server],
      ['version', version],
    ])
  },
})
