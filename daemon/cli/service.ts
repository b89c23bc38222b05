import { installService, planService, serviceFacts, uninstallService } from '../install/service'
import { command } from './command'
import { usage } from './exit'
import { SELF } from './self'
import { configArg, mustBeEnrolled, readConfig } from './settings'

const args = {
  ...configArg,
  user: { type: 'boolean', description: 'For this user only (the default unless run by root)' },
  system: { type: 'boolean', description: 'For the whole machine; needs root' },
} as const

function planOf(flags: { config?: string | undefined; user?: boolean | undefined; system?: boolean | undefined }) {
  if (flags.user && flags.system) throw usage('--user and --system exclude each other.')
  const config = readConfig(flags)
  const mode = flags.user ? 'user' : flags.system ? 'system' : undefined
  return { config, plan: planService(serviceFacts({ config, program: SELF, env: process.env, mode })) }
}

export const install = command({
  name: 'install',
  description: 'Install and start the service that keeps the daemon running',
  args,
  examples: ['nekode-daemon install', 'sudo nekode-daemon install --system --config /etc/nekode/daemon.json'],
  async run({ args, out }) {
    const { config, plan } = planOf(args)
    mustBeEnrolled(config)
    const warnings = await installService(plan)
    for (const warning of warnings) out.note(warning)
    out.show(
      { service: plan.name, log: plan.logCommand, warnings },
      () => `${plan.name} is installed and started. Its log: ${plan.logCommand}`,
    )
  },
})

export const uninstall = command({
  name: 'uninstall',
  description: 'Stop and remove the service; configuration and agents stay',
  args,
  examples: ['nekode-daemon uninstall'],
  async run({ args, out }) {
    const { config, plan } = planOf(args)
    await uninstallService(plan)
    out.show(
      { service: plan.name, config: config.path },
      () => `${plan.name} is removed. The configuration is still in ${config.path}.`,
    )
  },
})
