import { NekodeError } from '@shared/errors'
import type { Agent, Directory } from './directory'

/** The target of a room that is named by its name or its id. Whether the caller may see it is asked where it is used. */
export const targetOf = (directory: Directory, room: string): string => directory.channel(room)?.target ?? room

/** The agent of that handle, if there is one. */
export function agentNamed(directory: Directory, key: string): Agent | undefined {
  const name = key.replace(/^@/, '')
  const handle = directory.byHandle(name)
  return directory.agent(handle?.kind === 'agent' ? handle.id : name)
}

/**
 * As `agentNamed`.
 * @throws NekodeError not_found `agent_unknown`
 */
export function agentOf(directory: Directory, key: string): Agent {
  const agent = agentNamed(directory, key)
  if (!agent)
    throw new NekodeError('not_found', `There is no agent “${key}”.`, {
      code: 'agent_unknown',
      next: 'GET /api/agents lists those that are there.',
    })
  return agent
}
