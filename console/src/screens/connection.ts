import {
  SCREEN_CLOSED,
  type ScreenAccess,
  type ScreenAway,
  ScreenNews,
  type ScreenPicture,
  type ScreenState,
  type ScreenWish,
  decodePicture,
} from '@shared/contract/screens'
import { createSignal, type Accessor } from 'solid-js'
import { z } from 'zod'

// Making functions from text is what the page's policy forbids.
z.config({ jitless: true })

/** Why there is no connection and none is tried for. */
export type Ended = 'login' | 'hidden' | 'full' | 'outdated'

const ENDED: Record<number, Ended> = {
  [SCREEN_CLOSED.revoked]: 'login',
  [SCREEN_CLOSED.hidden]: 'hidden',
  [SCREEN_CLOSED.tooMany]: 'full',
  [SCREEN_CLOSED.invalid]: 'outdated',
}

const FIRST_MS = 500
const LATEST_MS = 10_000
/** A connection that was there this long was a good one: the next attempt comes soon again. */
const GOOD_MS = 5000

export interface ScreenOptions {
  agentId: string
  /** Shows a picture; resolves when it is on the screen. */
  show(picture: ScreenPicture): Promise<void>
  /** Something that is said once: a refusal, or that one no longer steers. */
  told(news: Extract<ScreenNews, { type: 'refused' | 'handed_back' }>): void
  /** Default: to this page's own server. */
  connect?: (path: string) => WebSocket
}

const ownServer = (path: string): WebSocket => new WebSocket(`${location.origin.replace(/^http/, 'ws')}${path}`)

/** One page's view of an agent's screen, which comes back by itself when the line, the server or the computer was away. */
export class ScreenConnection {
  readonly state: Accessor<ScreenState | undefined>
  readonly access: Accessor<ScreenAccess | undefined>
  /** Why nothing can be shown now although the server is there. */
  readonly away: Accessor<ScreenAway['code'] | undefined>
  readonly link: Accessor<'connecting' | 'open' | 'lost'>
  readonly ended: Accessor<Ended | undefined>
  readonly #set
  #socket: WebSocket | undefined
  #timer: ReturnType<typeof setTimeout> | undefined
  #waitMs = FIRST_MS
  #view = { width: 0, height: 0 }
  /** Steers, or did until the line was lost. */
  #steered = false
  #closed = false

  constructor(private readonly options: ScreenOptions) {
    const [state, setState] = createSignal<ScreenState>()
    const [access, setAccess] = createSignal<ScreenAccess>()
    const [away, setAway] = createSignal<ScreenAway['code']>()
    const [link, setLink] = createSignal<'connecting' | 'open' | 'lost'>('connecting')
    const [ended, setEnded] = createSignal<Ended>()
    this.state = state
    this.access = access
    this.away = away
    this.link = link
    this.ended = ended
    this.#set = { setState, setAccess, setAway, setLink, setEnded }
    this.#open()
  }

  /** Whether this page steers now. */
  steers(): boolean {
    const { steering } = this.state() ?? {}
    const isYours = steering?.by === 'person' && steering.you && steering.phase === 'steering'
    return isYours && this.link() === 'open' && this.away() === undefined
  }

  say(wish: ScreenWish): void {
    if (wish.type === 'hand_back') this.#steered = false
    if (this.#socket?.readyState === WebSocket.OPEN) this.#socket.send(JSON.stringify(wish))
  }

  /** How large the picture is shown, in the display's own pixels; 0 while nobody looks. */
  view(width: number, height: number): void {
    if (this.#view.width === width && this.#view.height === height) return
    this.#view = { width, height }
    this.say({ type: 'view', width, height })
  }

  /** Tries again at once. */
  retry(): void {
    clearTimeout(this.#timer)
    this.#waitMs = FIRST_MS
    if (this.#socket || this.#closed) return
    this.#set.setEnded(undefined)
    this.#open()
  }

  /** Who leaves the page on purpose does not steer any more. */
  close(): void {
    this.#closed = true
    clearTimeout(this.#timer)
    if (this.#steered) this.say({ type: 'hand_back' })
    this.#socket?.close()
  }

  #open(): void {
    const { agentId, connect = ownServer } = this.options
    const socket = connect(`/api/agents/${encodeURIComponent(agentId)}/screen`)
    const begun = Date.now()
    this.#socket = socket
    socket.binaryType = 'arraybuffer'
    socket.addEventListener('open', () => {
      this.#set.setLink('open')
      if (this.#view.width > 0) this.say({ type: 'view', ...this.#view })
    })
    socket.addEventListener('message', ({ data }) => this.#heard(socket, data))
    socket.addEventListener('close', ({ code }) => {
      this.#socket = undefined
      if (this.#closed) return
      this.#set.setLink('lost')
      this.#set.setAway(undefined)
      const ended = ENDED[code]
      if (ended) return void this.#set.setEnded(ended)
      if (Date.now() - begun > GOOD_MS) this.#waitMs = FIRST_MS
      this.#timer = setTimeout(() => this.#open(), this.#waitMs * (0.75 + Math.random() / 2))
      this.#waitMs = Math.min(LATEST_MS, this.#waitMs * 2)
    })
  }

  #heard(socket: WebSocket, data: unknown): void {
    if (data instanceof ArrayBuffer) {
      const picture = decodePicture(new Uint8Array(data))
      if (picture) void this.#show(socket, picture)
      return
    }
    const news = typeof data === 'string' ? ScreenNews.safeParse(JSON.parse(data)).data : undefined
    // A newer server may say more than this page knows.
    if (!news) return
    switch (news.type) {
      case 'state':
        this.#set.setAway(undefined)
        this.#set.setState(news)
        return this.#goOn(news)
      case 'access':
        return void this.#set.setAccess(news)
      case 'away':
        return void this.#set.setAway(news.code)
      case 'handed_back':
        this.#steered = false
        return this.options.told(news)
      case 'refused':
        return this.options.told(news)
    }
  }

  /** Who steered when the line was lost is waited for, and goes on. */
  #goOn({ steering }: ScreenState): void {
    if (steering.by === 'person' && steering.you) this.#steered = true
    else if (this.#steered && steering.by === 'person' && steering.elsewhere && steering.phase === 'away')
      this.say({ type: 'take_over' })
    else this.#steered = false
  }

  async #show(socket: WebSocket, picture: ScreenPicture): Promise<void> {
    try {
      await this.options.show(picture)
    } catch (error) {
      // A picture that cannot be shown: the next one may be fine.
      console.warn('A picture of the screen could not be shown.', error)
    }
    if (socket.readyState === WebSocket.OPEN)
      socket.send(JSON.stringify({ type: 'ack', picture: picture.number } satisfies ScreenWish))
  }
}
