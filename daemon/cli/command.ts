import type { ArgsDef } from 'citty'
import { type CliCommand, type Definition, command as anyCommand } from '@shared/cli/command'
import { DAEMON_EXITS } from './exit'

export { group } from '@shared/cli/command'

/** A command about this computer and its daemon, with the exit codes of `nekode-daemon`. The verbs of the server keep theirs. */
export const command = <const A extends ArgsDef>(definition: Definition<A>): CliCommand =>
  anyCommand({ offline: true, exits: DAEMON_EXITS, ...definition })
