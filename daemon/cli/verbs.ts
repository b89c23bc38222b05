import type { SubCommandsDef } from 'citty'
import type { CliCommand } from '@shared/cli/command'

/** The same commands under another name, which programs know them by. */
const named = async (made: Promise<CliCommand>, name: string, examples: string[]): Promise<CliCommand> => {
  const found = await made
  return { ...found, meta: { ...found.meta, name }, examples }
}

/** What agents, people and scripts do at the server. `nekode` has the same commands; they end with the same exit codes. */
export const verbs: SubCommandsDef = {
  send: async () => (await import('@shared/cli/send')).send,
  rooms: async () => (await import('@shared/cli/rooms')).rooms,
  topics: async () => (await import('@shared/cli/topics')).topics,
  messages: async () => (await import('@shared/cli/messages')).messages,
  threads: async () => (await import('@shared/cli/threads')).threads,
  edit: async () => (await import('@shared/cli/edit')).edit,
  delete: async () => (await import('@shared/cli/edit')).remove,
  react: async () => (await import('@shared/cli/marks')).react,
  pin: async () => (await import('@shared/cli/marks')).pin,
  search: async () => (await import('@shared/cli/search')).search,
  upload: async () => (await import('@shared/cli/files')).upload,
  download: async () => (await import('@shared/cli/files')).download,
  artifacts: async () => (await import('@shared/cli/artifacts')).artifacts,
  http: async () => (await import('@shared/cli/artifacts')).http,
  inbox: async () => (await import('@shared/cli/inbox')).inbox,
  tasks: async () => (await import('@shared/cli/tasks')).tasks,
  memory: async () => (await import('@shared/cli/memory')).memory,
  decisions: async () => (await import('@shared/cli/decisions')).decisions,
  reminders: async () => (await import('@shared/cli/reminders')).reminders,
  debate: () =>
    named(
      import('@shared/cli/debates').then(({ debates }) => debates),
      'debate',
      ['nekode debates start --chat general --a codex --b reviewer "Do we need a queue?"', 'nekode debates list'],
    ),
  agents: async () => (await import('@shared/cli/agents')).agents,
  runs: async () => (await import('@shared/cli/runs')).runs,
  'run-action': async () => (await import('@shared/cli/action')).action,
  approvals: async () => (await import('@shared/cli/approvals')).approvals,
  tunnel: () =>
    named(
      import('@shared/cli/tunnels').then(({ tunnels }) => tunnels),
      'tunnel',
      ['nekode tunnels open 5173 --to general --label "new start page"', 'nekode tunnels list'],
    ),
  whoami: async () => (await import('@shared/cli/whoami')).whoami,
  login: async () => (await import('@shared/cli/login')).login,
  logout: async () => (await import('@shared/cli/logout')).logout,
}
