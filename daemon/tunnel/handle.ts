import { errorText, NekodeError } from '@shared/errors'
import type { Logger } from '@shared/log'
import type { Exchange } from '@shared/tunnel/exchange'
import {
  type Fields,
  PORT_HEADER,
  type ProxyFrame,
  REFUSED_HEADER,
  SCREEN,
  WORKSPACE,
  readHeaders,
} from '@shared/tunnel/frames'
import { serveHttp } from './http'
import type { PortPolicy } from './ports'
import { serveSocket } from './socket'

export interface HandleDeps {
  ports: PortPolicy
  log: Logger
  /** Answers a request about the files of an agent. */
  workspace(exchange: Exchange, path: string): Promise<void>
  /** Shows somebody the screen that an agent works on. */
  screen(exchange: Exchange, path: string): Promise<void>
}

/** Answers one request of the server: of a browser to an application here, or of its own about a workspace. Never throws. */
export async function handle(
  exchange: Exchange,
  start: ProxyFrame,
  { ports, log, workspace, screen }: HandleDeps,
): Promise<void> {
  try {
    if (start.tunnelId === WORKSPACE) return await workspace(exchange, start.path)
    if (start.tunnelId === SCREEN) return await screen(exchange, start.path)
    const all = readHeaders(start.requestHeaders)
    const port = Number(all.find(([name]) => name.toLowerCase() === PORT_HEADER.toLowerCase())?.[1] ?? Number.NaN)
    const refusal = ports.refusal(port)
    if (refusal !== undefined) return await refuse(exchange, refusal)
    const { method, path } = start
    if (!/^[A-Z][A-Z-]{0,31}$/.test(method) || !isPath(path)) return await refuse(exchange, 'The request is not valid.')
    const fields: Fields = all.filter(([name]) => !name.toLowerCase().startsWith('x-nekode-'))
    const upstream = { port, method, path, fields }
    const isSocket = method === 'GET' && fields.some(([name, value]) => name === 'upgrade' && value === 'websocket')
    await (isSocket ? serveSocket(exchange, upstream) : serveHttp(exchange, upstream))
  } catch (error) {
    if (exchange.isOver) return
    if (!(error instanceof NekodeError)) log.debug('a request to an application failed', { error })
    await exchange.end(errorText(error) || 'The application did not answer.')
  }
}

/** Nothing that would end the request line. */
const isPath = (path: string): boolean => /^\/[!-~\u0080-\uffff]{0,32767}$/.test(path)

async function refuse(exchange: Exchange, reason: string): Promise<void> {
  exchange.respond(403, [
    [REFUSED_HEADER, 'port_refused'],
    ['content-type', 'text/plain; charset=utf-8'],
  ])
  await exchange.write(new TextEncoder().encode(reason))
  await exchange.end()
}
