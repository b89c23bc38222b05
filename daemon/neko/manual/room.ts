import { oneLine } from '@shared/cli/text'
import { NekodeError } from '@shared/errors'
import type { Size } from '../geometry'
import { clientEvents, Envelope } from '../protocol/events'
import { Modifiers, type ScreenSize, Settings } from '../protocol/types'
import type { Manual } from './manual'
import { flag, misuse, pairs, said, type Verb, whole } from './verb'

const RESIZE_MS = 10_000
const MODIFIERS = Object.keys(Modifiers.shape)

const sizeText = ({ width, height }: Size): string => `${width}x${height}`
const screenText = (screen: ScreenSize): string => `${sizeText(screen)}@${screen.rate}`

/** @throws NekodeError invalid when it is no size such as 1920x1080 */
export function parseSize(text: string): Size {
  const [, width = '', height = ''] = /^(\d{1,5})x(\d{1,5})$/i.exec(text.trim()) ?? []
  if (Number(width) < 1 || Number(height) < 1) throw misuse(`“${text}” is no size such as 1920x1080.`)
  return { width: Number(width), height: Number(height) }
}

async function resize({ desk, signal }: Manual, given: string): Promise<ScreenSize> {
  const [size = '', rate = String(desk.state.screen.rate)] = given.split('@')
  const wanted = { ...parseSize(size), rate: whole('R', rate, 0, 1000) }
  const { promise, resolve, reject } = Promise.withResolvers<ScreenSize>()
  const end = desk.on('screen/updated', ({ width, height, rate }) => resolve({ width, height, rate }))
  // A screen that has this size already does not change.
  const late = setTimeout(() => resolve(desk.state.screen), RESIZE_MS)
  const abort = (): void => reject(signal.reason)
  signal.addEventListener('abort', abort)
  try {
    await desk.rest.screen.set(wanted, { signal })
    const { width, height } = desk.state.screen
    if (width === wanted.width && height === wanted.height) return desk.state.screen
    return await promise
  } finally {
    clearTimeout(late)
    signal.removeEventListener('abort', abort)
    end()
  }
}

const settingsText = ({ plugins, ...rest }: Settings): string =>
  [...Object.entries(rest).filter(([name]) => name !== 'id'), ...Object.entries(plugins ?? {})]
    .map(([name, value]) => `${name}=${value === true ? 'on' : value === false ? 'off' : JSON.stringify(value)}`)
    .join('\n')

function settingsOf(words: readonly string[]): Record<string, unknown> {
  const change: Record<string, unknown> = {}
  const plugins: Record<string, unknown> = {}
  const isKnown = (name: string): boolean =>
    name.includes('.') || (Object.hasOwn(Settings.shape, name) && name !== 'plugins')
  for (const [name, value] of pairs(words, isKnown)) {
    if (name === 'heartbeat_interval') change[name] = whole(name, value, 0, 3600)
    else if (name.includes('.')) plugins[name] = flag(name, value)
    else change[name] = flag(name, value)
  }
  return Object.keys(plugins).length === 0 ? change : { ...change, plugins }
}

export const room: readonly Verb[] = [
  {
    name: 'size',
    topic: 'screen',
    usage: '[WxH|real]',
    about: 'Show or set the size that coordinates are of, whatever the screen has',
    words: [0, 1],
    run: async ({ desk, input }, [given]) => {
      if (given !== undefined) input.size = given.toLowerCase() === 'real' ? undefined : parseSize(given)
      const size = input.size ?? desk.size
      const isVirtual = sizeText(size) !== sizeText(desk.size)
      const text = `size ${sizeText(size)} normalized=${input.normalised}`
      const value = { ...size, normalized: input.normalised, screen: desk.size }
      return said(isVirtual ? `${text} (the screen has ${sizeText(desk.size)})` : text, value)
    },
  },
  {
    name: 'screen',
    topic: 'screen',
    usage: '[WxH[@RATE]]',
    about: 'Show or set the size of the remote screen (setting: administrator)',
    words: [0, 1],
    run: async (manual, [given]) => {
      const screen = given === undefined ? manual.desk.state.screen : await resize(manual, given)
      return said(`screen ${screenText(screen)}`, screen)
    },
  },
  {
    name: 'screens',
    topic: 'screen',
    usage: '',
    about: 'List the sizes that the remote screen can have (administrator)',
    words: [0, 0],
    run: async ({ desk, signal }) => {
      const sizes = await desk.rest.screen.sizes({ signal })
      return said(sizes.map((size) => `  ${screenText(size)}`).join('\n'), sizes)
    },
  },
  {
    name: 'modifiers',
    topic: 'keyboard',
    usage: `[${MODIFIERS.join('|')}=on|off…]`,
    about: 'Show or set which modifiers and locks the remote keyboard has on',
    words: [0, MODIFIERS.length],
    complete: () => MODIFIERS.flatMap((name) => [`${name}=on`, `${name}=off`]),
    run: async ({ desk, signal }, words) => {
      const change = pairs(words, (name) => MODIFIERS.includes(name)).map(([name, value]) => [name, flag(name, value)])
      if (change.length > 0) await desk.rest.keyboard.setModifiers(Object.fromEntries(change), { signal })
      const found = await desk.rest.keyboard.modifiers({ signal })
      const on = Object.entries(found).flatMap(([name, value]) => (value === true ? [name] : []))
      return said(on.length === 0 ? 'none is on' : on.join(' '), found)
    },
  },
  {
    name: 'settings',
    topic: 'room',
    usage: '[NAME=on|off…]',
    about: 'Show or change the room’s settings; a plugin’s have a dot: chat.can_send=off (changing: administrator)',
    words: [0, 30],
    complete: () => Object.keys(Settings.shape).flatMap((name) => [`${name}=on`, `${name}=off`]),
    run: async ({ desk, signal }, words) => {
      if (words.length === 0) return said(settingsText(desk.state.settings), desk.state.settings)
      await desk.rest.settings.set(settingsOf(words), { signal })
      const settings = await desk.rest.settings.get({ signal })
      return said(settingsText(settings), settings)
    },
  },
  {
    name: 'broadcast',
    topic: 'room',
    usage: '[start URL | stop]',
    about: 'Show, start or stop the server’s broadcast to an RTMP address (administrator)',
    words: [0, 2],
    // The address of a broadcast holds its key.
    secret: true,
    complete: (words) => (words.length === 1 ? ['start', 'stop'] : []),
    run: async ({ desk, signal }, [what, url]) => {
      const { broadcast } = desk.rest
      if (what === 'start' && url !== undefined) await broadcast.start(url, { signal })
      else if (what === 'stop' && url === undefined) await broadcast.stop({ signal })
      else if (what !== undefined) throw misuse('It is start URL, stop, or nothing.')
      const { is_active } = await broadcast.status({ signal })
      return said(is_active ? 'The server is broadcasting.' : 'The server is not broadcasting.', { is_active })
    },
  },
  {
    name: 'stats',
    topic: 'room',
    usage: '',
    about: 'Show how many are there, and since when the server runs',
    words: [0, 0],
    run: async ({ desk, signal }) => {
      const stats = await desk.rest.stats({ signal })
      const entries = Object.entries(stats).filter(([, value]) => value !== null && value !== undefined)
      return said(entries.map(([name, value]) => oneLine(`${name} ${String(value)}`)).join('\n'), stats)
    },
  },
  {
    name: 'open',
    topic: 'room',
    usage: 'URL',
    about: 'Open an address on the remote desktop, where the server can do that',
    words: [1, 1],
    run: ({ desk, signal }, [url = '']) => desk.rest.openLink(url, { signal }),
  },
  {
    name: 'raw',
    topic: 'room',
    usage: `'{"event":"…","payload":…}'`,
    about: 'Send an event as it stands',
    words: [1, 10_000],
    secret: true,
    complete: () => Object.keys(clientEvents).map((event) => `'{"event":"${event}"}'`),
    run: async ({ desk, face }, words) => {
      const text = words.join(' ')
      const parsed = Envelope.safeParse(parseJson(text))
      if (!parsed.success) throw misuse('It is not an event: {"event":"control/move","payload":{"x":1,"y":2}}')
      desk.sendRaw(parsed.data)
      if (!Object.hasOwn(clientEvents, parsed.data.event)) {
        face.note(`Neko v3 knows no event ${oneLine(parsed.data.event)} from clients; a server passes over it.`)
      }
    },
  },
]

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (cause) {
    throw new NekodeError('invalid', `It is no JSON: ${cause instanceof Error ? cause.message : ''}`, {
      code: 'usage',
      next: 'Put it in single quotes, so that its double quotes stay.',
    })
  }
}
