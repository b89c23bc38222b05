import { buildTime, commit, version as number } from '@shared/version'
import { command } from './command'

export const version = command({
  name: 'version',
  description: 'Print version, commit and build time',
  args: {},
  examples: ['nekode-daemon version --json'],
  run: async ({ out }) => {
    const parts = [`nekode-daemon ${number}`, commit && `commit ${commit}`, buildTime && `built ${buildTime}`]
    out.show({ version: number, commit, buildTime }, () => parts.filter(Boolean).join('\n'))
  },
})
