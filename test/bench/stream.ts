export interface Subscription {
  close(): void
  /** Resolves when the answer's head is there. */
  opened: Promise<void>
}

export interface SubscribeOptions {
  port: number
  token: string
  lastEventId?: string
  webSocket?: boolean
  onText(text: string): void
  onEnd?(): void
}

/**
 * A subscriber that costs little: `GET /api/server-events`, or with `webSocket` the handshake of `/api/ws`, whose frames hold their text
 * as it is. What marks an event in the text is up to the caller.
 */
export function subscribe({
  port,
  token,
  lastEventId,
  webSocket = false,
  onText,
  onEnd,
}: SubscribeOptions): Subscription {
  const opened = Promise.withResolvers<void>()
  let socket: Bun.Socket<undefined> | undefined
  let closed = false
  let head = true
  const decoder = new TextDecoder()
  const resume = lastEventId === undefined ? '' : `Last-Event-ID: ${lastEventId}\r\n`
  const common = `Host: 127.0.0.1\r\nAuthorization: Bearer ${token}\r\n${resume}`
  const handshake =
    'Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n'
  const request = webSocket
    ? `GET /api/ws HTTP/1.1\r\n${common}${handshake}\r\n`
    : `GET /api/server-events HTTP/1.1\r\n${common}Accept: text/event-stream\r\n\r\n`
  Bun.connect<undefined>({
    hostname: '127.0.0.1',
    port,
    data: undefined,
    socket: {
      open(s) {
        socket = s
        if (closed) s.end()
        else s.write(request)
      },
      data(_, chunk) {
        const text = decoder.decode(chunk, { stream: true })
        if (head) {
          if (!text.startsWith(webSocket ? 'HTTP/1.1 101' : 'HTTP/1.1 200'))
            opened.reject(new Error(`the subscription was refused: ${text.slice(0, 300)}`))
          head = false
          opened.resolve()
        }
        onText(text)
      },
      close: () => onEnd?.(),
      error: (_, error) => opened.reject(error),
    },
  }).catch((error: unknown) => {
    opened.reject(error instanceof Error ? error : new Error(String(error)))
    onEnd?.()
  })
  return {
    opened: opened.promise,
    close: () => {
      closed = true
      socket?.end()
    },
  }
}
