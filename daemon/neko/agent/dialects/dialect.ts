import type { ModelMessage, ToolSet } from 'ai'
import type { Size } from '../../geometry'
import type { Action } from '../actions'
import type { Reply, StepInput } from '../vision'

/** A step as a dialect asks for it: the picture has the size that `fit` said, and the history only what is to be sent. */
export interface Ask extends Omit<StepInput, 'signal'> {
  /** The model was told what was wrong with its reply; it is not asked again. */
  isLast: boolean
}

export interface Request {
  system?: string
  messages: ModelMessage[]
  tools?: ToolSet
}

/** What a reply means, or what is wrong with it: a sentence for the model. */
export type Understood =
  | { actions: Action[]; thought?: string | undefined; problem?: never }
  | { actions?: never; thought?: string | undefined; problem: string }

/** How one family of models is asked, and how it answers. */
export interface Dialect {
  name: string
  /** The size that a picture is sent in; positions in replies are measured in it. */
  fit(picture: Size): Size
  request(ask: Ask): Request
  /** Places are of the picture that was sent. */
  read(reply: Reply, ask: Ask): Understood
}

/** The edges that SIZE_SHORTEST_EDGE and SIZE_LONGEST_EDGE set. */
export interface Edges {
  shortestEdge: number
  longestEdge: number
}
