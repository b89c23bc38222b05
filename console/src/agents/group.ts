import type { Agent } from '@shared/contract'
import type { Shown } from './presence'

/** What somebody who looks after agents asks for first. */
export type Group = 'atWork' | 'ready' | 'trouble' | 'off'

/** To which of them an agent belongs that is shown as `presence`. */
export function groupOf({ status }: Pick<Agent, 'status'>, presence: Shown): Group {
  if (presence === 'disabled' || presence === 'offline') return 'off'
  if (presence === 'stale' || presence === 'degraded' || status.health !== 'ok') return 'trouble'
  return presence === 'busy' ? 'atWork' : 'ready'
}
