import type { Agent } from '@shared/contract'
import { t, type Key } from '../i18n'
import { state } from '../store/state'
import { cx } from '../ui/cx'

export type Shown = Agent['status']['presence'] | 'disabled'

const looks: Record<Shown, string> = {
  online: 'bg-ok',
  idle: 'bg-ok',
  busy: 'bg-info pulse',
  sleeping: 'bg-canvas border-2 border-ok',
  stale: 'bg-warn',
  offline: 'bg-edge',
  degraded: 'bg-warn',
  disabled: 'bg-edge',
}

/** An agent is as reachable as its computer is, whatever it said last. */
export function presenceOf(agent: Agent): Shown {
  if (!agent.enabled) return 'disabled'
  const computer = state.computers[agent.computerId]
  if (!computer || computer.status === 'offline') return 'offline'
  return agent.status.presence
}

/** “Working: running a command”, “Ready”, “Its computer is offline”. */
export function presenceText(agent: Agent): string {
  const presence = presenceOf(agent)
  const word = t(`presence.${presence}` satisfies Key)
  return presence === 'busy' && agent.status.activity ? `${word}: ${agent.status.activity}` : word
}

/** The colour of an agent's state; beside a name that says more. */
export const PresenceDot = (props: { agent: Agent; class?: string }) => (
  <span class={cx('inline-block size-2 rounded-full shrink-0', looks[presenceOf(props.agent)], props.class)}>
    <span class="sr-only">{presenceText(props.agent)}</span>
  </span>
)
