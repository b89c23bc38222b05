import { closeSync, mkdtempSync, openSync, rmSync, statfsSync } from 'node:fs'
import { join } from 'node:path'
import { NekodeError } from '@shared/errors'
import type { Size } from '../geometry'
import type { Family, PipedProgram, Program } from './processes'
import { Framebuffer } from './screen'
import { writeCookie } from './x11/cookie'

const START_MS = 15_000
const SHARED = '/dev/shm'

export interface Xvfb {
  program: Program
  /** `:3` */
  display: string
  /** Path of the Unix socket. */
  socket: string
  cookie: Uint8Array
  /** File for programs. */
  authority: string
  framebuffer: Framebuffer
}

/**
 * Starts a screen without a screen, which only who has the cookie reaches, and nobody over the network.
 * @param largest the screen can be made smaller, never larger
 * @throws NekodeError unavailable when it does not start
 */
export async function startXvfb(family: Family, path: string, run: string, largest: Size): Promise<Xvfb> {
  const authority = join(run, 'Xauthority')
  const cookie = writeCookie(authority)
  const folder = mkdtempSync(join(framebufferFolder(run, largest), 'nekode-screen-'))
  try {
    const program = family.startPiped('Xvfb', [
      path,
      ...`-displayfd 1 -nolisten tcp -auth ${authority} -noreset -dpi 96 -s 0`.split(' '),
      ...`-screen 0 ${largest.width}x${largest.height}x24 -fbdir ${folder}`.split(' '),
      // It would draw the pointer into the picture, where it belongs to nobody: each viewer has its own.
      '-nocursor',
    ])
    const number = await displayNumber(program)
    const framebuffer = new Framebuffer(join(folder, 'Xvfb_screen0'))
    return {
      program,
      display: `:${number}`,
      socket: `/tmp/.X11-unix/X${number}`,
      cookie,
      authority,
      framebuffer,
    }
  } finally {
    // Both have it open: without a name it is gone with them, however they end.
    rmSync(folder, { recursive: true, force: true })
  }
}

async function displayNumber(program: PipedProgram): Promise<string> {
  const timer = setTimeout(() => void program.stop(), START_MS)
  let said = ''
  const decoder = new TextDecoder()
  try {
    for await (const chunk of program.stdout) {
      said += decoder.decode(chunk, { stream: true })
      const number = /^(\d+)\n/.exec(said)?.[1]
      if (number !== undefined) return number
    }
  } finally {
    clearTimeout(timer)
  }
  throw new NekodeError('unavailable', `Xvfb did not start: ${program.lastWords || 'it said nothing'}`, {
    code: 'screen_failed',
  })
}

/** Memory, where there is enough: on a disk each change of the screen would be written out. */
function framebufferFolder(run: string, { width, height }: Size): string {
  try {
    const { bavail, bsize } = statfsSync(SHARED)
    if (bavail * bsize < width * height * 4 * 2) return run
    closeSync(openSync(SHARED, 'r'))
    return SHARED
  } catch {
    // There is none, or not for us.
    return run
  }
}
