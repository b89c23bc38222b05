import type { Program } from '@shared/cli/program'
import { version } from '@shared/version'
import { commands } from './commands'
import { DAEMON_EXITS } from './exit'
import { speaker } from './speaker'

/** The command line `nekode-daemon`. */
export const program: Program = {
  name: 'nekode-daemon',
  version,
  description: 'Runs coding agents on this computer for a Nekode server, and speaks there for them and for you',
  examples: ['nekode-daemon run', 'nekode-daemon status', 'nekode-daemon send --as coder general "the build is green"'],
  commands,
  renamed: { debates: 'debate', tunnels: 'tunnel' },
  exits: DAEMON_EXITS,
  speaker,
  oneDash: true,
}
