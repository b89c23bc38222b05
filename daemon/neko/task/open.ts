import type { Logger } from '@shared/log'
import type { AgentSettings } from '../agent/settings'
import type { Vision } from '../agent/vision'
import { NekoClient } from '../client/client'
import { Frames } from '../frames/frames'
import { ScreenshotFrames } from '../frames/screenshot'
import type { FrameSource } from '../frames/source'
import { Input } from '../input/input'
import { OnDemand } from './demand'
import type { Metrics } from './metrics'
import { type TaskParts, TaskRun } from './run'

export interface OpenOptions extends Pick<TaskParts, 'ask' | 'permit' | 'waits' | 'patience'> {
  settings: AgentSettings
  vision: Vision
  log: Logger
  metrics: Metrics
  /** Ends the attempt to connect. Once connected, `close` says goodbye properly. */
  signal?: AbortSignal
  /** How long a server that is not there is tried. Default 0: once. */
  patienceMs?: number
}

/** A session in a room, ready for tasks. */
export interface OpenTask {
  client: NekoClient
  frames: OnDemand
  task: TaskRun
  /** Lets go of the control, and ends the session. It does not fail. */
  close(): Promise<void>
}

const STATS_MS = 5000
/** How long a goodbye may take. */
const CLOSE_MS = 5000

/**
 * Connects to the room that the settings name.
 * @throws NekodeError as `NekoClient.connect`
 */
export async function openTask(options: OpenOptions): Promise<OpenTask> {
  const { settings, log, metrics, signal: _signal, patienceMs: _patience, vision, ...parts } = options
  const client = await connect(options)
  // It tells this connection only from the next one on.
  const offUp = client.onChange('up', () => metrics.reconnects.add())
  const frames = new OnDemand(() => {
    const source = new Frames(client, {
      prefer: settings.frames,
      audio: settings.audio,
      ice: settings.ice,
      skipInitial: settings.skipInitialFrames,
      log,
    })
    source.on('source', ({ kind, reason }) => log.info('pictures come from', { kind, reason }))
    return settings.rtcpKeepalive ? withStats(source, log) : source
  })
  const input = new Input(client, { normalised: true })
  const { control } = client.rest
  const task = new TaskRun({
    client,
    frames,
    ...(settings.frames !== 'screenshot' ? { proof: new ScreenshotFrames(client) } : {}),
    input,
    vision,
    settings,
    log,
    metrics,
    give: (id) => control.give(id),
    take: () => control.take(),
    ...parts,
  })
  return {
    client,
    frames,
    task,
    async close() {
      offUp()
      task.close()
      input.close()
      const late = Promise.withResolvers<void>()
      const timer = setTimeout(late.resolve, CLOSE_MS)
      const ended = Promise.allSettled([frames.close(), client.close()])
      await Promise.race([ended, late.promise])
      clearTimeout(timer)
    },
  }
}

async function connect({ settings, log, signal, patienceMs = 0 }: OpenOptions): Promise<NekoClient> {
  const attempt = new AbortController()
  const end = (): void => attempt.abort()
  signal?.throwIfAborted()
  signal?.addEventListener('abort', end)
  try {
    return await NekoClient.connect({ ...settings.connection, log, patienceMs, signal: attempt.signal })
  } finally {
    signal?.removeEventListener('abort', end)
  }
}

/** NEKO_RTCP_KEEPALIVE: the figures of the media, again and again for as long as they are received. */
function withStats(source: Frames, log: Logger): FrameSource {
  const timer = setInterval(() => log.debug('media', { ...source.media?.stats() }), STATS_MS)
  return {
    get kind() {
      return source.kind
    },
    next: (options) => source.next(options),
    close() {
      clearInterval(timer)
      return source.close()
    },
  }
}
