import { DIRECTIONS } from '../input/input'
import { button, buttonNames, misuse, point, pointAndButton, said, type Verb, whole } from './verb'

const BUTTON = '[left|middle|right]'
const completeButton = (): readonly string[] => buttonNames

const click = (
  name: string,
  about: string,
  which: 'left' | 'middle' | 'right',
  aliases: readonly string[] = [],
): Verb => ({
  name,
  aliases,
  topic: 'mouse',
  usage: '[X Y]',
  about,
  words: [0, 2],
  run: ({ input }, words) => input.click(optional(words), which),
})

function optional(words: readonly string[]) {
  return words.length === 0 ? undefined : point(words[0], words[1])
}

export const mouse: readonly Verb[] = [
  {
    name: 'move',
    aliases: ['hover'],
    topic: 'mouse',
    usage: 'X Y',
    about: 'Move the pointer',
    words: [2, 2],
    run: ({ input }, [x, y]) => input.move(point(x, y)),
  },
  {
    name: 'click',
    topic: 'mouse',
    usage: `[X Y] ${BUTTON}`,
    about: 'Click where the pointer is, or at a point',
    words: [0, 3],
    complete: completeButton,
    run: ({ input }, words) => {
      const { at, button } = pointAndButton(words)
      return input.click(at, button)
    },
  },
  click('lclick', 'Click with the left button', 'left'),
  click('rclick', 'Click with the right button', 'right'),
  click('mclick', 'Click with the middle button', 'middle'),
  {
    name: 'dblclick',
    aliases: ['double'],
    topic: 'mouse',
    usage: `[X Y] ${BUTTON}`,
    about: 'Double-click where the pointer is, or at a point',
    words: [0, 3],
    complete: completeButton,
    run: ({ input, signal }, words) => {
      const { at, button } = pointAndButton(words)
      return input.doubleClick(at, button, { signal })
    },
  },
  {
    name: 'tap',
    topic: 'mouse',
    usage: `X Y ${BUTTON}`,
    about: 'Move and click',
    words: [2, 3],
    complete: (words) => (words.length > 2 ? buttonNames : []),
    run: ({ input }, [x, y, which]) => input.click(point(x, y), button(which)),
  },
  {
    name: 'mousedown',
    topic: 'mouse',
    usage: `[X Y] ${BUTTON}`,
    about: 'Press a button and keep it down, for ten seconds at most',
    words: [0, 3],
    complete: completeButton,
    run: ({ input }, words) => {
      const { at, button } = pointAndButton(words)
      return input.buttonDown(button, at)
    },
  },
  {
    name: 'mouseup',
    topic: 'mouse',
    usage: `[X Y] ${BUTTON}`,
    about: 'Let go of a button',
    words: [0, 3],
    complete: completeButton,
    run: ({ input }, words) => {
      const { at, button } = pointAndButton(words)
      return input.buttonUp(button, at)
    },
  },
  {
    name: 'drag',
    aliases: ['swipe'],
    topic: 'mouse',
    usage: `X1 Y1 X2 Y2 ${BUTTON}`,
    about: 'Drag from one point to another',
    words: [4, 5],
    complete: (words) => (words.length > 4 ? buttonNames : []),
    run: ({ input, signal }, [x1, y1, x2, y2, which]) =>
      input.drag(point(x1, y1), point(x2, y2), { button: button(which), signal }),
  },
  {
    name: 'scroll',
    topic: 'mouse',
    usage: 'up|down|left|right [n=1]',
    about: 'Turn the wheel by n notches',
    words: [1, 2],
    complete: (words) => (words.length === 1 ? DIRECTIONS : []),
    run: ({ input, signal }, [word = '', n = '1']) => {
      const direction = DIRECTIONS.find((known) => known === word.toLowerCase())
      if (!direction) throw misuse(`A direction is ${DIRECTIONS.join(', ')}, not “${word}”.`)
      return input.wheel(direction, whole('n', n, 1, 1000), { signal })
    },
  },
  {
    name: 'touch',
    topic: 'mouse',
    usage: 'X Y [X2 Y2]',
    about: 'Tap with a finger, or swipe with it to a second point',
    words: [2, 4],
    run: ({ input, signal }, [x, y, x2, y2]) =>
      input.touch(point(x, y), x2 === undefined ? undefined : point(x2, y2), { signal }),
  },
  {
    name: 'touchdown',
    topic: 'mouse',
    usage: 'X Y [id=0] [pressure=255]',
    about: 'Put a finger down',
    words: [2, 4],
    run: ({ input }, [x, y, id = '0', pressure = '255']) =>
      input.touchBegin(whole('id', id, 0, 31), point(x, y), whole('pressure', pressure, 0, 255)),
  },
  {
    name: 'touchmove',
    topic: 'mouse',
    usage: 'X Y [id=0] [pressure=255]',
    about: 'Move a finger that is down',
    words: [2, 4],
    run: ({ input }, [x, y, id = '0', pressure = '255']) =>
      input.touchUpdate(whole('id', id, 0, 31), point(x, y), whole('pressure', pressure, 0, 255)),
  },
  {
    name: 'touchup',
    topic: 'mouse',
    usage: '[id=0]',
    about: 'Lift a finger',
    words: [0, 1],
    run: ({ input }, [id = '0']) => input.touchEnd(whole('id', id, 0, 31)),
  },
  {
    name: 'where',
    aliases: ['position'],
    topic: 'mouse',
    usage: '',
    about: 'Show where the pointer was sent last, in pixels of the screen',
    words: [0, 0],
    run: async ({ input }) => {
      const { x, y } = input.position
      return said(`${x} ${y}`, { x, y })
    },
  },
  {
    name: 'norm',
    topic: 'mouse',
    usage: '[on|off]',
    about: 'Take coordinates from 0 to 1 instead of pixels',
    words: [0, 1],
    complete: () => ['on', 'off'],
    run: async ({ input }, [word = 'on']) => {
      if (word !== 'on' && word !== 'off') throw misuse(`norm is on or off, not “${word}”.`)
      input.normalised = word === 'on'
      return said(`normalized=${input.normalised}`, { normalized: input.normalised })
    },
  },
]
