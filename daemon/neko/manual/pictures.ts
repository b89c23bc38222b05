import { extname } from 'node:path'
import { sizeText } from '@shared/cli/text'
import { encodePixels } from '../frames/picture'
import { saveFile } from './files'
import { misuse, number, said, type Verb } from './verb'
import { DRAWINGS, watch } from './watch'

const PICTURE_MS = 15_000

export const pictures: readonly Verb[] = [
  {
    name: 'screenshot',
    aliases: ['shot'],
    topic: 'pictures',
    usage: 'FILE.jpg|FILE.png',
    about: 'Save a picture of the screen',
    words: [1, 1],
    run: async (manual, [path = '']) => {
      const kind = extname(path).toLowerCase()
      if (kind !== '.png' && kind !== '.jpg' && kind !== '.jpeg') throw misuse('A picture is a .jpg or a .png file.')
      const source = await manual.frames('still')
      const picture = await source.next({ after: Date.now(), timeoutMs: PICTURE_MS, signal: manual.signal })
      const bytes = kind === '.png' ? await encodePixels(await picture.pixels(), 'png') : await picture.jpeg()
      return saveFile(path, new Uint8Array(bytes))
    },
  },
  {
    name: 'record',
    topic: 'pictures',
    usage: 'FILE.webm|FILE.mkv [SECONDS]',
    about: 'Record the screen and its sound as they come, for so long or until Ctrl-C',
    words: [1, 2],
    run: async (manual, [path = '', seconds]) => {
      const kind = extname(path).toLowerCase()
      if (kind !== '.webm' && kind !== '.mkv') throw misuse('A recording is a .webm or a .mkv file.')
      const limitMs = seconds === undefined ? undefined : number('SECONDS', seconds) * 1000
      if (limitMs === undefined && !manual.face.interactive)
        throw misuse('In a script it has to end: say how many seconds.')
      const { record } = await import('./record')
      const { desk, audio } = manual
      const frames = await manual.frames('live')
      const done = await record({ frames, path, size: desk.size, signal: manual.signal, limitMs, audio })
      const text = `${path} (${done.codec}, ${done.seconds.toFixed(1)} s, ${done.frames} pictures, ${sizeText(done.sizeBytes)})`
      return said(text, done)
    },
  },
  {
    name: 'watch',
    topic: 'pictures',
    usage: `[${DRAWINGS.join('|')}] [FPS=5]`,
    about: 'Show the screen in this terminal, until a key is pressed',
    words: [0, 2],
    complete: (words) => (words.length === 1 ? DRAWINGS : []),
    run: (manual, words) => watch(manual, words),
  },
]
