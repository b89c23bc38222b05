import type { DecisionStatus } from '@shared/contract'
import { NekodeError } from '@shared/errors'

/** What can happen to a decision. `expire`: nobody decided in time. `obsolete`: another one replaced what it was to replace. */
export type DecisionAction = 'ratify' | 'reject' | 'withdraw' | 'expire' | 'obsolete' | 'retire' | 'supersede'

/** What becomes of a decision; what is not in here is refused. */
export const TRANSITIONS: Readonly<Record<DecisionStatus, Partial<Record<DecisionAction, DecisionStatus>>>> = {
  proposed: {
    ratify: 'ratified',
    reject: 'rejected',
    withdraw: 'withdrawn',
    expire: 'rejected',
    obsolete: 'rejected',
  },
  ratified: { retire: 'retired', supersede: 'retired' },
  rejected: {},
  withdrawn: {},
  retired: {},
}

/** @throws NekodeError conflict `illegal_transition` */
export function next(status: DecisionStatus, action: DecisionAction): DecisionStatus {
  const becomes = TRANSITIONS[status][action]
  if (becomes) return becomes
  throw new NekodeError('conflict', `This decision is ${status}; ${REFUSED[action]}`, { code: 'illegal_transition' })
}

const REFUSED: Record<DecisionAction, string> = {
  ratify: 'only a proposal can come into force.',
  reject: 'only a proposal can be rejected.',
  withdraw: 'only a proposal can be withdrawn.',
  expire: 'only a proposal can expire.',
  obsolete: 'only a proposal can become obsolete.',
  retire: 'only one that is in force can be retired.',
  supersede: 'only one that is in force can be superseded.',
}

export interface Tally {
  quorum: number
  approveCount: number
  rejectCount: number
}

/** Whether the votes are enough to bring a proposal into force when somebody asks for it. */
export const carried = ({ quorum, approveCount, rejectCount }: Tally): boolean =>
  approveCount >= quorum && approveCount > rejectCount

/** What the votes do by themselves: a proposal that nobody is against comes into force, one that as many are against falls. */
export function outcome(tally: Tally): 'ratify' | 'reject' | undefined {
  if (carried(tally) && tally.rejectCount === 0) return 'ratify'
  return tally.rejectCount >= tally.quorum && tally.rejectCount > tally.approveCount ? 'reject' : undefined
}
