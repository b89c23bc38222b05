import { NekodeError } from '@shared/errors'
import type { ServerEvent, ServerPayload } from '../protocol/events'
import type { Room } from './room'

export interface WaitOptions<E extends ServerEvent> {
  /** Default: the next one. */
  match?: (payload: ServerPayload<E>) => boolean
  /** Default 5 s. */
  timeoutMs?: number
  signal?: AbortSignal
  /** What makes the server send it; begun once it is waited for. */
  after?: () => void | Promise<void>
}

/**
 * An event of the server, when it comes.
 * @throws NekodeError unavailable `neko_no_event` when it does not come in time, or the connection ends for good
 */
export async function waitFor<E extends ServerEvent>(
  room: Room,
  event: E,
  { match = () => true, timeoutMs = 5000, signal, after }: WaitOptions<E> = {},
): Promise<ServerPayload<E>> {
  signal?.throwIfAborted()
  const { promise, resolve, reject } = Promise.withResolvers<ServerPayload<E>>()
  const fail = (why: string): void =>
    reject(
      new NekodeError('unavailable', `The Neko server did not say ${event}: ${why}`, {
        code: 'neko_no_event',
        next: 'It tells nobody why: check that this session is host, and what it may do.',
      }),
    )
  const abort = (): void => reject(signal?.reason)
  const timer = setTimeout(() => fail(`nothing came within ${timeoutMs / 1000} s.`), timeoutMs)
  const ends = [
    room.on(event, (payload) => {
      if (match(payload)) resolve(payload)
    }),
    room.onChange('down', ({ reason, final }) => {
      if (final) fail(reason)
    }),
  ]
  signal?.addEventListener('abort', abort)
  try {
    const [payload] = await Promise.all([promise, after?.()])
    return payload
  } finally {
    clearTimeout(timer)
    signal?.removeEventListener('abort', abort)
    for (const end of ends) end()
  }
}
