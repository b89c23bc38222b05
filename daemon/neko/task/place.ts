import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { NekodeError } from '@shared/errors'
import type { Logger } from '@shared/log'
import { RuntimeFailure } from '../../runtimes/failure'
import type { AgentSettings } from '../agent/settings'

type Env = Record<string, string | undefined>

export interface PlaceOptions {
  env: Env
  /** For the profile of an own desktop's browser. */
  stateDir: string
  /** The agent is held to limits or to a sandbox, in which no desktop can be made. */
  isConfined: boolean
  log: Logger
}

/** Where an agent works: a Neko server. */
export interface Place {
  connection: AgentSettings['connection']
  /** Whether it was started for this agent. */
  isOwn: boolean
  /** Tells why when it ended by itself; never for one that is not its own. */
  failed: Promise<string>
  close(): Promise<void>
}

const NEXT = 'Give the agent NEKO_URL, NEKO_USER and NEKO_PASS, or NEKO_WS, of a Neko server.'

/** Whether the environment names a server. */
export const isNamed = (env: Env): boolean => Boolean(env.NEKO_URL || env.NEKO_WS)

/**
 * The server that the settings name, or a desktop of its own on this computer, which NEKO_DESKTOP_URL gives a first page.
 * @throws RuntimeFailure desktop_unavailable, which says what to set or to install
 */
export async function findPlace({ connection }: AgentSettings, options: PlaceOptions): Promise<Place> {
  const { env, stateDir, isConfined, log } = options
  if (isNamed(env))
    return { connection, isOwn: false, failed: new Promise(() => undefined), close: () => Promise.resolve() }
  if (isConfined)
    throw new RuntimeFailure(
      'desktop_unavailable',
      `No Neko server is named, and an agent that is confined gets no desktop of its own: its browser would not be confined. ${NEXT}`,
    )
  const home = join(stateDir, 'desktop')
  mkdirSync(home, { recursive: true, mode: 0o700 })
  try {
    // The desktop is megabytes of code, and most agents work elsewhere.
    const { startDesktop } = await import('../desktop/desktop')
    const desktop = await startDesktop({
      port: 0,
      home,
      env,
      log,
      ...(env.NEKO_DESKTOP_URL ? { url: env.NEKO_DESKTOP_URL } : {}),
    })
    return {
      connection: { url: desktop.url, username: 'agent', password: desktop.adminPassword },
      isOwn: true,
      failed: desktop.failed,
      close: () => desktop.stop(),
    }
  } catch (error) {
    if (!(error instanceof NekodeError)) throw error
    const next = error.next === undefined ? '' : ` ${error.next}`
    throw new RuntimeFailure(
      'desktop_unavailable',
      `No Neko server is named, and a desktop of its own could not be started on this computer: ${error.message}${next} Or: ${NEXT}`,
      { cause: error },
    )
  }
}
