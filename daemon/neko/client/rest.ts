import { z } from 'zod'
import {
  Broadcast,
  Clipboard,
  ControlHost,
  KeyboardMap,
  Modifiers,
  Profile,
  ScreenSize,
  SessionInfo,
  Settings,
  Stats,
} from '../protocol/types'
import type { Point } from '../geometry'
import type { CallOptions, Http } from './http'

export const Member = z.looseObject({ id: z.string(), profile: Profile })
export type Member = z.infer<typeof Member>

const BatchAnswer = z.looseObject({
  path: z.string(),
  method: z.string(),
  status: z.number(),
  body: z.unknown().optional(),
})
export type BatchAnswer = z.infer<typeof BatchAnswer>

/** One of several requests that go as one. The path begins with `/api`, without the prefix of the server. */
export interface BatchPart {
  method: string
  path: string
  body?: unknown
}

/** A file to send: its name as the desktop gets it, and its bytes (or a `Bun.file`, which is read as it goes). */
export interface Upload {
  name: string
  content: Blob | Uint8Array<ArrayBuffer>
}

type Partly<T> = { [K in keyof T]?: T[K] | undefined }
/** What of a profile, or of the room's settings, is to be another. */
export type ProfileChange = Partly<Omit<Profile, never>>
export type SettingsChange = Partly<Settings>

const MAX_IMAGE = 32 << 20
const MAX_FILE = 256 << 20
const TRANSFER_MS = 10 * 60_000
const MAX_LIST = 16 << 20

const id = encodeURIComponent

/**
 * Everything that a Neko v3 server offers over HTTP. All of it throws NekodeError: unauthenticated, forbidden, not_found, invalid or conflict as the
 * server says, with its own words; unavailable when it gives no answer in time, or none that is one; too_large when the answer is longer than is read.
 */
export class NekoRest {
  constructor(readonly http: Http) {}

  /** Who this session is. */
  whoami(options?: CallOptions): Promise<SessionInfo> {
    return this.http.json('GET', '/api/whoami', SessionInfo, options)
  }

  /** Changes one's own profile; who is no administrator can change the name only. */
  setProfile(change: ProfileChange, options?: CallOptions): Promise<void> {
    return this.http.done('POST', '/api/profile', { ...options, json: change })
  }

  logout(options?: CallOptions): Promise<void> {
    return this.http.done('POST', '/api/logout', options)
  }

  stats(options?: CallOptions): Promise<Stats> {
    return this.http.json('GET', '/api/stats', Stats, options)
  }

  /** Whether the server says that it is well. It needs no login. */
  async health(options?: CallOptions): Promise<boolean> {
    const bytes = await this.http.bytes('GET', '/health', options)
    return new TextDecoder().decode(bytes).trim() === 'true'
  }

  /** Prometheus text. It needs no login. */
  async metrics(options?: CallOptions): Promise<string> {
    return new TextDecoder().decode(await this.http.bytes('GET', '/metrics', { maxBytes: MAX_LIST, ...options }))
  }

  /** Requests that go as one. An image among them breaks the whole answer. */
  batch(parts: readonly BatchPart[], options?: CallOptions): Promise<BatchAnswer[]> {
    return this.http.json('POST', '/api/batch', z.array(BatchAnswer), { maxBytes: MAX_LIST, ...options, json: parts })
  }

  readonly sessions = {
    /** All of them, those that are not connected too, in no order. */
    list: (options?: CallOptions): Promise<SessionInfo[]> =>
      this.http.json('GET', '/api/sessions', z.array(SessionInfo), { maxBytes: MAX_LIST, ...options }),
    /** For administrators, as the two below. */
    get: (session: string, options?: CallOptions): Promise<SessionInfo> =>
      this.http.json('GET', `/api/sessions/${id(session)}`, SessionInfo, options),
    /** Its token is worth nothing any more. */
    delete: (session: string, options?: CallOptions): Promise<void> =>
      this.http.done('DELETE', `/api/sessions/${id(session)}`, options),
    /** It may come back with the token that it has. */
    disconnect: (session: string, options?: CallOptions): Promise<void> =>
      this.http.done('POST', `/api/sessions/${id(session)}/disconnect`, options),
  }

  /** Accounts; a server that goes by two passwords (`multiuser`) has none, and fails at most of these. */
  readonly members = {
    list: (page: { limit?: number; offset?: number } = {}, options?: CallOptions): Promise<Member[]> =>
      this.http.json('GET', '/api/members', z.array(Member), { maxBytes: MAX_LIST, ...options, query: { ...page } }),
    create: (
      member: { username: string; password: string; profile?: ProfileChange },
      options?: CallOptions,
    ): Promise<Member> => this.http.json('POST', '/api/members', Member, { ...options, json: member }),
    get: (member: string, options?: CallOptions): Promise<Profile> =>
      this.http.json('GET', `/api/members/${id(member)}`, Profile, options),
    update: (member: string, profile: ProfileChange, options?: CallOptions): Promise<void> =>
      this.http.done('POST', `/api/members/${id(member)}`, { ...options, json: profile }),
    setPassword: (member: string, password: string, options?: CallOptions): Promise<void> =>
      this.http.done('POST', `/api/members/${id(member)}/password`, { ...options, json: { password } }),
    delete: (member: string, options?: CallOptions): Promise<void> =>
      this.http.done('DELETE', `/api/members/${id(member)}`, options),
    updateAll: (ids: readonly string[], profile: ProfileChange, options?: CallOptions): Promise<void> =>
      this.http.done('POST', '/api/members_bulk/update', { ...options, json: { ids, profile } }),
    deleteAll: (ids: readonly string[], options?: CallOptions): Promise<void> =>
      this.http.done('POST', '/api/members_bulk/delete', { ...options, json: { ids } }),
  }

  /** For administrators. */
  readonly settings = {
    get: (options?: CallOptions): Promise<Settings> => this.http.json('GET', '/api/room/settings', Settings, options),
    set: (change: SettingsChange, options?: CallOptions): Promise<void> =>
      this.http.done('POST', '/api/room/settings', { ...options, json: change }),
  }

  /** For administrators. */
  readonly broadcast = {
    status: (options?: CallOptions): Promise<Broadcast> =>
      this.http.json('GET', '/api/room/broadcast', Broadcast, options),
    start: (url: string, options?: CallOptions): Promise<void> =>
      this.http.done('POST', '/api/room/broadcast/start', { ...options, json: { url } }),
    stop: (options?: CallOptions): Promise<void> => this.http.done('POST', '/api/room/broadcast/stop', options),
  }

  /** For the host, with the right to use the clipboard. An empty clipboard is an error of the server. */
  readonly clipboard = {
    get: (options?: CallOptions): Promise<Clipboard> =>
      this.http.json('GET', '/api/room/clipboard', Clipboard, { maxBytes: MAX_LIST, ...options }),
    /** One kind at a time: with `html`, `text` is left out. */
    set: (content: { text?: string; html?: string }, options?: CallOptions): Promise<void> =>
      this.http.done('POST', '/api/room/clipboard', { ...options, json: content }),
    /** PNG. */
    image: (options?: CallOptions): Promise<Uint8Array<ArrayBuffer>> =>
      this.http.bytes('GET', '/api/room/clipboard/image.png', { maxBytes: MAX_IMAGE, ...options }),
  }

  /** Read by whoever may steer, set by the host. */
  readonly keyboard = {
    map: (options?: CallOptions): Promise<KeyboardMap> =>
      this.http.json('GET', '/api/room/keyboard/map', KeyboardMap, options),
    setMap: (map: { layout: string; variant?: string }, options?: CallOptions): Promise<void> =>
      this.http.done('POST', '/api/room/keyboard/map', { ...options, json: { variant: '', ...map } }),
    modifiers: (options?: CallOptions): Promise<Modifiers> =>
      this.http.json('GET', '/api/room/keyboard/modifiers', Modifiers, options),
    /** What is left out stays as it is. */
    setModifiers: (modifiers: Partly<Modifiers>, options?: CallOptions): Promise<void> =>
      this.http.done('POST', '/api/room/keyboard/modifiers', { ...options, json: modifiers }),
  }

  readonly control = {
    status: (options?: CallOptions): Promise<ControlHost> =>
      this.http.json('GET', '/api/room/control', ControlHost, options),
    /** `asked`: somebody is host, and was told; also when that is this session. */
    request: async (options?: CallOptions): Promise<'host' | 'asked'> =>
      (await this.http.answer('POST', '/api/room/control/request', options)).status === 202 ? 'asked' : 'host',
    release: (options?: CallOptions): Promise<void> => this.http.done('POST', '/api/room/control/release', options),
    /** For administrators: becomes host, whoever was. */
    take: (options?: CallOptions): Promise<void> => this.http.done('POST', '/api/room/control/take', options),
    /** For the host and for administrators. */
    give: (session: string, options?: CallOptions): Promise<void> =>
      this.http.done('POST', `/api/room/control/give/${id(session)}`, options),
    /** For administrators: nobody is host any more, and no key is held. */
    reset: (options?: CallOptions): Promise<void> => this.http.done('POST', '/api/room/control/reset', options),
  }

  readonly screen = {
    get: (options?: CallOptions): Promise<ScreenSize> => this.http.json('GET', '/api/room/screen', ScreenSize, options),
    /** For administrators. The size that it really becomes comes as `screen/updated`: the width is a multiple of 8. */
    set: (size: { width: number; height: number; rate: number }, options?: CallOptions): Promise<void> =>
      this.http.done('POST', '/api/room/screen', { ...options, json: size }),
    /** For administrators. */
    sizes: (options?: CallOptions): Promise<ScreenSize[]> =>
      this.http.json('GET', '/api/room/screen/configurations', z.array(ScreenSize), { maxBytes: MAX_LIST, ...options }),
    /** The newest JPEG of the screencast, for whoever may watch, where the server has it on. */
    cast: (options?: CallOptions): Promise<Uint8Array<ArrayBuffer>> =>
      this.http.bytes('GET', '/api/room/screen/cast.jpg', { maxBytes: MAX_IMAGE, ...options }),
    /** A JPEG of the screen as it is now, for administrators. `quality`: 1 to 100, default 90. */
    shot: (quality?: number, options?: CallOptions): Promise<Uint8Array<ArrayBuffer>> =>
      this.http.bytes('GET', '/api/room/screen/shot.jpg', { maxBytes: MAX_IMAGE, ...options, query: { quality } }),
  }

  /** For the host, and where there is implicit hosting for everybody who may steer. */
  readonly upload = {
    /** Drops files onto a place of the screen. */
    drop: (at: Point, files: readonly Upload[], options?: CallOptions): Promise<void> => {
      const form = formOf(files)
      form.set('x', String(Math.trunc(at.x)))
      form.set('y', String(Math.trunc(at.y)))
      return this.http.done('POST', '/api/room/upload/drop', { timeoutMs: TRANSFER_MS, ...options, form })
    },
    /** Gives files to the file dialog that is open. */
    dialog: (files: readonly Upload[], options?: CallOptions): Promise<void> =>
      this.http.done('POST', '/api/room/upload/dialog', { timeoutMs: TRANSFER_MS, ...options, form: formOf(files) }),
    /** Closes the file dialog without a file. */
    cancelDialog: (options?: CallOptions): Promise<void> =>
      this.http.done('DELETE', '/api/room/upload/dialog', options),
  }

  /** The server's folder for files. What is in it comes as `filetransfer/update`. */
  readonly files = {
    /** Up to 256 MiB, unless `maxBytes` says otherwise. */
    read: (filename: string, options?: CallOptions): Promise<Uint8Array<ArrayBuffer>> =>
      this.http.bytes('GET', '/api/filetransfer', {
        timeoutMs: TRANSFER_MS,
        maxBytes: MAX_FILE,
        ...options,
        query: { filename },
      }),
    /** Piece by piece, of any length. */
    stream: (filename: string, options?: CallOptions): Promise<ReadableStream<Uint8Array<ArrayBuffer>>> =>
      this.http.stream('GET', '/api/filetransfer', { timeoutMs: TRANSFER_MS, ...options, query: { filename } }),
    upload: (files: readonly Upload[], options?: CallOptions): Promise<void> =>
      this.http.done('POST', '/api/filetransfer', { timeoutMs: TRANSFER_MS, ...options, form: formOf(files) }),
    delete: (filename: string, options?: CallOptions): Promise<void> =>
      this.http.done('DELETE', '/api/filetransfer', { ...options, query: { filename } }),
  }

  /** Says something in the chat, as an administrator. Everybody else does it over the WebSocket. */
  chat(text: string, options?: CallOptions): Promise<void> {
    return this.http.done('POST', '/api/chat', { ...options, json: { text } })
  }

  /** Opens an address in the desktop's browser, where the server has that plugin. */
  openLink(url: string, options?: CallOptions): Promise<void> {
    return this.http.done('POST', '/api/openinapp/openlink', { ...options, json: { text: url } })
  }
}

function formOf(files: readonly Upload[]): FormData {
  const form = new FormData()
  for (const { name, content } of files)
    form.append('files', content instanceof Blob ? content : new Blob([content]), name)
  return form
}
