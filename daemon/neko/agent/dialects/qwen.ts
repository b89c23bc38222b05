import type { Size } from '../../geometry'
import type { Mode } from '../actions'
import { argumentsOf, findLiterals, type Literal } from '../literal'
import { pixels, type Scale, thousandths } from '../places'
import { closer, CONDUCT, image, paragraphs, pastLine, pointerOf, SCREEN, text, user, wordsOf } from '../prompt'
import { isAction, readAction } from '../read'
import { splitThought } from '../thought'
import type { Reply } from '../vision'
import type { Ask, Dialect, Edges, Understood } from './dialect'
import { bounded, smartSize } from './size'

/** A property of a function's arguments, as these models were trained to read it. */
const property = (type: string, description: string, extra: object = {}) => ({ type, description, ...extra })

const ACTIONS: Record<Mode, Record<string, string>> = {
  web: {
    key: 'press the keys of `keys` together',
    type: 'type `text` where the focus is',
    mouse_move: 'move the pointer to `coordinate`',
    left_click: 'click at `coordinate`',
    left_click_drag: 'drag from `start_coordinate` to `coordinate`',
    right_click: 'click with the right button',
    middle_click: 'click with the middle button',
    double_click: 'double-click',
    triple_click: 'click three times, which selects a line',
    scroll: 'scroll by `pixels` at `coordinate`; positive is up, negative is down',
    hscroll: 'scroll sideways by `pixels`; positive is right',
    wait: 'wait for `time` seconds',
    answer: 'answer the question of the task with `text`, which ends it',
    ask: 'ask a person with `text`',
    terminate: 'end the task with `status`',
  },
  phone: {
    click: 'tap at `coordinate`',
    long_press: 'press at `coordinate` for `time` seconds',
    swipe: 'swipe from `coordinate` to `coordinate2`',
    type: 'type `text` into the field that has the focus',
    key: 'press the key in `text`',
    system_button: 'press the `button` of the phone',
    wait: 'wait for `time` seconds',
    answer: 'answer the question of the task with `text`, which ends it',
    ask: 'ask a person with `text`',
    terminate: 'end the task with `status`',
  },
}

const FUNCTION: Record<Mode, string> = { web: 'computer_use', phone: 'mobile_use' }

function signature(mode: Mode, measure: string): string {
  const pair = (description: string) => property('array', `[x, y]: ${description}`)
  const properties = {
    action: property('string', describe(ACTIONS[mode]), { enum: Object.keys(ACTIONS[mode]) }),
    coordinate: pair(`x from the left edge and y from the top edge, ${measure}`),
    ...(mode === 'web'
      ? { start_coordinate: pair('where `action=left_click_drag` begins') }
      : { coordinate2: pair('where `action=swipe` ends') }),
    text: property('string', 'what is typed, answered or asked'),
    ...(mode === 'web'
      ? {
          keys: property('array', 'names of keys, for `action=key`'),
          pixels: property('number', 'for `action=scroll` and `action=hscroll`'),
        }
      : { button: property('string', 'for `action=system_button`', { enum: ['Back', 'Home', 'Menu', 'Enter'] }) }),
    time: property('number', 'seconds'),
    status: property('string', 'for `action=terminate`', { enum: ['success', 'failure'] }),
  }
  const description = `Use ${SCREEN[mode]}: look at its picture, and use pointer and keys. Aim at the middle of things.`
  const parameters = { type: 'object', properties, required: ['action'] }
  return JSON.stringify({ type: 'function', function: { name: FUNCTION[mode], description, parameters } })
}

const describe = (actions: Record<string, string>): string =>
  Object.entries(actions)
    .map(([name, what]) => `\`${name}\`: ${what}`)
    .join('; ')

const system = (mode: Mode, measure: string): string =>
  paragraphs(
    'You are a helpful assistant.',
    CONDUCT,
    `# Tools\n\nYou may call one or more functions to assist with the user query.\n\nYou are provided with function signatures within <tools></tools> XML tags:\n<tools>\n${signature(mode, measure)}\n</tools>`,
    'For each function call, return a json object with function name and arguments within <tool_call></tool_call> XML tags:\n<tool_call>\n{"name": <function-name>, "arguments": <args-json-object>}\n</tool_call>',
  )

interface Family {
  name: string
  fit: (picture: Size) => Size
  scale: (picture: Size) => Scale
  measure: (picture: Size) => string
}

/** Qwen2.5-VL: a tool call in text, positions in pixels of the picture as its processor makes it. */
export function qwen25vl(edges: Edges): Dialect {
  return family({
    name: 'qwen25vl',
    fit: (picture) =>
      smartSize(bounded(picture, edges), { factor: 28, minPixels: 4 * 28 * 28, maxPixels: 16_384 * 28 * 28 }),
    scale: pixels,
    measure: ({ width, height }) => `in pixels of the picture, which is ${width}x${height}`,
  })
}

/** Qwen3-VL (and Qwen2-VL): the same tool call, positions from 0 to 1000 of width and height. */
export function qwen3vl(edges: Edges): Dialect {
  return family({
    name: 'qwen3vl',
    fit: (picture) =>
      smartSize(bounded(picture, edges), { factor: 32, minPixels: 4 * 32 * 32, maxPixels: 16_384 * 32 * 32 }),
    scale: () => thousandths,
    measure: () => 'from 0 to 1000 of its width and height (the screen is taken as 1000x1000)',
  })
}

function family({ name, fit, scale, measure }: Family): Dialect {
  return {
    name,
    fit,
    request: (ask) => ({
      system: system(ask.mode, measure(ask.picture)),
      messages: [
        user(
          text(
            paragraphs(
              `The user query: ${ask.task}`,
              wordsOf(ask.words),
              ask.history.length > 0 && `What you did until now:\n${ask.history.map(pastLine).join('\n')}`,
              ask.crop && closer(ask.crop),
            ),
          ),
          image(ask.picture),
        ),
      ],
    }),
    read: (reply, ask) => read(reply, ask, scale(ask.picture)),
  }
}

function read(reply: Reply, ask: Ask, scale: Scale): Understood {
  const { said, thought = reply.thought } = splitThought(reply.text)
  // Some servers turn the call in the text into one of their own.
  const raw = reply.calls.length > 0 ? literalsOf(reply.calls[0]?.input) : findLiterals(said).map(({ value }) => value)
  const found = raw.map((value) => argumentsOf(value).input).find(isAction)
  const before = /^([\s\S]*?)<tool_call>/
    .exec(said)?.[1]
    ?.replace(/^\s*Thought:\s*/i, '')
    .trim()
  const why = thought ?? (before === '' ? undefined : before)
  if (!found) return { thought: why, problem: `it has no <tool_call> of ${FUNCTION[ask.mode]} with an action` }
  const pointer = pointerOf(ask.history)
  const { action, problem } = readAction(found, { mode: ask.mode, scale, adapts: true, pointer })
  return action ? { actions: [action], thought: why } : { thought: why, problem }
}

const literalsOf = (input: unknown): Literal[] =>
  findLiterals(typeof input === 'string' ? input : JSON.stringify(input ?? null)).map(({ value }) => value)
