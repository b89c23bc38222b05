import { z } from 'zod'
import { textOf } from './text'
import {
  AudioRequest,
  Broadcast,
  ControlHost,
  FileEntry,
  IceServer,
  KeyboardMap,
  Modifiers,
  PeerAudio,
  PeerVideo,
  Profile,
  ScreenSize,
  SessionInfo,
  SessionState,
  Settings,
  VideoRequest,
} from './types'

/** No payload: the key may be missing, or null. */
const None = z.unknown()
const Sdp = z.looseObject({ sdp: z.string() })
const Id = z.looseObject({ id: z.string().default('') })

export const Candidate = z.looseObject({
  candidate: z.string(),
  sdpMid: z.string().nullish(),
  sdpMLineIndex: z.number().nullish(),
  usernameFragment: z.string().nullish(),
})
export type Candidate = z.infer<typeof Candidate>

const Place = { x: z.number().int().optional(), y: z.number().int().optional() }
const Button = z.looseObject({ code: z.number().int(), ...Place })
const Key = z.looseObject({ keysym: z.number().int(), ...Place })
const Touch = z.looseObject({
  touch_id: z.number().int(),
  x: z.number().int(),
  y: z.number().int(),
  /** 0 to 255. */
  pressure: z.number().int(),
})
const Cursor = z.looseObject({ x: z.number(), y: z.number() })

/** What a server sends. */
export const serverEvents = {
  'system/init': z.looseObject({
    session_id: z.string(),
    control_host: ControlHost,
    screen_size: ScreenSize,
    sessions: z.record(z.string(), SessionInfo),
    settings: Settings,
    touch_events: z.boolean(),
    screencast_enabled: z.boolean(),
    webrtc: z.looseObject({ videos: z.array(z.string()).nullish() }),
  }),
  'system/admin': z.looseObject({ screen_sizes_list: z.array(ScreenSize).nullish(), broadcast_status: Broadcast }),
  'system/settings': Settings.extend({ id: z.string().default('') }),
  'system/disconnect': z.looseObject({ message: z.string() }),
  'system/heartbeat': None,
  'signal/provide': z.looseObject({
    sdp: z.string(),
    iceservers: z.array(IceServer).nullish(),
    video: PeerVideo,
    audio: PeerAudio,
  }),
  'signal/offer': Sdp,
  'signal/answer': Sdp,
  'signal/candidate': Candidate,
  'signal/restart': Sdp,
  'signal/video': PeerVideo,
  'signal/audio': PeerAudio,
  'signal/close': None,
  'session/created': SessionInfo,
  'session/deleted': Id,
  'session/profile': Profile.extend({ id: z.string() }),
  'session/state': SessionState.extend({ id: z.string() }),
  'session/cursors': z.array(z.looseObject({ id: z.string(), cursors: z.array(Cursor).nullish() })),
  /** To the host: somebody else asks to steer. */
  'control/request': Id,
  'control/host': ControlHost,
  'screen/updated': ScreenSize.extend({ id: z.string().default('') }),
  'clipboard/updated': z.looseObject({ text: z.string() }),
  'broadcast/status': Broadcast,
  'send/unicast': z.looseObject({ sender: z.string(), receiver: z.string(), subject: z.string(), body: z.unknown() }),
  'send/broadcast': z.looseObject({ sender: z.string(), subject: z.string(), body: z.unknown() }),
  'file_chooser_dialog/opened': Id,
  'file_chooser_dialog/closed': Id,
  'chat/init': z.looseObject({ enabled: z.boolean() }),
  'chat/message': z.preprocess(
    (message) => (typeof message === 'object' ? { ...message, content: { text: textOf(message) } } : message),
    z.looseObject({
      id: z.string().default(''),
      created: z.string().default(''),
      content: z.looseObject({ text: z.string() }),
    }),
  ),
  'filetransfer/update': z.looseObject({
    enabled: z.boolean(),
    root_dir: z.string(),
    user_download: z.boolean().optional(),
    user_upload: z.boolean().optional(),
    user_delete: z.boolean().optional(),
    files: z.array(FileEntry).nullish(),
  }),
  'openinapp/init': z.looseObject({ enabled: z.boolean() }),
} as const

/** What a client sends. The server answers none of them directly and reports no error. */
export const clientEvents = {
  'client/heartbeat': None,
  'system/logs': z.array(
    z.looseObject({ level: z.string(), fields: z.record(z.string(), z.unknown()).optional(), message: z.string() }),
  ),
  'signal/request': z.looseObject({
    video: VideoRequest.optional(),
    audio: AudioRequest.optional(),
    auto: z.boolean().optional(),
  }),
  'signal/answer': Sdp,
  'signal/offer': Sdp,
  'signal/candidate': Candidate,
  'signal/restart': None,
  'signal/video': VideoRequest,
  'signal/audio': AudioRequest,
  'control/request': None,
  'control/release': None,
  'control/move': z.looseObject({ x: z.number().int(), y: z.number().int() }),
  /** Notches of the wheel: up and left are positive. */
  'control/scroll': z.looseObject({
    delta_x: z.number().int(),
    delta_y: z.number().int(),
    control_key: z.boolean().optional(),
  }),
  /** Down and up again; lets go of everything that is held. */
  'control/buttonpress': Button,
  'control/buttondown': Button,
  'control/buttonup': Button,
  /** Down and up again; lets go of everything that is held, modifiers too. */
  'control/keypress': Key,
  'control/keydown': Key,
  'control/keyup': Key,
  'control/touchbegin': Touch,
  'control/touchupdate': Touch,
  'control/touchend': Touch,
  'control/cut': None,
  'control/copy': None,
  'control/select_all': None,
  'control/paste': z.looseObject({ text: z.string().optional() }),
  'screen/set': ScreenSize,
  'clipboard/set': z.looseObject({ text: z.string() }),
  'keyboard/map': KeyboardMap,
  'keyboard/modifiers': Modifiers,
  'send/unicast': z.looseObject({ receiver: z.string(), subject: z.string(), body: z.unknown() }),
  'send/broadcast': z.looseObject({ subject: z.string(), body: z.unknown() }),
  'chat/message': z.looseObject({ text: z.string() }),
  'filetransfer/update': None,
} as const

export type ServerEvent = keyof typeof serverEvents
export type ServerPayload<E extends ServerEvent> = z.infer<(typeof serverEvents)[E]>
export type ClientEvent = keyof typeof clientEvents
export type ClientPayload<E extends ClientEvent> = z.infer<(typeof clientEvents)[E]>

/** A frame of the WebSocket, both ways. */
export const Envelope = z.looseObject({ event: z.string(), payload: z.unknown().optional() })
