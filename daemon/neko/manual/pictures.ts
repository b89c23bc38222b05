import { extname } from 'node:path'
import { encodePixels } from '../frames/picture'
import { saveFile } from './files'
import { misuse, type Verb } from './verb'

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
]
