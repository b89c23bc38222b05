import { errorText, NekodeError } from '@shared/errors'
import { misuse, said, type Verb } from './verb'
import { saveFile } from './files'

const MANY = 10_000

export const clipboard: readonly Verb[] = [
  {
    name: 'copy',
    topic: 'clipboard',
    usage: '',
    about: 'Copy what is selected',
    words: [0, 0],
    run: ({ input }) => input.copy(),
  },
  {
    name: 'cut',
    topic: 'clipboard',
    usage: '',
    about: 'Cut what is selected',
    words: [0, 0],
    run: ({ input }) => input.cut(),
  },
  {
    name: 'select_all',
    aliases: ['select-all'],
    topic: 'clipboard',
    usage: '',
    about: 'Select all',
    words: [0, 0],
    run: ({ input }) => input.selectAll(),
  },
  {
    name: 'paste',
    topic: 'clipboard',
    usage: '["TEXT"]',
    about: 'Paste a text, or what the remote clipboard holds',
    words: [0, MANY],
    secret: true,
    run: ({ input, signal }, words) => input.paste(words.join(' '), { signal }),
  },
  {
    name: 'clipboard',
    topic: 'clipboard',
    usage: 'get | set "TEXT" | html "HTML" | image FILE',
    about: 'Read or set the remote clipboard, or save the picture in it (PNG)',
    words: [1, MANY],
    secret: true,
    complete: (words) => (words.length === 1 ? ['get', 'set', 'html', 'image'] : []),
    run: async ({ desk, signal }, [what, ...words]) => {
      const { clipboard } = desk.rest
      if (what === 'get' && words.length === 0) {
        const found = await clipboard.get({ signal })
        return said(found.text ?? found.html ?? '', found)
      }
      if (what === 'set') return clipboard.set({ text: words.join(' ') }, { signal })
      if (what === 'html' && words.length > 0) return clipboard.set({ html: words.join(' ') }, { signal })
      if (what === 'image' && words.length === 1) return saveFile(words[0] ?? '', await image())
      throw misuse('It is one of these: get, set, html, image.')

      async function image(): Promise<Uint8Array<ArrayBuffer>> {
        try {
          return await clipboard.image({ signal })
        } catch (cause) {
          if (!(cause instanceof NekodeError) || cause.kind !== 'unavailable' || !desk.connected) throw cause
          throw new NekodeError('not_found', `There is no picture in the remote clipboard: ${errorText(cause)}`, {
            cause,
          })
        }
      }
    },
  },
]
