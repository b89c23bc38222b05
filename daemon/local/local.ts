import { rmSync } from 'node:fs'
import { errorText } from '@shared/errors'
import type { Logger } from '@shared/log'
import type { Paths } from '../config/paths'
import type { BASE } from './contract'
import { Dispatcher } from './dispatch'
import type { LocalEvents } from './events'
import { type LocalHttp, type Mount, serveHttp } from './http'
import { type Handlers, serve, type Served } from './operation'
import { makeSocketFolder, placeFiles, socketAddress, writePort, writeToken } from './place'
import { LocalSocket } from './socket'

/** How long answers that are under way may hold up the end. */
const DRAIN_MS = 5000

export interface LocalOptions {
  paths: Paths
  version: string
  log: Logger
  events: LocalEvents
  /** Operations of the services, by name. */
  serve: () => Promise<ReadonlyMap<string, Served>>
  /** Names of the services, for `Status`. */
  services: readonly string[]
  /** Port on loopback; 0: any free one; undefined: none. */
  port: number | undefined
  /** What else is served over HTTP. */
  mounts?: readonly Mount[]
  agentOf(token: string): string | undefined
  /** Takes secrets out of what agents say. Default: there are none. */
  clean?(input: unknown): unknown
  /** Ends the daemon. */
  shutdown(): void
  /** Ends the daemon and starts it again. */
  restart(): void
}

/** The local API of a running daemon. */
export interface LocalApi {
  /** Address of the HTTP API; undefined when it is turned off or could not be opened. */
  readonly url: string | undefined
  stop(): Promise<void>
}

/** Opens the local API. @throws NekodeError when there can be no socket */
export async function startLocal(options: LocalOptions): Promise<LocalApi> {
  const { paths, version, log, events } = options
  const address = socketAddress(paths)
  makeSocketFolder(address)
  const token = writeToken(paths)
  const since = performance.now()
  const uptime = () => Math.floor((performance.now() - since) / 1000)
  const base: Handlers<typeof BASE> = {
    Ping: () => ({ type: 'Pong', version, uptime_secs: uptime() }),
    Status: () => ({
      type: 'StatusInfo',
      pid: process.pid,
      uptime_secs: uptime(),
      services: [...options.services],
    }),
    Shutdown: () => {
      // After the answer has left.
      setImmediate(options.shutdown)
      return { type: 'ShuttingDown' }
    },
    Restart: () => {
      setImmediate(options.restart)
      return { type: 'Restarting' }
    },
  }
  const dispatcher = new Dispatcher({
    serve: async () => {
      const [shapes, others] = await Promise.all([import('./contract'), options.serve()])
      return new Map([...serve(shapes.BASE, base), ...others])
    },
    log,
    token,
    agentOf: options.agentOf,
    clean: (input) => options.clean?.(input) ?? input,
  })
  const socket = await LocalSocket.open({ address, dispatcher, events, log })
  const http = options.port === undefined ? undefined : openHttp(options, options.port, dispatcher)
  if (http) writePort(paths, http.port)
  events.publish({ type: 'DaemonStarted', pid: process.pid, version })
  return {
    url: http ? `http://127.0.0.1:${http.port}` : undefined,
    async stop() {
      events.publish({ type: 'DaemonStopping' })
      await Promise.all([socket.close(DRAIN_MS), http?.stop()])
      for (const path of placeFiles(paths)) rmSync(path, { force: true })
    },
  }
}

/** Another daemon of this computer may have the port: then any free one does, which those who ask read from the home. */
function openHttp({ events, log, mounts }: LocalOptions, port: number, dispatcher: Dispatcher): LocalHttp | undefined {
  for (const candidate of new Set([port, 0])) {
    try {
      return serveHttp({ port: candidate, dispatcher, events }, mounts)
    } catch (error) {
      log.info('the port of the local API is not free; another one is taken', {
        port: candidate,
        error: errorText(error),
      })
    }
  }
  log.warn('the local HTTP API could not be opened; the socket is there')
  return undefined
}
