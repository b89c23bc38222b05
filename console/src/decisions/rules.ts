import type { Channel, Decision, User } from '@shared/contract'
import { mayManage, mayWrite } from '../messages/allowed'

/** Only members decide, and of them those who may write. */
export const mayVote = (me: User | null, channel: Channel | undefined): boolean =>
  channel !== undefined && channel.joined && mayWrite(me, channel)

export type DecisionStep = 'ratify' | 'force' | 'reject' | 'withdraw' | 'retire' | 'supersede'

/** Whether the votes are enough to bring a proposal into force. */
export const carried = ({ quorum, approveCount, rejectCount }: Decision): boolean =>
  approveCount >= quorum && approveCount > rejectCount

/** What the bar of votes is measured by: as many as are needed, or as were given. */
export const needed = ({ quorum, approveCount, rejectCount }: Decision): number =>
  Math.max(quorum, approveCount + rejectCount, 1)

/** What `me` may do with a decision besides voting; the server has the last word. */
export function stepsOf(decision: Decision, me: User | null, channel: Channel | undefined): DecisionStep[] {
  if (!me || !channel || !mayWrite(me, channel)) return []
  const mine = decision.proposer.kind === 'human' && decision.proposer.id === me.id
  const manages = mayManage(me, channel)
  const member = channel.joined
  const steps: [DecisionStep, boolean][] =
    decision.status === 'proposed'
      ? [
          ['ratify', member && carried(decision)],
          ['force', member && manages && !carried(decision)],
          ['reject', manages],
          ['withdraw', mine],
        ]
      : decision.status === 'ratified'
        ? [
            ['supersede', member],
            ['retire', member && (mine || manages)],
          ]
        : []
  return steps.filter(([, may]) => may).map(([step]) => step)
}
