import { buildTime, commit, version } from '@shared/version'
import { Exit } from './exit'
import type { Command } from './program'

export const versionCommand: Command = {
  name: 'version',
  description: 'Print version, commit and build time',
  args: { json: { type: 'boolean', description: 'Print JSON' } },
  examples: ['nekode-daemon version --json'],
  async run({ json }) {
    const text = [`nekode-daemon ${version}`, commit && `commit ${commit}`, buildTime && `built ${buildTime}`]
    process.stdout.write(`${json ? JSON.stringify({ version, commit, buildTime }) : text.filter(Boolean).join('\n')}\n`)
    return Exit.ok
  },
}
