import type { Program } from '@shared/cli/program'
import { version } from '@shared/version'
import { commands } from './commands'
import { DAEMON_EXITS } from './exit'

/** The command line `nekode-daemon`. */
export const program: Program = {
  name: 'nekode-daemon',
  version,
  description: 'Runs coding agents on this computer for a Nekode server',
  examples: ['nekode-daemon run', 'nekode-daemon status', 'nekode-daemon doctor'],
  commands,
  exits: DAEMON_EXITS,
  oneDash: true,
}
