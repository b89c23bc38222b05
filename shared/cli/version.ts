import { buildTime, commit, version as number } from '@shared/version'
import { command } from './command'

export const version = command({
  name: 'version',
  description: 'Show the version of this program',
  args: {},
  examples: ['nekode version', 'nekode version --json'],
  notes: [
    'JSON: {"version", "commit", "buildTime", "bun", "platform"}. “nekode whoami” shows the version of the server.',
  ],
  offline: true,
  run: async ({ out, program }) => {
    const platform = `${process.platform}-${process.arch}`
    out.show({ version: number, commit, buildTime, bun: Bun.version, platform }, () => {
      const build = [commit.slice(0, 12), buildTime, platform, `Bun ${Bun.version}`].filter((part) => part !== '')
      return `${program} ${number} (${build.join(', ')})`
    })
  },
})
