import { parseDuration } from '@shared/duration'
import { version } from '@shared/version'
import { type Config, loadConfig } from '../config/config'
import { machineEnv } from '../install/machine'
import { useProxies } from '../network/proxy'
import { check, upgrade as replace, type UpgradeOptions } from '../upgrade/upgrade'
import { replaceable } from '../upgrade/self'
import { command } from './command'
import { Exit, usage } from './exit'
import { SELF } from './self'
import { configArg } from './settings'

const args = {
  ...configArg,
  version: { type: 'string', valueHint: 'version', description: 'Version to go to, also an earlier one' },
  timeout: { type: 'string', valueHint: 'duration', description: 'How long the new version may take to come up (1m)' },
} as const

interface Flags {
  config?: string | undefined
  version?: string | undefined
  timeout?: string | undefined
}

function optionsOf(flags: Flags, say: (line: string) => void): UpgradeOptions {
  const program = replaceable(SELF, process.env)
  const env = machineEnv(process.env, flags.config)
  const config: Config = loadConfig({ flags: { config: flags.config }, env })
  useProxies(config, process.env)
  const patienceMs = flags.timeout === undefined ? undefined : parseDuration(flags.timeout)
  if (flags.timeout !== undefined && !patienceMs) throw usage('--timeout must be a duration above 0, such as 90s.')
  return {
    config,
    env,
    program,
    version,
    say,
    ...(flags.version === undefined ? {} : { wanted: flags.version }),
    ...(patienceMs === undefined ? {} : { patienceMs }),
  }
}

export const upgrade = command({
  name: 'upgrade',
  description: 'Replace this program by the version that the server wants, and restart the daemon',
  args: {
    ...args,
    check: { type: 'boolean', description: 'Only say what there is' },
  },
  examples: ['nekode-daemon upgrade --check', 'sudo nekode-daemon upgrade', 'nekode-daemon upgrade --version 0.1.0'],
  notes: [
    'The archive comes from the server, else from the release folder that the server names, else from NEKODE_DAEMON_DOWNLOAD_BASE_URL, and is refused when its SHA-256 is not the one of SHA256SUMS.txt.',
    'A version that does not answer, or does not get its connection to the server back, is rolled back by itself; the version before stays beside the program as nekode-daemon.previous.',
  ],
  run: async ({ args, out }) => {
    const options = optionsOf(args, (line) => out.note(line))
    if (args.check) {
      const { release, isNewer } = await check(options)
      const { version: available, place: source } = release
      out.show({ version, available, newer: isNewer, source }, () =>
        isNewer ? `${available} is available; this is ${version}.` : `This is ${version}; ${available} is available.`,
      )
      return Exit.ok
    }
    const done = await replace(options)
    const { from, to, changed, note } = done
    out.show(done, () =>
      changed
        ? [`Upgraded from ${from} to ${to}.`, note].filter(Boolean).join(' ')
        : `This is ${from}; nothing is newer.`,
    )
    return Exit.ok
  },
})

export const reinstall = command({
  name: 'reinstall',
  description: 'Install this version anew from a checked download, and restart the daemon',
  args,
  examples: ['sudo nekode-daemon reinstall'],
  run: async ({ args, out }) => {
    const options = optionsOf(args, (line) => out.note(line))
    const done = await replace({ ...options, wanted: args.version ?? version, again: true })
    out.show(done, () => [`Installed ${done.to} anew.`, done.note].filter(Boolean).join(' '))
    return Exit.ok
  },
})
