import { connect, type Socket } from 'node:net'
import { errorText, NekodeError, type ErrorKind } from '@shared/errors'
import { z } from 'zod'
import type { Local } from './contract'
import { LOCAL } from './contract'
import { LocalEvent } from './eventshapes'
import { encodeFrame, FrameReader } from './frames'
import type { Answer, Input } from './operation'
import { refuseForeign } from './place'

/** Longest wait for an answer. */
const PATIENCE_MS = 10_000

const ErrorReply = z.object({
  type: z.literal('Error'),
  code: z.string(),
  message: z.string(),
  next: z.string().optional(),
})

export interface ClientOptions {
  /** Socket of the daemon. */
  address: string
  /** Default: none, which does for operations that need none. */
  token?: string | undefined
  patienceMs?: number
}

/** A connection to the daemon of this home. Requests go one after the other; after an error it is closed. */
export class LocalClient {
  readonly #socket: Socket
  readonly #replies: AsyncIterator<unknown>
  readonly #options: ClientOptions

  private constructor(socket: Socket, options: ClientOptions) {
    this.#socket = socket
    this.#options = options
    this.#replies = read(socket)
  }

  /** @throws NekodeError unavailable `daemon_not_running` */
  static async open(options: ClientOptions): Promise<LocalClient> {
    refuseForeign(options.address)
    const socket = connect(options.address)
    try {
      await new Promise<void>((resolve, reject) => {
        socket.once('connect', () => resolve())
        socket.once('error', reject)
      })
    } catch (cause) {
      socket.destroy()
      throw new NekodeError('unavailable', 'The daemon does not run.', {
        code: 'daemon_not_running',
        next: 'Start it: nekode-daemon start',
        cause,
      })
    }
    // Told by the read that is under way.
    socket.on('error', () => undefined)
    return new LocalClient(socket, options)
  }

  /** @throws NekodeError with the code that the daemon gave, or unavailable when it went away or said nothing in time */
  async call<Name extends keyof Local & string>(name: Name, input: Input<Local[Name]>): Promise<Answer<Local[Name]>> {
    const { token, patienceMs = PATIENCE_MS } = this.#options
    const timer = setTimeout(() => this.#socket.destroy(), patienceMs)
    try {
      this.#socket.write(encodeFrame({ ...input, type: name, ...(token === undefined ? {} : { auth_token: token }) }))
      return answerOf(name, await this.#next())
    } finally {
      clearTimeout(timer)
    }
  }

  /** Events from now on; the connection is for nothing else then. */
  async *events(): AsyncGenerator<LocalEvent> {
    this.#socket.write(encodeFrame({ type: 'EventSubscribe' }))
    try {
      for (;;) {
        const event = EventReply.safeParse(await this.#next())
        // An event of a newer daemon.
        if (event.success) yield event.data.event
      }
    } finally {
      this.close()
    }
  }

  async #next(): Promise<unknown> {
    const { value, done } = await this.#replies.next()
    if (done) throw new NekodeError('unavailable', 'The daemon went away, or gave no answer in time.')
    return value
  }

  close(): void {
    this.#socket.destroy()
  }
}

const EventReply = z.object({ type: z.literal('Event'), event: LocalEvent })

async function* read(socket: Socket): AsyncGenerator<unknown> {
  const frames = new FrameReader()
  try {
    for await (const piece of socket) if (piece instanceof Uint8Array) yield* frames.push(piece)
  } catch (cause) {
    if (cause instanceof NekodeError) throw cause
    throw new NekodeError('unavailable', `The connection to the daemon broke: ${errorText(cause)}.`, { cause })
  }
}

/** Kinds that matter to whoever asked; the rest is told as a failure. */
const KINDS: Record<string, ErrorKind> = {
  invalid_request: 'invalid',
  unknown_request: 'unimplemented',
  not_for_agents: 'forbidden',
  too_many_connections: 'throttled',
  'WATCH-004': 'not_found',
  'JOB-000': 'unavailable',
  'JOB-004': 'not_found',
  schedule_invalid: 'invalid',
}

function answerOf<Name extends keyof Local & string>(name: Name, reply: unknown): Answer<Local[Name]> {
  const error = ErrorReply.safeParse(reply)
  if (error.success) {
    const { code, message, next } = error.data
    const kind = Object.hasOwn(KINDS, code) ? KINDS[code] : undefined
    throw new NekodeError(kind ?? 'precondition', message, { code, ...(next ? { next } : {}) })
  }
  const { type } = z.looseObject({ type: z.string() }).parse(reply)
  if (type === 'AuthRequired')
    throw new NekodeError('unauthenticated', 'The daemon wants its token for this.', { code: 'auth_required' })
  const answers: Record<string, z.ZodObject> = LOCAL[name].answers
  const shape = Object.hasOwn(answers, type) ? answers[type] : undefined
  if (!shape) throw new NekodeError('internal', `The daemon answered ${type} to ${name}.`)
  const answer: unknown = { ...shape.parse(reply), type }
  if (isAnswer<Name>(answer)) return answer
  throw new NekodeError('internal', `The daemon answered ${type} to ${name}.`)
}

/** The shape was checked by the schema of its type. */
const isAnswer = <Name extends keyof Local>(value: unknown): value is Answer<Local[Name]> =>
  typeof value === 'object' && value !== null
