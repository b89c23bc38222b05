import type { Action, Annotation } from '../../neko/agent/actions'
import { annotate } from '../../neko/agent/actions'
import type { Outcome } from '../../neko/task/outcome'
import type { ToolKind, TurnEnd } from '../events'
import type { Failure } from '../failure'

const RUN_CONTEXT = /^<run_context>[\s\S]*?<\/run_context>\s*/
/** Who says it, and where: `[#general:msg_1] @ada: `. */
const SPEAKER = /^\[[^\]\n]+\] @[^\s:]+: /
const MENTION = /^@[\w.-]+[,:]?\s+/

/**
 * The task in the text of a turn: what the person wrote to the agent. Where the conversation is and what else was said there is nothing that a
 * model which looks at a screen has any use for.
 */
export function taskOf(text: string): string {
  const turn = text.replace(RUN_CONTEXT, '').trim()
  const last = turn.includes('\n---\n') ? turn.slice(turn.lastIndexOf('\n---\n') + 5).trim() : turn
  const said = last.replace(SPEAKER, '').replace(MENTION, '').trim()
  return said === '' ? turn : said
}

/** Words that go on with what was not finished. */
export const wantsMore = (text: string): boolean =>
  /^(?:please[ ,]+)?(?:continue|go on|go ahead|carry on|keep going|resume|weiter|mach weiter|继续|请继续)\b[\s\S]{0,200}$|^(?:请)?继续/i.test(
    text.trim(),
  )

/** Looking and pointing changes nothing; all else acts on what is on the screen. */
export function kindOf({ action }: Action): ToolKind {
  return action === 'HOVER' || action === 'SCROLL' || action === 'WAIT' || action === 'LOOK' ? 'read' : 'other'
}

const VERBS: Record<Action['action'], string> = {
  CLICK: 'Click',
  DOUBLE_CLICK: 'Double-click',
  TRIPLE_CLICK: 'Triple-click',
  TAP: 'Tap',
  LONG_PRESS: 'Press long',
  SELECT: 'Select',
  HOVER: 'Point',
  INPUT: 'Type',
  ENTER: 'Press Enter',
  KEY: 'Press',
  SCROLL: 'Scroll',
  DRAG: 'Drag',
  SWIPE: 'Swipe',
  SELECT_TEXT: 'Select text',
  COPY: 'Copy',
  WAIT: 'Wait',
  LOOK: 'Look',
  ANSWER: 'Answer',
  DONE: 'Finish',
  ASK: 'Ask',
}

/** As a person would say it: `Click at 25 %, 50 %`, `Type “hello” at 50 %, 50 %`, `Scroll down`. */
export function titleOf(action: Action): string {
  const { action: name, value, position } = annotate(action)
  return `${VERBS[name]}${valueIn(name, value)}${placesOf(position)}`
}

function valueIn(name: Action['action'], value: Annotation['value']): string {
  if (value === null) return ''
  if (typeof value === 'number') return ` ${value} s`
  // A key, a direction and a button are words of ours; all else is the model's.
  if (name === 'CLICK') return `, ${value} button,`
  return name === 'KEY' || name === 'SCROLL' ? ` ${oneLine(value)}` : ` “${oneLine(value)}”`
}

function placesOf(position: Annotation['position']): string {
  if (position === null) return ''
  const [first, second] = position
  if (typeof first === 'number') return ` at ${percents([first, Number(second)])}`
  return ` from ${percents(first)} to ${typeof second === 'number' ? '' : percents(second)}`
}

const percents = (place: readonly [number, number]): string =>
  place.map((share) => `${Math.round(share * 100)} %`).join(', ')

const oneLine = (text: string): string => {
  const line = text.replace(/\s+/g, ' ')
  return line.length > 80 ? `${line.slice(0, 80)}…` : line
}

/** How a turn ends after its task, and why where it did not succeed. */
export function endOf({ reason, message, failure }: Outcome): { end: TurnEnd; failure?: Failure } {
  switch (reason) {
    case 'answered':
    case 'done':
    case 'asked':
      return { end: 'completed' }
    case 'stopped':
      return { end: 'interrupted' }
    case 'step_limit':
    case 'time_limit':
    case 'stuck':
      return { end: 'limit', failure: { reason: 'turn_limit', message } }
    case 'model_failed':
      return { end: 'failed', failure: failure ? { ...failure, message } : { reason: 'model_unavailable', message } }
    case 'unparsable':
      return { end: 'failed', failure: { reason: 'invalid_output', message } }
    case 'denied':
      return { end: 'failed', failure: { reason: 'permission_denied', message } }
    case 'host_refused':
    case 'taken_over':
    case 'connection_lost':
    case 'no_picture':
      return { end: 'failed', failure: { reason: 'desktop_unavailable', message } }
    case 'not_resumed':
    case 'unanswered':
      return { end: 'failed', failure: { reason: 'timeout', message } }
    case 'failed':
      return { end: 'failed', failure: { reason: 'internal', message } }
  }
}
