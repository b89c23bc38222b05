import type { SubCommandsDef } from 'citty'

/** Every command of `nekode`. Each is loaded when it is needed, so that `nekode serve` starts without the rest. */
export const commands: SubCommandsDef = {
  serve: async () => (await import('./serve')).serve,
  login: async () => (await import('./login')).login,
  logout: async () => (await import('./logout')).logout,
  whoami: async () => (await import('./whoami')).whoami,
  send: async () => (await import('./send')).send,
  messages: async () => (await import('./messages')).messages,
  search: async () => (await import('./search')).search,
  channels: async () => (await import('./channels')).channels,
  agents: async () => (await import('./agents')).agents,
  computers: async () => (await import('./computers')).computers,
  tasks: async () => (await import('./tasks')).tasks,
  runs: async () => (await import('./runs')).runs,
  'run-action': async () => (await import('./action')).action,
  approvals: async () => (await import('./approvals')).approvals,
  decisions: async () => (await import('./decisions')).decisions,
  memory: async () => (await import('./memory')).memory,
  endpoints: async () => (await import('./endpoints')).endpoints,
  outbound: async () => (await import('./outbound')).outbound,
  tokens: async () => (await import('./tokens')).tokens,
  users: async () => (await import('./users')).users,
  backup: async () => (await import('./backup')).backup,
  restore: async () => (await import('./restore')).restore,
  version: async () => (await import('./version')).version,
  completion: async () => (await import('./completion')).completion(() => commands),
}
