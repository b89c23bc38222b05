import type { ArgsDef } from 'citty'
import { installService, planService, serviceFacts, uninstallService } from '../install/service'
import { Exit, usage } from './exit'
import type { Command, Flags } from './program'
import { mustBeEnrolled, readConfig } from './run'
import { SELF } from './self'

const args: ArgsDef = {
  config: { type: 'string', valueHint: 'file', description: 'Configuration file ($NEKODE_HOME/daemon.json)' },
  user: { type: 'boolean', description: 'For this user only (the default unless run by root)' },
  system: { type: 'boolean', description: 'For the whole machine; needs root' },
}

function planOf(flags: Flags) {
  if (flags.user && flags.system) throw usage('--user and --system exclude each other.')
  const config = readConfig({ config: flags.config })
  const mode = flags.user ? 'user' : flags.system ? 'system' : undefined
  return { config, plan: planService(serviceFacts({ config, program: SELF, env: process.env, mode })) }
}

const say = (line: string) => void process.stdout.write(`${line}\n`)

export const install: Command = {
  name: 'install',
  description: 'Install and start the service that keeps the daemon running',
  args,
  examples: ['nekode-daemon install', 'sudo nekode-daemon install --system --config /etc/nekode/daemon.json'],
  async run(flags) {
    const { config, plan } = planOf(flags)
    mustBeEnrolled(config)
    for (const warning of await installService(plan)) process.stderr.write(`nekode-daemon: ${warning}\n`)
    say(`${plan.name} is installed and started. Its log: ${plan.logCommand}`)
    return Exit.ok
  },
}

export const uninstall: Command = {
  name: 'uninstall',
  description: 'Stop and remove the service; configuration and agents stay',
  args,
  examples: ['nekode-daemon uninstall'],
  async run(flags) {
    const { config, plan } = planOf(flags)
    await uninstallService(plan)
    say(`${plan.name} is removed. The configuration is still in ${config.path}.`)
    return Exit.ok
  },
}
