import { z } from 'zod'
import { Id } from './common'
import { routes } from './route'

/** What may be sent, and how much of it. Sizes in bytes unless the name says otherwise. */
export const SCREEN_LIMITS = {
  /** Of one message of a viewer: a text that is pasted is the largest. */
  wishBytes: 512 * 1024,
  pasteCharacters: 100_000,
  textCharacters: 1000,
  /** Of one picture: a screen of 4K at the best quality has about half of it. */
  pictureBytes: 6 << 20,
  /** Of a screen, in pixels. */
  edge: 16_384,
} as const

const At = z.number().int().min(0).max(SCREEN_LIMITS.edge)
/** Where on the screen, in its pixels. */
const Place = { x: At, y: At }
/** Clicks of the wheel: right and down are positive. */
const Notches = z.number().int().min(-20).max(20)

/** What a viewer of a screen says. */
export const ScreenWish = z.discriminatedUnion('type', [
  /** How large the picture is shown, in the display's own pixels; 0 while nobody looks. */
  z.strictObject({ type: z.literal('view'), width: At, height: At }),
  /** A picture was shown: the next one may come. */
  z.strictObject({ type: z.literal('ack'), picture: z.number().int().nonnegative() }),
  z.strictObject({ type: z.literal('take_over') }),
  z.strictObject({ type: z.literal('hand_back') }),
  z.strictObject({ type: z.literal('move'), ...Place }),
  z.strictObject({
    type: z.literal('button'),
    button: z.enum(['left', 'middle', 'right']),
    down: z.boolean(),
    ...Place,
  }),
  z.strictObject({ type: z.literal('wheel'), right: Notches, down: Notches, ...Place }),
  /** `key` and `code` as browsers name them. */
  z.strictObject({
    type: z.literal('key'),
    key: z.string().min(1).max(32),
    code: z.string().max(32),
    down: z.boolean(),
  }),
  z.strictObject({ type: z.literal('text'), text: z.string().min(1).max(SCREEN_LIMITS.textCharacters) }),
  z.strictObject({ type: z.literal('paste'), text: z.string().min(1).max(SCREEN_LIMITS.pasteCharacters) }),
  /** Lets go of every key and button: the viewer looks elsewhere. */
  z.strictObject({ type: z.literal('release') }),
])
export type ScreenWish = z.infer<typeof ScreenWish>

/** What the server adds for the computer: whether this viewer may take over, which can change. */
export const ScreenRights = z.strictObject({ type: z.literal('rights'), takeOver: z.boolean() })
export type ScreenRights = z.infer<typeof ScreenRights>

const Sentence = z.string().max(500)

/** How it stands with a screen, for one of its viewers. */
export const ScreenState = z.object({
  type: z.literal('state'),
  /** `none`: the agent has no session on its computer now. */
  phase: z.enum(['none', 'live']),
  /** Why there is none any more. */
  reason: Sentence,
  /** Of the screen, in pixels; 0 while it is not known. */
  width: At,
  height: At,
  /** Whether the computer is connected to the remote desktop. */
  connected: z.boolean(),
  task: z.enum(['idle', 'running', 'paused']),
  steering: z.discriminatedUnion('by', [
    z.object({ by: z.literal('nobody') }),
    z.object({ by: z.literal('agent') }),
    /** Somebody at the remote desktop itself. */
    z.object({ by: z.literal('other') }),
    z.object({
      by: z.literal('person'),
      name: z.string().max(100),
      you: z.boolean(),
      /** The same person, but at another page: it can be taken over here. */
      elsewhere: z.boolean(),
      /** `taking`: the agent is just finishing what it does. `away`: their connection is gone, and they are waited for. */
      phase: z.enum(['taking', 'steering', 'away']),
    }),
  ]),
  viewers: z.number().int().nonnegative(),
})
export type ScreenState = z.infer<typeof ScreenState>

/** Something that a viewer wanted cannot be done. */
export const ScreenRefusal = z.object({
  type: z.literal('refused'),
  code: z.enum(['not_allowed', 'somebody_steers', 'no_session', 'desktop_refused', 'too_fast', 'not_typed']),
  message: Sentence,
})
export type ScreenRefusal = z.infer<typeof ScreenRefusal>

/** You do not steer any more. */
export const ScreenHandedBack = z.object({
  type: z.literal('handed_back'),
  /** `taken`: by somebody at the remote desktop itself; `elsewhere`: by the same person at another page. */
  why: z.enum(['asked', 'gone', 'idle', 'lost', 'taken', 'elsewhere', 'ended']),
})
export type ScreenHandedBack = z.infer<typeof ScreenHandedBack>

/** What the agent's computer says, which the server passes on. */
export const ScreenReport = z.discriminatedUnion('type', [ScreenState, ScreenRefusal, ScreenHandedBack])
export type ScreenReport = z.infer<typeof ScreenReport>

/** What the server says itself: what the viewer may do, and on what the agent is at work. */
export const ScreenAccess = z.object({ type: z.literal('access'), takeOver: z.boolean(), runId: Id.nullable() })
export type ScreenAccess = z.infer<typeof ScreenAccess>

/** Nothing can be shown now. It is tried again until it can. */
export const ScreenAway = z.object({
  type: z.literal('away'),
  /** `hidden`: the agent is at work on something that this viewer may not see. */
  code: z.enum(['computer_offline', 'daemon_outdated', 'daemon_lost', 'hidden']),
})
export type ScreenAway = z.infer<typeof ScreenAway>

/** Every text message that a viewer gets. A binary one is a picture. */
export const ScreenNews = z.discriminatedUnion('type', [
  ScreenState,
  ScreenRefusal,
  ScreenHandedBack,
  ScreenAccess,
  ScreenAway,
])
export type ScreenNews = z.infer<typeof ScreenNews>

/** Why the WebSocket of a screen was closed. */
export const SCREEN_CLOSED = {
  stopping: 1001,
  invalid: 1008,
  revoked: 4401,
  /** There is no such agent, or its work is nothing for this viewer (any more). */
  hidden: 4404,
  tooMany: 4429,
} as const

export interface ScreenPicture {
  /** Counts up; to be acknowledged. */
  number: number
  /** Of the screen, which the picture may be a smaller copy of. */
  width: number
  height: number
  /** Unix milliseconds on the computer's clock. */
  at: number
  jpeg: Uint8Array<ArrayBuffer>
}

const HEAD_BYTES = 16

/** A picture as a message: its number, the screen's width and height and the time (big-endian), and the JPEG. */
export function encodePicture({ number, width, height, at, jpeg }: ScreenPicture): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(HEAD_BYTES + jpeg.length)
  const view = new DataView(bytes.buffer)
  view.setUint32(0, number)
  view.setUint16(4, width)
  view.setUint16(6, height)
  view.setFloat64(8, at)
  bytes.set(jpeg, HEAD_BYTES)
  return bytes
}

/** @returns undefined for what is no picture, or larger than one may be */
export function decodePicture(bytes: Uint8Array<ArrayBuffer>): ScreenPicture | undefined {
  if (bytes.length < HEAD_BYTES + 4 || bytes.length > HEAD_BYTES + SCREEN_LIMITS.pictureBytes) return undefined
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  const [width, height, at] = [view.getUint16(4), view.getUint16(6), view.getFloat64(8)]
  const isJpeg = view.getUint16(HEAD_BYTES) === 0xffd8
  if (!isJpeg || width === 0 || height === 0 || !Number.isFinite(at)) return undefined
  return { number: view.getUint32(0), width, height, at, jpeg: bytes.subarray(HEAD_BYTES) }
}

export const screenRoutes = routes({
  'GET /api/agents/{id}/screen': {
    summary: 'The screen that an agent works on, live, over a WebSocket: to watch it and to take it over',
    tag: 'agents',
    who: ['user'],
    params: z.object({ id: Id }),
    response: z.string(),
    media: 'text/plain',
    errors: ['websocket_only', 'origin'],
  },
})
