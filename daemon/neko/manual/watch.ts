import { setTimeout as sleep } from 'node:timers/promises'
import { oneLine } from '@shared/cli/text'
import { errorText, NekodeError } from '@shared/errors'
import type { Frames } from '../frames/frames'
import { draw, type Drawing, DRAWINGS, KITTY_CLEAR } from './draw'
import type { Manual, Screen } from './manual'
import { misuse, whole } from './verb'

export { DRAWINGS } from './draw'

const FPS = 5
const MAX_FPS = 30
const PICTURE_MS = 10_000
const RETRY_MS = 1000

const ENTER = '\x1b[?1049h\x1b[?25l\x1b[2J'
const LEAVE = '\x1b[0m\x1b[?25h\x1b[?1049l'
const HOME = '\x1b[H'

/** Shows the screen in the terminal until a key is pressed there. */
export async function watch(manual: Manual, words: readonly string[]): Promise<void> {
  const { screen } = manual.face
  if (!screen) {
    throw new NekodeError('precondition', 'There is no terminal to show it in.', {
      code: 'no_terminal',
      next: 'Save pictures instead: screenshot FILE.jpg, record FILE.webm SECONDS.',
    })
  }
  const given = words.find((word) => DRAWINGS.some((kind) => kind === word))
  const rate = words.find((word) => word !== given)
  const fps = rate === undefined ? FPS : whole('FPS', rate, 1, MAX_FPS)
  const kind = DRAWINGS.find((known) => known === given) ?? (await drawingOf(screen))
  if (words.length === 2 && given === undefined) throw misuse(`A kind of picture is ${DRAWINGS.join(', ')}.`)
  const frames = await manual.frames('live')
  const over = new AbortController()
  const signal = AbortSignal.any([manual.signal, over.signal])
  await screen.write(ENTER)
  try {
    const shown = show(screen, frames, { kind, fps, signal })
    // Whatever key it is, and Ctrl-C too: it ends without an error.
    await screen.key(signal).catch(() => undefined)
    over.abort()
    await shown
  } finally {
    await screen.write((kind === 'kitty' ? KITTY_CLEAR : '') + LEAVE)
  }
}

async function show(
  screen: Screen,
  frames: Frames,
  { kind, fps, signal }: { kind: Drawing; fps: number; signal: AbortSignal },
): Promise<void> {
  let last = 0
  let size = ''
  while (!signal.aborted) {
    const startedAt = Date.now()
    try {
      const picture = await frames.next({ after: last, timeoutMs: PICTURE_MS, signal })
      last = picture.at
      const { columns, rows } = screen
      const text = await draw(kind, picture, { columns, rows: rows - 1 })
      const clear = size === `${columns}x${rows}` ? '' : '\x1b[2J'
      size = `${columns}x${rows}`
      const status = `${picture.width}x${picture.height} by ${picture.source}, press a key to end`
      await screen.write(`${clear}${HOME}${text}\x1b[${rows};1H\x1b[0m\x1b[K${status.slice(0, columns - 1)}`)
      await sleep(Math.max(0, startedAt + 1000 / fps - Date.now()), undefined, { signal })
    } catch (error) {
      if (signal.aborted) return
      await screen.write(`\x1b[${screen.rows};1H\x1b[0m\x1b[K${oneLine(errorText(error)).slice(0, screen.columns - 1)}`)
      await sleep(RETRY_MS, undefined, { signal }).catch(() => undefined)
    }
  }
}

/** What a terminal can show, by what it says of itself; one within another (tmux) answers only questions. */
export async function drawingOf(screen: Pick<Screen, 'env' | 'query'>): Promise<Drawing> {
  const { env } = screen
  if (!env.TMUX && !env.STY) {
    if (env.KITTY_WINDOW_ID || env.TERM === 'xterm-kitty' || env.TERM_PROGRAM === 'ghostty') return 'kitty'
    if (env.TERM_PROGRAM === 'iTerm.app' || env.TERM_PROGRAM === 'WezTerm' || env.LC_TERMINAL === 'iTerm2')
      return 'iterm2'
  }
  // Primary device attributes: 4 among them is sixel.
  const answer = /\[\?([\d;]*)c/.exec(await screen.query('\x1b[c', /\[\?[\d;]*c/))?.[1] ?? ''
  return answer.split(';').includes('4') ? 'sixel' : 'blocks'
}
