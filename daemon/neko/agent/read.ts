import {
  Action,
  ALLOWED,
  type ActionName,
  BUTTONS,
  DIRECTIONS,
  type Mode,
  NOTCHES_PER_AMOUNT,
  type Place,
} from './actions'
import { Fields } from './fields'
import { heldOf, keysOf } from './keys'
import type { Literal } from './literal'
import { middle, readPlaces, type Scale } from './places'

export interface ReadContext {
  mode: Mode
  scale: Scale
  /** Where the pointer is, from the last step: for what models do "here". */
  pointer?: Place | undefined
  /** The model has words of its own for what is done, which do not know our modes: a click is a tap then. */
  adapts?: boolean
}

/** An action, or why it is none: a sentence for the model. */
export type Reading = { action: Action; problem?: never } | { action?: never; problem: string }

/** What model families call each action. */
const WORDS: Record<ActionName, string> = {
  CLICK: 'CLICK LEFT_CLICK LEFT_SINGLE SINGLE_CLICK RIGHT_CLICK RIGHT_SINGLE MIDDLE_CLICK MOUSE_CLICK',
  DOUBLE_CLICK: 'DOUBLE_CLICK LEFT_DOUBLE DOUBLECLICK DOUBLE_TAP',
  TRIPLE_CLICK: 'TRIPLE_CLICK',
  TAP: 'TAP TOUCH',
  LONG_PRESS: 'LONG_PRESS LONGPRESS LONG_CLICK LONG_TAP',
  SELECT: 'SELECT',
  HOVER: 'HOVER MOUSE_MOVE MOVE MOVE_TO MOUSE_HOVER',
  INPUT: 'INPUT TYPE TYPE_TEXT INPUT_TEXT WRITE FILL',
  ENTER: 'ENTER RETURN PRESS_ENTER SUBMIT',
  KEY: 'KEY KEYS HOTKEY KEYPRESS KEY_PRESS PRESS_KEY PRESS SHORTCUT SYSTEM_BUTTON PRESS_BACK PRESS_HOME',
  SCROLL: 'SCROLL HSCROLL SCROLL_UP SCROLL_DOWN SCROLL_LEFT SCROLL_RIGHT',
  DRAG: 'DRAG LEFT_CLICK_DRAG DRAG_TO DRAG_AND_DROP',
  SWIPE: 'SWIPE',
  SELECT_TEXT: 'SELECT_TEXT SELECTTEXT',
  COPY: 'COPY',
  WAIT: 'WAIT SLEEP',
  LOOK: 'LOOK SCREENSHOT CURSOR_POSITION',
  ANSWER: 'ANSWER RESPOND RESPONSE',
  DONE: 'DONE FINISH FINISHED TERMINATE COMPLETE STOP',
  ASK: 'ASK ASK_USER ASK_PERSON CALL_USER',
}
const NAMES: ReadonlyMap<string, ActionName> = new Map(
  Object.keys(WORDS).flatMap((name) => {
    const known = Action.options.find((option) => option.shape.action.value === name)?.shape.action.value
    return known ? WORDS[known].split(' ').map((word): [string, ActionName] => [word, known]) : []
  }),
)

/** Words for what is not done here, and what to do instead. */
const INSTEAD: Record<string, string> = {
  LEFT_MOUSE_DOWN: 'drag from one position to another in one action instead',
  LEFT_MOUSE_UP: 'drag from one position to another in one action instead',
  HOLD_KEY: 'keys cannot be held: press the key, or the chord',
  ZOOM: 'there is no zoom: act on what you see',
  OPEN: 'find it on the screen and click on it',
}

/** Whether this object is an action at all. */
export const isAction = (raw: Literal | undefined): raw is { [key: string]: Literal } =>
  typeof raw === 'object' && raw !== null && !Array.isArray(raw) && wordOf(new Fields(raw)) !== undefined

const wordOf = (fields: Fields): string | undefined =>
  fields
    .text('action', 'actiontype', 'type')
    ?.trim()
    .toUpperCase()
    .replaceAll(/[^A-Z0-9]+/g, '_')
    .replaceAll(/^_|_$/g, '')

/** One action out of the object that a model wrote, or the arguments of a tool that it called. */
export function readAction(raw: { [key: string]: Literal }, context: ReadContext): Reading {
  const fields = new Fields(raw)
  const word = wordOf(fields)
  if (word === undefined || word === '') return { problem: '"action" is missing' }
  const name = NAMES.get(word)
  if (!name) {
    const instead = INSTEAD[word]
    return {
      problem: instead ? `${word} is not possible: ${instead}` : `${word} is no action; ${choices(context.mode)}`,
    }
  }
  const made = make(name, word, fields, context)
  if (typeof made === 'string') return { problem: `${word}: ${made}` }
  const { data, error } = Action.safeParse(made)
  if (!data)
    return { problem: `${word}: ${error.issues.map(({ path, message }) => `${path.join('.')} ${message}`).join('; ')}` }
  const action = context.adapts ? adapted(data, context.mode) : data
  return ALLOWED[context.mode].has(action.action)
    ? { action }
    : { problem: `${word} is not possible here; ${choices(context.mode)}` }
}

const choices = (mode: Mode): string => `the actions are ${[...ALLOWED[mode]].join(', ')}`

/** The parts of an action before they are checked, or what is wrong. */
function make(name: ActionName, word: string, fields: Fields, context: ReadContext): object | string {
  const places = placesOf(fields, context.scale)
  if (typeof places === 'string') return places
  const [first, second] = places
  const point = first && second ? middle(first, second) : first
  const at = point ? { position: point } : {}
  switch (name) {
    case 'CLICK':
      return { action: name, ...at, button: buttonOf(word, fields), ...heldOf(fields) }
    case 'DOUBLE_CLICK':
    case 'TRIPLE_CLICK':
      return { action: name, ...at, ...heldOf(fields) }
    case 'TAP':
    case 'SELECT':
    case 'HOVER':
      return point ? { action: name, position: point } : 'a position is missing'
    case 'LONG_PRESS':
      return point
        ? { action: name, position: point, ...within('seconds', fields.number('seconds', 'time', 'duration'), 0.1, 10) }
        : 'a position is missing'
    case 'INPUT': {
      const value = fields.text('value', 'text', 'content', 'input')
      return value === undefined || value === '' ? 'the text is missing' : { action: name, value, ...at }
    }
    case 'KEY':
      return keysOf(word, fields)
    case 'SCROLL':
      return scrollOf(word, fields, at)
    case 'DRAG':
    case 'SWIPE':
    case 'SELECT_TEXT':
      return rangeOf(name, places, fields, context)
    case 'COPY':
      return { action: name, ...only('value', fields.text('value', 'text', 'content')) }
    case 'WAIT':
      return { action: name, ...within('seconds', fields.number('seconds', 'duration', 'time', 'value'), 0, 60) }
    case 'ANSWER':
      return { action: name, value: fields.text('value', 'text', 'content', 'answer') ?? '' }
    case 'DONE': {
      const failed = /fail|infeasible|false/i.test(fields.text('status', 'success') ?? '')
      return {
        action: name,
        ...only('value', fields.text('value', 'text', 'content', 'answer')),
        ...(failed ? { failed } : {}),
      }
    }
    case 'ASK':
      return { action: name, value: fields.text('value', 'text', 'content', 'question') || 'I need a person here.' }
    case 'ENTER':
    case 'LOOK':
      return { action: name }
  }
}

const only = (key: string, value: string | undefined): object =>
  value === undefined || value === '' ? {} : { [key]: value }
const within = (key: string, value: number | undefined, min: number, max: number): object =>
  value === undefined ? {} : { [key]: Math.min(max, Math.max(min, value)) }

function placesOf(fields: Fields, scale: Scale): Place[] | string {
  const from = fields.get('startposition', 'startcoordinate', 'startpoint', 'startbox', 'start', 'from', 'coordinate1')
  const to = fields.get('endposition', 'endcoordinate', 'endpoint', 'endbox', 'end', 'to', 'coordinate2')
  const here =
    fields.get('position', 'coordinate', 'coordinates', 'point', 'bbox', 'bbox2d', 'box', 'location') ?? xy(fields)
  const start = point(readPlaces(from, scale))
  const end = point(readPlaces(to, scale))
  const at = readPlaces(here, scale)
  if (typeof start === 'string') return start
  if (typeof end === 'string') return end
  if (typeof at === 'string') return at
  // `start_coordinate` goes with `coordinate` as where it ends, and `coordinate` with `coordinate2`.
  if (start && !end && at[0]) return [start, at[0]]
  if (end && !start && at[0]) return [at[0], end]
  if (start && end) return [start, end]
  if (start) return [start]
  return end ? [end] : at
}

/** Some say x and y beside the action. */
function xy(fields: Fields): Literal | undefined {
  const [x, y] = [fields.get('x'), fields.get('y')]
  return x === undefined || y === undefined ? undefined : [x, y]
}

/** One place: the middle of a box. */
function point(places: Place[] | string): Place | string | undefined {
  if (typeof places === 'string') return places
  const [first, second] = places
  return first && second ? middle(first, second) : first
}

function rangeOf(name: ActionName, places: Place[], fields: Fields, context: ReadContext): object | string {
  const [first, second] = places
  if (first && second) return { action: name, from: first, to: second }
  // Where only the end is said, it begins where the pointer is.
  if (first && context.pointer && name === 'DRAG') return { action: name, from: context.pointer, to: first }
  // Some say where and which way only.
  const direction = DIRECTIONS.find((one) => one === fields.text('direction')?.toLowerCase())
  if (first && direction && name === 'SWIPE') return { action: name, from: first, to: away(first, direction) }
  return 'two positions are needed, where it begins and where it ends'
}

/** A third of the screen further, as far as there is room. */
function away({ x, y }: Place, direction: (typeof DIRECTIONS)[number]): Place {
  const by = { up: [0, -1], down: [0, 1], left: [-1, 0], right: [1, 0] } as const
  const [dx, dy] = by[direction]
  const clamp = (value: number) => Math.min(0.98, Math.max(0.02, value))
  return { x: clamp(x + dx / 3), y: clamp(y + dy / 3) }
}

function buttonOf(word: string, fields: Fields): (typeof BUTTONS)[number] {
  if (word.startsWith('RIGHT')) return 'right'
  if (word.startsWith('MIDDLE')) return 'middle'
  const said = fields.text('button', 'value')?.toLowerCase()
  return BUTTONS.find((button) => button === said) ?? 'left'
}

/** About what a notch of the wheel scrolls by, for models that say pixels. */
const PIXELS_PER_NOTCH = 53

function scrollOf(word: string, fields: Fields, at: object): object | string {
  const signed = fields.number('pixels')
  const said =
    fields.text('direction', 'scrolldirection', 'value')?.toLowerCase() ??
    /^SCROLL_(\w+)$/.exec(word)?.[1]?.toLowerCase()
  const direction =
    DIRECTIONS.find((one) => one === said) ?? (signed === undefined ? undefined : bySign(signed, word === 'HSCROLL'))
  if (!direction) return `the direction is one of ${DIRECTIONS.join(', ')}`
  const notches =
    fields.number('scrollamount') ?? (signed === undefined ? undefined : Math.abs(signed) / PIXELS_PER_NOTCH)
  const amount = notches === undefined ? fields.number('amount') : notches / NOTCHES_PER_AMOUNT
  return { action: 'SCROLL', direction, ...at, amount: Math.min(50, Math.max(1, Math.round(amount ?? 1))) }
}

/** Qwen: up and right are positive. */
function bySign(pixels: number, isHorizontal: boolean): (typeof DIRECTIONS)[number] {
  if (isHorizontal) return pixels > 0 ? 'right' : 'left'
  return pixels > 0 ? 'up' : 'down'
}

/** The same as it is done in this mode, where there is such a thing. */
function adapted(action: Action, mode: Mode): Action {
  if (mode === 'phone') {
    if (action.action === 'CLICK' && action.position) return { action: 'TAP', position: action.position }
    if (action.action === 'SELECT') return { action: 'TAP', position: action.position }
    if (action.action === 'DRAG' || action.action === 'SELECT_TEXT') return { ...action, action: 'SWIPE' }
    return action
  }
  if (action.action === 'TAP' || action.action === 'LONG_PRESS')
    return { action: 'CLICK', position: action.position, button: 'left' }
  return action.action === 'SWIPE' ? { ...action, action: 'DRAG' } : action
}
