import { loadConfig } from '../config/config'
import { machineEnv } from '../install/machine'
import { removeDaemon } from '../install/remove'
import { installService, planService, serviceFacts } from '../install/service'
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
  description: 'Stop the daemon, and remove its service and its program; configuration and agents stay',
  args: {
    ...args,
    purge: {
      type: 'boolean',
      description: 'Also remove the configuration and what the daemon keeps, but no workspace',
    },
  },
  examples: ['nekode-daemon uninstall', 'sudo nekode-daemon uninstall --purge'],
  async run({ args, out }) {
    if (args.user && args.system) throw usage('--user and --system exclude each other.')
    const env = machineEnv(process.env, args.config)
    const config = loadConfig({ flags: { config: args.config }, env })
    const mode = args.user ? 'user' : args.system ? 'system' : undefined
    const removed = await removeDaemon({ config, env, self: SELF, mode, purge: args.purge ?? false })
    for (const note of removed.notes) out.note(note)
    out.show({ ...removed, config: config.path }, () => {
      const what = removed.paths.length > 0 ? `Removed ${removed.paths.join(', ')}.` : 'There was nothing to remove.'
      return args.purge ? what : `${what} The configuration is still in ${config.path}.`
    })
  },
})
