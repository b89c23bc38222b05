import type { SubCommandsDef } from 'citty'
import { speaker } from './speaker'
import { verbs } from './verbs'

/** Every command of `nekode-daemon`. Each is loaded when it is needed, so that the daemon itself runs without the rest. */
export const commands: SubCommandsDef = {
  run: async () => (await import('./run')).run,
  enroll: async () => (await import('./enroll')).enroll,
  start: async () => (await import('./lifecycle')).start,
  stop: async () => (await import('./lifecycle')).stop,
  restart: async () => (await import('./lifecycle')).restart,
  status: async () => (await import('./status')).status,
  logs: async () => (await import('./logs')).logs,
  doctor: async () => (await import('./doctor')).doctor,
  health: async () => (await import('./health')).health,
  install: async () => (await import('./service')).install,
  uninstall: async () => (await import('./service')).uninstall,
  upgrade: async () => (await import('./upgrade')).upgrade,
  reinstall: async () => (await import('./upgrade')).reinstall,
  ...verbs,
  secrets: async () => (await import('./secrets')).secrets,
  jobs: async () => (await import('./jobs/jobs')).jobs,
  cache: async () => (await import('./cache')).cache,
  neko: async () => (await import('./neko/neko')).neko,
  version: async () => (await import('./version')).version,
  watch: async () => (await import('./watch')).watch,
  completion: async () =>
    (await import('@shared/cli/completion')).completion({
      name: 'nekode-daemon',
      commands: () => commands,
      common: speaker.args,
    }),
  keychain: async () => (await import('./keychain')).keychain,
  'mcp-bridge': async () => (await import('./bridge')).bridge,
}
