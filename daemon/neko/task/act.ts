import { pause } from '../../control/backoff'
import { type Action, NOTCHES_PER_AMOUNT, placeOf, type Place } from '../agent/actions'
import type { Room } from '../client/room'
import type { Input } from '../input/input'

/** A field takes the keyboard only after it has taken the click. */
const FOCUS_MS = 120

export interface Hands {
  room: Room
  input: Input
  /** Says something in the room's chat. */
  say(text: string): void
}

/**
 * Carries an action out. `ANSWER`, `DONE`, `ASK` and `LOOK` do nothing on the screen.
 * @throws NekodeError of the input: forbidden, conflict `not_host`, unavailable, invalid `unknown_key`; the signal's reason
 */
export async function act(action: Action, hands: Hands, signal: AbortSignal): Promise<void> {
  const { room, input, say } = hands
  signal.throwIfAborted()
  switch (action.action) {
    case 'CLICK':
      return held(input, action.held, () => input.click(action.position, action.button))
    case 'DOUBLE_CLICK':
      return held(input, action.held, () => input.doubleClick(action.position, 'left', { signal }))
    case 'TRIPLE_CLICK':
      return held(input, action.held, async () => {
        await input.doubleClick(action.position, 'left', { signal })
        await pause(FOCUS_MS / 2, signal)
        signal.throwIfAborted()
        await input.click()
      })
    case 'TAP':
      return room.state.touch ? input.touch(action.position, action.position, { signal }) : input.click(action.position)
    case 'LONG_PRESS':
      return press(input, action.position, action.seconds, signal)
    case 'SELECT':
      return input.click(action.position)
    case 'HOVER':
      return input.move(action.position)
    case 'INPUT':
      if (action.position) {
        await input.click(action.position)
        await pause(FOCUS_MS, signal)
        signal.throwIfAborted()
      }
      return input.type(action.value, { signal })
    case 'ENTER':
      return input.press('Return')
    case 'KEY':
      for (const chord of action.keys) {
        signal.throwIfAborted()
        await input.press(chord)
      }
      return
    case 'SCROLL':
      return input.wheel(action.direction, action.amount * NOTCHES_PER_AMOUNT, {
        signal,
        ...(action.position ? { at: action.position } : {}),
      })
    case 'DRAG':
    case 'SELECT_TEXT':
      return input.drag(action.from, action.to, { signal })
    case 'SWIPE':
      return room.state.touch
        ? input.touch(action.from, action.to, { signal })
        : input.drag(action.from, action.to, { signal })
    case 'COPY':
      await input.copy()
      say(action.value ? `I have copied what is selected (${action.value}).` : 'I have copied what is selected.')
      return
    case 'WAIT':
      await pause(action.seconds * 1000, signal)
      signal.throwIfAborted()
      return
    default:
      return
  }
}

/** Something with keys held down, which are let go of whatever happens. */
async function held(input: Input, keys: readonly string[] | undefined, what: () => Promise<void>): Promise<void> {
  if (!keys || keys.length === 0) return what()
  try {
    for (const key of keys) await input.keyDown(key)
    await what()
  } finally {
    input.release()
  }
}

async function press(input: Input, at: Place, seconds: number, signal: AbortSignal): Promise<void> {
  try {
    await input.buttonDown('left', at)
    await pause(seconds * 1000, signal)
  } finally {
    input.release()
  }
  signal.throwIfAborted()
}

/** Where on the screen a change is to be expected first. */
export const focusOf = (action: Action): Place | undefined => ('to' in action ? action.to : placeOf(action))

/** Whether it is to change something on the screen. */
export const isPassive = ({ action }: Action): boolean =>
  action === 'WAIT' || action === 'LOOK' || action === 'HOVER' || action === 'COPY'
