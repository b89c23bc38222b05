import '../../i18n/en/commands'
import { t } from '../../i18n'

/** What a command is for, for the list of commands and for the line above the field. */
export interface CommandHelp {
  name: string
  /** What is written behind it. */
  usage: () => string
  text: () => string
  /** Where it makes sense, if not everywhere. */
  only?: 'channel' | 'dm'
  /** Inside a thread only. */
  inThread?: boolean
}

const names = ['remind', 'task', 'decide', 'debate', 'topic', 'about', 'invite', 'mute', 'unmute', 'follow'] as const
const more = ['unfollow', 'status', 'blocker', 'me', 'dm', 'join', 'leave', 'help'] as const
/** Those that take nothing behind them. */
const bare = ['follow', 'unfollow', 'leave', 'help'] as const
const inChannels = new Set<string>(['decide', 'debate', 'topic', 'about', 'invite', 'mute', 'unmute', 'leave'])

export type CommandName = (typeof names)[number] | (typeof more)[number]

type Bare = (typeof bare)[number]
const isBare = (name: CommandName): name is Bare => bare.some((each) => each === name)

export const usageOf = (name: CommandName): string => (isBare(name) ? '' : t(`command.${name}.usage`))

export const commandHelp: readonly (CommandHelp & { name: CommandName })[] = [...names, ...more].map((name) => ({
  name,
  usage: () => usageOf(name),
  text: () => t(`command.${name}.text`),
  ...(inChannels.has(name) ? { only: 'channel' as const } : {}),
  inThread: name === 'follow' || name === 'unfollow',
}))
