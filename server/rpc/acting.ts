import { NekodeError } from '@shared/errors'
import type { Actor } from '@shared/gen/nekode/daemon/v1/common_pb'
import type { AgentPrincipal, ComputerPrincipal, UserPrincipal } from '../access/principal'
import type { Core } from '../core'
import type { Caller } from './caller'

/** Somebody who takes part in conversations. A computer does so only in the name of its agents. */
export type Participant = UserPrincipal | AgentPrincipal

/** The agents on a computer, as callers with its credential. */
export const agentsOf = ({ directory }: Core, p: ComputerPrincipal): AgentPrincipal[] =>
  directory
    .agents()
    .filter((agent) => agent.computerId === p.id)
    .map(({ id, name, displayName }) => ({
      kind: 'agent',
      id,
      name,
      displayName,
      credentialId: p.credentialId,
      revoked: p.revoked,
    }))

/** In whose name a caller may read. */
export const participants = (core: Core, caller: Caller): Participant[] =>
  caller.kind === 'computer' ? agentsOf(core, caller) : [caller]

/** In whose name a caller reads at a target: its own, or that of an agent of the computer that is there. */
export function readerAt(core: Core, caller: Caller, target: string): Participant {
  const channel = core.directory.channelAt(target)
  const all = participants(core, caller)
  const reader = all.find((p) => channel !== undefined && core.access.can(p, 'read', channel)) ?? all[0]
  if (reader) return reader
  throw new NekodeError('not_found', `There is no channel ${target} that an agent on this computer can see.`)
}

/**
 * Reads what is named by an id, in the name of whoever of the caller's may see it.
 * @throws NekodeError `not_found` when nobody may
 */
export async function readerWith<T>(core: Core, caller: Caller, read: (p: Participant) => Promise<T>): Promise<T> {
  for (const reader of participants(core, caller)) {
    try {
      return await read(reader)
    } catch (error) {
      if (!(error instanceof NekodeError) || error.kind !== 'not_found') throw error
    }
  }
  throw new NekodeError('not_found', 'This is not there, or not for you to see.')
}

/**
 * Who writes. What a request says about its sender has to agree with the credential.
 * @throws NekodeError `forbidden` for anybody else
 */
export function authorOf(core: Core, caller: Caller, sender: Actor | undefined): Participant {
  const agentId = sender?.agentId ?? ''
  if (caller.kind === 'computer') return ownAgent(core, caller, agentId)
  const stranger =
    (agentId !== '' && (caller.kind !== 'agent' || agentId !== caller.id)) ||
    (sender?.userId && (caller.kind !== 'user' || sender.userId !== caller.id))
  if (stranger)
    throw new NekodeError('forbidden', 'The sender is not whom this token stands for.', {
      code: 'foreign_sender',
      next: 'Leave the sender out.',
    })
  return caller
}

function ownAgent(core: Core, p: ComputerPrincipal, agentId: string): AgentPrincipal {
  const agent = agentsOf(core, p).find((one) => one.id === agentId)
  if (agent) return agent
  throw new NekodeError(
    'forbidden',
    agentId ? `There is no agent ${agentId} on this computer.` : 'A computer writes only in the name of its agents.',
    { code: 'foreign_agent', next: 'Set sender.agent_id to an agent of this computer, or use the agent’s own token.' },
  )
}
