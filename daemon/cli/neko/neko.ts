import { group } from '../command'

export const neko = group({
  name: 'neko',
  description: 'See, steer and automate the remote desktop of a Neko server',
  examples: [
    'NEKO_PASS_FILE=~/.neko-password nekode-daemon neko manual --neko-url https://neko.example.com --username ada',
  ],
  subCommands: {
    manual: async () => (await import('./manual')).manual,
    agent: async () => (await import('./agent')).agent,
    desktop: async () => (await import('./desktop')).desktop,
  },
})
