import * as acp from '@agentclientprotocol/sdk'
import { Child } from '../child'
import type { StartOptions } from '../events'
import type { ProcessEnd } from '../failure'
import { parseJson } from '../json'
import { readLines } from '../lines'

export interface Handlers {
  permission(request: acp.RequestPermissionRequest): Promise<acp.RequestPermissionResponse>
  update(update: acp.SessionUpdate): void
  garbage(line: string): false
  stderr(line: string): void
  exit(end: ProcessEnd): void
}

export interface Connection {
  child: Child
  agent: acp.ClientConnection['agent']
}

/**
 * Starts the agent and connects the protocol library to it. Lines go through our own framing, so that a stray log line on
 * standard output, which some agents print, is reported instead of breaking the connection.
 */
export function connect(argv: string[], options: StartOptions, handlers: Handlers): Connection {
  const encoder = new TextEncoder()
  const fromAgent = new TransformStream<Uint8Array, Uint8Array>()
  const toAgent = new TransformStream<Uint8Array, Uint8Array>()
  const feed = fromAgent.writable.getWriter()
  const child = new Child({
    argv,
    cwd: options.cwd,
    env: options.env,
    mark: options.mark,
    cell: options.cell,
    onLine: (line) => {
      if (typeof parseJson(line) !== 'object') return handlers.garbage(line)
      options.onRaw?.('in', line)
      // A rejected write means that the connection is closed; the exit says so.
      feed.write(encoder.encode(`${line}\n`)).catch(() => undefined)
    },
    onStderr: handlers.stderr,
    onExit: (end) => {
      feed.close().catch(() => undefined)
      handlers.exit(end)
    },
  })
  void readLines(toAgent.readable, (line) => {
    options.onRaw?.('out', line)
    child.write(line)
  })
  const connection = acp
    .client({ name: 'nekode' })
    .onRequest(acp.methods.client.session.requestPermission, ({ params }) => handlers.permission(params))
    .onNotification(acp.methods.client.session.update, ({ params }) => handlers.update(params.update))
    .connect(acp.ndJsonStream(toAgent.writable, fromAgent.readable))
  return { child, agent: connection.agent }
}
