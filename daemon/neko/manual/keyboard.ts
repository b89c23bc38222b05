import { parseChord } from '../input/chords'
import { keyNames } from '../protocol/keysyms'
import { point, said, type Verb } from './verb'

const MANY = 10_000
const completeKey = (words: readonly string[]): string[] => {
  const before = /^(.*[+])[^+]*$/.exec(words.at(-1) ?? '')?.[1] ?? ''
  return keyNames().map((name) => before + name)
}

export const keyboard: readonly Verb[] = [
  {
    name: 'key',
    aliases: ['press'],
    topic: 'keyboard',
    usage: 'KEY…',
    about: 'Press keys or chords one after another: Enter, F5, Ctrl+Alt+t, Ctrl++',
    words: [1, 50],
    complete: completeKey,
    run: async ({ input }, words) => {
      // None is pressed when one of them is no key.
      for (const word of words) parseChord(word)
      for (const word of words) await input.press(word)
    },
  },
  {
    name: 'keydown',
    topic: 'keyboard',
    usage: 'KEY',
    about: 'Press a key and keep it down, for ten seconds at most',
    words: [1, 1],
    complete: completeKey,
    run: ({ input }, [key = '']) => input.keyDown(key),
  },
  {
    name: 'keyup',
    topic: 'keyboard',
    usage: 'KEY',
    about: 'Let go of a key',
    words: [1, 1],
    complete: completeKey,
    run: ({ input }, [key = '']) => input.keyUp(key),
  },
  {
    name: 'release',
    topic: 'keyboard',
    usage: '',
    about: 'Let go of every key, button and finger that is down',
    words: [0, 0],
    run: async ({ input }) => input.release(),
  },
  {
    name: 'text',
    aliases: ['type'],
    topic: 'keyboard',
    usage: '"TEXT"',
    about: 'Type a text; what a US keyboard does not have goes through the clipboard',
    words: [1, MANY],
    secret: true,
    run: ({ input, signal }, words) => input.type(words.join(' '), { signal }),
  },
  {
    name: 'keys',
    topic: 'keyboard',
    usage: '"TEXT"',
    about: 'Type a text with keys alone, never through the clipboard: for terminals and passwords',
    words: [1, MANY],
    secret: true,
    run: ({ input, signal }, words) => input.type(words.join(' '), { how: 'keys', signal }),
  },
  {
    name: 'secret',
    topic: 'keyboard',
    usage: '',
    about: 'Type what is asked for without being shown, with keys alone',
    words: [0, 0],
    run: async ({ input, face, signal }) => input.type(await face.secret('Text to type: '), { how: 'keys', signal }),
  },
  {
    name: 'input',
    topic: 'keyboard',
    usage: 'X Y "TEXT"',
    about: 'Click at a point and type a text there',
    words: [3, MANY],
    secret: true,
    run: async ({ input, signal }, [x, y, ...words]) => {
      await input.click(point(x, y))
      await input.type(words.join(' '), { signal })
    },
  },
  {
    name: 'enter',
    topic: 'keyboard',
    usage: '',
    about: 'Press Enter',
    words: [0, 0],
    run: ({ input }) => input.press('Return'),
  },
  {
    name: 'keyboard',
    topic: 'keyboard',
    usage: '[LAYOUT [VARIANT]]',
    about: 'Show or set the layout of the remote keyboard: us, de, fr, us dvorak',
    words: [0, 2],
    run: async ({ desk, input, signal }, [layout, variant = '']) => {
      if (layout !== undefined) await desk.rest.keyboard.setMap({ layout, variant }, { signal })
      const map = await desk.rest.keyboard.map({ signal })
      // Variants of it (dvorak, intl) have their keys elsewhere too.
      input.layout = `${map.layout} ${map.variant}`.trim() || 'us'
      return said(`keyboard ${map.layout}${map.variant === '' ? '' : ` ${map.variant}`}`, map)
    },
  },
]
