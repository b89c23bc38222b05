import { z } from 'zod'

/** A point of the picture that the model saw, or of the screen: 0 to 1 of its width and height. */
const Place = z.object({ x: z.number().min(0).max(1), y: z.number().min(0).max(1) })
export type Place = z.infer<typeof Place>

export const BUTTONS = ['left', 'middle', 'right'] as const
export const DIRECTIONS = ['up', 'down', 'left', 'right'] as const
export type Direction = (typeof DIRECTIONS)[number]

/** Longer texts are a model that repeats itself. */
const Text = z.string().max(20_000)
/** `Ctrl`, `Alt`, `Shift`, `Super`: held while the pointer acts. */
const Held = z.array(z.string().min(1).max(20)).max(4).optional()
/** Where nothing is given, the pointer stays where it is. */
const Where = Place.optional()

/**
 * What a model can want. One action has one form here, whatever a model family calls it. Places are normalised; after refinement
 * they are of the whole screen.
 */
export const Action = z.discriminatedUnion('action', [
  z.object({ action: z.literal('CLICK'), position: Where, button: z.enum(BUTTONS).default('left'), held: Held }),
  z.object({ action: z.literal('DOUBLE_CLICK'), position: Where, held: Held }),
  z.object({ action: z.literal('TRIPLE_CLICK'), position: Where, held: Held }),
  z.object({ action: z.literal('TAP'), position: Place }),
  z.object({ action: z.literal('LONG_PRESS'), position: Place, seconds: z.number().min(0.1).max(10).default(1) }),
  z.object({ action: z.literal('SELECT'), position: Place }),
  z.object({ action: z.literal('HOVER'), position: Place }),
  /** Clicks at the place if there is one, then types; a line feed is Enter. The field is not cleared. */
  z.object({ action: z.literal('INPUT'), value: Text.min(1), position: Where }),
  z.object({ action: z.literal('ENTER') }),
  /** Chords, pressed one after the other: `Ctrl+Alt+t`, `PageDown`. */
  z.object({ action: z.literal('KEY'), keys: z.array(z.string().min(1).max(60)).min(1).max(20) }),
  z.object({
    action: z.literal('SCROLL'),
    direction: z.enum(DIRECTIONS),
    /** Of three notches of the wheel each. */
    amount: z.number().int().min(1).max(50).default(1),
    position: Where,
  }),
  z.object({ action: z.literal('DRAG'), from: Place, to: Place }),
  z.object({ action: z.literal('SWIPE'), from: Place, to: Place }),
  z.object({ action: z.literal('SELECT_TEXT'), from: Place, to: Place }),
  /** `value` tells what is selected; it is a hint only. */
  z.object({ action: z.literal('COPY'), value: Text.optional() }),
  z.object({ action: z.literal('WAIT'), seconds: z.number().min(0).max(60).default(1) }),
  /** Only looks again: the next step shows the screen anyway. */
  z.object({ action: z.literal('LOOK') }),
  z.object({ action: z.literal('ANSWER'), value: Text }),
  /** `failed`: the model gives up. */
  z.object({ action: z.literal('DONE'), value: Text.optional(), failed: z.boolean().optional() }),
  /** A question to a person, or the wish that one takes over. */
  z.object({ action: z.literal('ASK'), value: Text.min(1) }),
])
export type Action = z.infer<typeof Action>
export type ActionName = Action['action']

/** What an `amount` of 1 turns the wheel by. */
export const NOTCHES_PER_AMOUNT = 3

export const MODES = ['web', 'phone'] as const
export type Mode = (typeof MODES)[number]

const BOTH = ['INPUT', 'ENTER', 'KEY', 'SCROLL', 'WAIT', 'LOOK', 'ANSWER', 'DONE', 'ASK'] as const

/** What may be wanted in each mode. */
export const ALLOWED: Record<Mode, ReadonlySet<ActionName>> = {
  web: new Set<ActionName>([
    ...BOTH,
    'CLICK',
    'DOUBLE_CLICK',
    'TRIPLE_CLICK',
    'SELECT',
    'HOVER',
    'DRAG',
    'SELECT_TEXT',
    'COPY',
  ]),
  phone: new Set<ActionName>([...BOTH, 'TAP', 'DOUBLE_CLICK', 'LONG_PRESS', 'SWIPE']),
}

/** The single place that an action is at, which is what a closer look can make more exact. */
export function placeOf(action: Action): Place | undefined {
  return 'position' in action ? action.position : undefined
}

/** The same action at another place. */
export function withPlace(action: Action, position: Place): Action {
  return 'position' in action ? { ...action, position } : action
}

/** Whether the task is over after it. */
export const ends = (action: Action): action is Extract<Action, { action: 'ANSWER' | 'DONE' }> =>
  action.action === 'ANSWER' || action.action === 'DONE'

/** An action as the documents, the chat and the prompt's history have it. */
export interface Annotation {
  action: ActionName
  value: string | number | null
  position: [number, number] | [[number, number], [number, number]] | null
}

/** Four decimals are a tenth of a pixel of the largest screens. */
const round = (value: number) => Math.round(value * 10_000) / 10_000
const pair = ({ x, y }: Place): [number, number] => [round(x), round(y)]

/** `{"action", "value", "position"}` of an action, which `Action: …` in the chat holds. */
export function annotate(action: Action): Annotation {
  const place = placeOf(action)
  const position = 'from' in action ? ([pair(action.from), pair(action.to)] satisfies Annotation['position']) : null
  return {
    action: action.action,
    value: valueOf(action),
    position: position ?? (place ? pair(place) : null),
  }
}

function valueOf(action: Action): Annotation['value'] {
  switch (action.action) {
    case 'CLICK':
      return action.button === 'left' ? null : action.button
    case 'SCROLL':
      return action.direction
    case 'KEY':
      return action.keys.join(' ')
    case 'WAIT':
    case 'LONG_PRESS':
      return action.seconds
    default:
      return 'value' in action ? (action.value ?? null) : null
  }
}
