import { t } from '../i18n'
import '../i18n/en/tasks'
import { everybody } from '../composer/people'
import type { Someone } from '../composer/mentions'
import { state } from '../store/state'

/** How somebody is called and shown, whoever it is; also one who is gone. */
export function personOf(id: string): { kind: 'human' | 'agent'; name: string; displayName: string } {
  const agent = state.agents[id]
  if (agent) return { kind: 'agent', name: agent.name, displayName: agent.displayName }
  const user = state.users[id]
  if (user) return { kind: 'human', name: user.username, displayName: user.displayName }
  return { kind: id.startsWith('agent_') ? 'agent' : 'human', name: '?', displayName: t('task.gone') }
}

/** Who a task of these channels may be given to: an agent has to be in them, a person to see them. */
export function assignable(targets: readonly string[]): Someone[] {
  const [first, ...rest] = targets
  if (first === undefined) return everybody('').filter((someone) => someone.kind === 'human' || someone.inside)
  const inAll = rest.map((target) => new Set(insiders(target).map(({ id }) => id)))
  return insiders(first)
    .filter(({ id }) => inAll.every((ids) => ids.has(id)))
    .sort((a, b) => a.displayName.localeCompare(b.displayName))
}

const insiders = (target: string): Someone[] =>
  everybody(target).filter(
    (someone) => someone.inside || (someone.kind === 'human' && state.channels[target]?.visibility === 'public'),
  )
