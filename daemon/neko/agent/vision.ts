import type { TokenUsage } from '../../runtimes/events'
import type { Box, Size } from '../geometry'
import type { Action, Mode } from './actions'

/** A picture as a model is sent it. */
export interface Shot extends Size {
  jpeg: Uint8Array
}

/** A call of a tool, as the model made it. */
export interface ToolUse {
  id: string
  name: string
  input: unknown
}

/** What the model said, as it said it: it is shown its own words again in later steps. */
export interface Reply {
  text: string
  thought?: string
  calls: ToolUse[]
}

/** A step that has been taken. */
export interface PastStep {
  /** From 1. */
  number: number
  /** The actions that were carried out, at places of the whole screen. */
  actions: Action[]
  reply: Reply
  /** What came of it, for the model: "The screen did not change." */
  result?: string
  /** What people said before this step. */
  words?: readonly string[]
  /** What the model was shown. Only the last few of them are sent again. */
  picture?: Shot
}

export interface StepInput {
  task: string
  mode: Mode
  history: readonly PastStep[]
  /** What people said since the last step. */
  words?: readonly string[]
  picture: Shot
  /** The picture is a closer look at this part of the screen, to find more exactly what `refines` is at. */
  crop?: { box: Box; screen: Size; refines: Action }
  signal: AbortSignal
}

export interface StepOutput {
  /** Empty when the reply could not be understood; places are of the picture that was given. */
  actions: Action[]
  thought?: string
  /** The whole reply, for logs. */
  text: string
  reply: Reply
  /** Of all calls that the step took. */
  usage: TokenUsage
  /** Calls of the model: more than one when it was asked again, as its first reply could not be understood. */
  calls: number
  /** Why the reply could not be understood. */
  parseError?: string
}

/** A model that looks at a screen and says what to do next. */
export interface Vision {
  /** The model and where it is, for people and logs. */
  name: string
  /**
   * One decision.
   * @throws RuntimeFailure with a named reason when the model gives none (timeout, rate_limited, model_unavailable, …), after
   * trying again where that can help; AbortError when the signal fired
   */
  next(input: StepInput): Promise<StepOutput>
}
