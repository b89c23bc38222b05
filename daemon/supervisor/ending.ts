import { errorText, NekodeError } from '@shared/errors'
import { type Failure, RuntimeFailure } from '../runtimes/failure'

/** What a turn came to, for its run and for those that joined it. */
export type Ending =
  | { type: 'completed'; answer: string }
  | { type: 'failed'; failure: Failure }
  /** A person stopped it; `answer` as far as it came. */
  | { type: 'canceled'; answer: string; why: string }
  /** The process was lost through no fault of the run: another attempt is due. */
  | { type: 'given_back'; failure: Failure }
  /** The server has given the run to someone else, or it is over there: nothing is reported. */
  | { type: 'lost' }

export const givenBack = (message: string, failure?: Failure): Ending => ({
  type: 'given_back',
  failure: failure ?? { reason: 'killed', message },
})

/** Only the end of a process has these reasons; what a model or its endpoint says is the run's own failure. */
export const isLostProcess = ({ reason }: Failure): boolean => reason === 'crashed' || reason === 'killed'

/** What a turn that could not even begin comes to. */
export function endingOf(error: unknown): Ending {
  if (error instanceof RuntimeFailure) {
    const { failure } = error
    return { type: isLostProcess(failure) ? 'given_back' : 'failed', failure }
  }
  // The run waits on the server, which gives it out again when the agent is turned on.
  if (error instanceof NekodeError && error.code === 'agent_disabled') return givenBack(error.message)
  if (error instanceof NekodeError && (error.kind === 'not_found' || error.kind === 'forbidden'))
    return { type: 'lost' }
  return { type: 'failed', failure: { reason: 'internal', message: errorText(error) } }
}
