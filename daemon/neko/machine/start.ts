import type { Logger } from '@shared/log'
import { errorText } from '@shared/errors'
import { startBrowser } from './browser'
import { Sound } from './audio'
import { enterHome, type Home } from './home'
import { KeptProgram } from './kept'
import type { Machine, ScreenSize } from './machine'
import { findPrograms, installHint, type Programs } from './packages'
import { Family } from './processes'
import { DEFAULT_SIZE, largestScreen, screenSize } from './sizes'
import { Session } from './session'
import { windowManagerArgv } from './windows'
import { startXvfb } from './xvfb'

export interface MachineOptions {
  /** Folder of profile and downloads, kept from one start to the next; only one machine uses it at a time. */
  home: string
  log: Logger
  /** Default 1280x720. */
  size?: ScreenSize | undefined
  /** A command to use as browser; default: the first one that is found. */
  browser?: string[] | undefined
  /** Page to begin with. */
  url?: string | undefined
  /** Pictures a second of the video; default 15. */
  frameRate?: number | undefined
  /** Kilobits a second of the video; default 2500. */
  kilobits?: number | undefined
  /** Default true: with sound where PulseAudio is installed. */
  sound?: boolean | undefined
  /** What the allow-listed variables are taken from. Default: this process's environment. */
  env?: Record<string, string | undefined> | undefined
}

/**
 * Starts a screen with a browser on it. The browser's window may come some seconds later.
 * @throws MissingPackage when programs are missing, NekodeError conflict when the home is in use, invalid for an impossible size,
 * unavailable when the screen does not start
 */
export async function startMachine(options: MachineOptions): Promise<Machine> {
  const parent = options.env ?? process.env
  const size = screenSize(options.size ?? DEFAULT_SIZE)
  const programs = findPrograms(parent.PATH ?? '', options.browser)
  const home = await enterHome(options.home, parent)
  const family = new Family(home.env, home.mark, options.log)
  try {
    return await start(options, size, programs, home, family)
  } catch (error) {
    await family.close()
    home.leave()
    throw error
  }
}

async function start(
  { log, url, ...options }: MachineOptions,
  size: ScreenSize,
  programs: Programs,
  home: Home,
  family: Family,
): Promise<Machine> {
  const largest = largestScreen(size)
  const [xvfb, sound] = await Promise.all([
    startXvfb(family, programs.xvfb, home.run, largest),
    startSound(family, programs, home, log, options.sound ?? true),
  ])
  Object.assign(family.env, { DISPLAY: xvfb.display, XAUTHORITY: xvfb.authority })
  if (sound instanceof Sound) Object.assign(family.env, sound.env)
  const session = await Session.open({
    xvfb,
    family,
    home,
    sound,
    log,
    largest,
    programs,
    frameRate: options.frameRate ?? 15,
    kilobits: options.kilobits ?? 2500,
  })
  try {
    // Before any window: none has to be told of a change.
    await session.resize(size)
    session.keep(
      new KeptProgram({
        family,
        log,
        name: 'window manager',
        argv: () => windowManagerArgv(programs.windowManager, home.run),
      }),
    )
    await session.windowsManaged()
    session.keep(
      startBrowser({ family, log, url, command: programs.browser, home: home.path, size: () => session.size }),
    )
    return session
  } catch (error) {
    await session.close()
    throw error
  }
}

/** @returns why there is none */
async function startSound(
  family: Family,
  { pulseaudio, ffmpeg }: Programs,
  { run }: Home,
  log: Logger,
  wanted: boolean,
): Promise<Sound | string> {
  if (!wanted) return 'Sound was not asked for.'
  if (!pulseaudio) return `PulseAudio is not installed. ${installHint('pulseaudio')}`
  try {
    return await Sound.start(family, log, { pulseaudio, ffmpeg, run })
  } catch (error) {
    log.warn(`there is no sound: ${errorText(error)}`)
    return errorText(error)
  }
}
