import { jsonSchema, tool, type ToolSet } from 'ai'
import type { Mode } from '../actions'
import { thousandths } from '../places'
import { conversation } from './conversation'
import type { Dialect, Edges } from './dialect'
import { bounded } from './size'
import { conduct, ENDING, readCalls } from './tools'

const ACTIONS: Record<Mode, readonly string[]> = {
  web: [
    'left_click',
    'right_click',
    'middle_click',
    'double_click',
    'triple_click',
    'left_click_drag',
    'mouse_move',
    'type',
    'key',
    'scroll',
    'copy',
    'wait',
    'screenshot',
  ],
  phone: ['tap', 'double_tap', 'long_press', 'swipe', 'type', 'key', 'scroll', 'wait', 'screenshot'],
}

const pair = (description: string) => ({
  type: 'array',
  items: { type: 'integer', minimum: 0, maximum: 1000 },
  minItems: 2,
  maxItems: 2,
  description,
})

const tools = (mode: Mode): ToolSet => ({
  computer: tool({
    description:
      'Use the screen. Coordinates are [x, y] from 0 to 1000 of the width and height of the picture, whatever its size: [0, 0] is the top left corner, [1000, 1000] the bottom right one. Aim at the middle of things.',
    inputSchema: jsonSchema({
      type: 'object',
      properties: {
        action: { type: 'string', enum: ACTIONS[mode] },
        coordinate: pair('where; of a drag or swipe, where it ends'),
        start_coordinate: pair('where a drag or swipe begins'),
        text: {
          type: 'string',
          description: 'what is typed (a line feed is Enter), or keys such as Return, ctrl+a, Page_Down',
        },
        direction: { type: 'string', enum: ['up', 'down', 'left', 'right'], description: 'of scroll' },
        amount: { type: 'integer', minimum: 1, maximum: 20, description: 'of scroll; 3 is about half a screen' },
        duration: { type: 'number', description: 'seconds, of wait and long_press' },
      },
      required: ['action'],
      additionalProperties: false,
    }),
  }),
  ...ENDING,
})

/** Any model that can call tools: a tool `computer`, positions from 0 to 1000. */
export const computer = (edges: Edges): Dialect => ({
  name: 'computer',
  fit: (picture) => bounded(picture, edges),
  request: (ask) => ({ system: conduct(ask), messages: conversation(ask, false), tools: tools(ask.mode) }),
  read: (reply, ask) => readCalls(reply, ask, thousandths),
})
