import type { Failure } from '../../runtimes/failure'
import type { TokenUsage } from '../../runtimes/events'
import type { Action, Place } from '../agent/actions'
import type { Picture } from '../frames/picture'
import type { Box } from '../geometry'

/** Why a task ended. The list is closed: whoever reads it may rely on it. */
export type Ended =
  /** The model gave an answer. */
  | 'answered'
  /** The model said that it is done. */
  | 'done'
  /** The model asked something that nobody here can be asked now: the next words go on with the task. */
  | 'asked'
  /** Nobody answered in time. */
  | 'unanswered'
  | 'step_limit'
  | 'time_limit'
  /** The same again and again, to no effect. */
  | 'stuck'
  | 'model_failed'
  /** The model's replies held no action, several times in a row. */
  | 'unparsable'
  /** The session may not steer, or whoever steers did not let go in time. */
  | 'host_refused'
  /** A person took over and did not hand back in time. */
  | 'taken_over'
  /** It was paused, and nobody let it go on in time. */
  | 'not_resumed'
  /** What it wanted to do was denied, several times in a row. */
  | 'denied'
  | 'connection_lost'
  | 'no_picture'
  /** Somebody ended it. */
  | 'stopped'
  /** Something here is broken. */
  | 'failed'

export interface Outcome {
  reason: Ended
  /** What the model answered, or said when it was done. */
  answer?: string
  /** With `asked`. */
  question?: string
  /** With `model_failed`. */
  failure?: Failure
  steps: number
  /** For people: what happened, and what to do next. */
  message: string
}

/** Whether the task came to its own end. */
export const isDone = ({ reason }: Outcome): boolean => reason === 'answered' || reason === 'done'

/** What a task waits for: the connection; to steer; the person who paused it or took over; an answer. */
export type Waiting = 'connection' | 'host' | 'person' | 'answer'

/** What a task tells while it runs. */
export type TaskEvent =
  /** `picture` is what the model is shown. */
  | { type: 'step'; step: number; of: number; picture: Picture }
  | { type: 'thought'; step: number; text: string }
  | { type: 'usage'; step: number; usage: TokenUsage }
  /**
   * An action is about to be done. `id` is its own; `boxes` are the parts of the screen that were looked at more closely for it, and
   * `places` where it was after each look, the one at the whole screen first.
   */
  | {
      type: 'action'
      step: number
      id: string
      action: Action
      picture: Picture
      boxes: readonly Box[]
      places: readonly Place[]
    }
  /** It is over. `result` is what the model is told. */
  | { type: 'acted'; step: number; id: string; action: Action; as: 'done' | 'failed' | 'denied'; result: string }
  /** `taken`: somebody took what the task had. */
  | { type: 'waiting'; for: Waiting; message: string; taken: boolean }
  | { type: 'resumed' }
  | { type: 'ended'; outcome: Outcome }

/** Thrown inside a task to end it. */
export class TaskEnd extends Error {
  constructor(
    readonly reason: Ended,
    message: string,
    readonly more: Pick<Outcome, 'answer' | 'question' | 'failure'> = {},
  ) {
    super(message)
    this.name = 'TaskEnd'
  }
}
