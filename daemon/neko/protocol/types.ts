import { z } from 'zod'

/** What a Neko v3 server says and takes, over REST and WebSocket alike. Unknown fields pass: a newer server may have more. */

export const Plugins = z.record(z.string(), z.unknown())

export const Profile = z.looseObject({
  name: z.string(),
  is_admin: z.boolean(),
  can_login: z.boolean(),
  can_connect: z.boolean(),
  can_watch: z.boolean(),
  can_host: z.boolean(),
  can_share_media: z.boolean(),
  can_access_clipboard: z.boolean(),
  sends_inactive_cursor: z.boolean(),
  can_see_inactive_cursors: z.boolean(),
  /** Keys are flat and dotted, e.g. `chat.can_send`. */
  plugins: Plugins.nullish(),
})
export type Profile = z.infer<typeof Profile>

/** It does not say who is host: that is `control/host`. */
export const SessionState = z.looseObject({
  is_connected: z.boolean(),
  connected_since: z.string().nullish(),
  not_connected_since: z.string().nullish(),
  is_watching: z.boolean(),
  watching_since: z.string().nullish(),
  not_watching_since: z.string().nullish(),
})
export type SessionState = z.infer<typeof SessionState>

export const SessionInfo = z.looseObject({ id: z.string(), profile: Profile, state: SessionState })
export type SessionInfo = z.infer<typeof SessionInfo>

export const Settings = z.looseObject({
  private_mode: z.boolean(),
  locked_logins: z.boolean(),
  locked_controls: z.boolean(),
  control_protection: z.boolean(),
  implicit_hosting: z.boolean(),
  inactive_cursors: z.boolean(),
  merciful_reconnect: z.boolean(),
  /** Seconds. */
  heartbeat_interval: z.number(),
  plugins: Plugins.nullish(),
})
export type Settings = z.infer<typeof Settings>

export const Stats = z.looseObject({
  has_host: z.boolean(),
  host_id: z.string().nullish(),
  server_started_at: z.string(),
  total_users: z.number(),
  last_user_left_at: z.string().nullish(),
  total_admins: z.number(),
  last_admin_left_at: z.string().nullish(),
})
export type Stats = z.infer<typeof Stats>

/** Pixels, and pictures a second. */
export const ScreenSize = z.looseObject({ width: z.number(), height: z.number(), rate: z.number() })
export type ScreenSize = z.infer<typeof ScreenSize>

export const IceServer = z.looseObject({
  urls: z.array(z.string()),
  username: z.string().nullish(),
  credential: z.string().nullish(),
})
export type IceServer = z.infer<typeof IceServer>

export const StreamSelector = z.looseObject({
  id: z.string().optional(),
  type: z.enum(['exact', 'nearest', 'lower', 'higher']).optional(),
  bitrate: z.number().optional(),
})

export const VideoRequest = z.looseObject({
  disabled: z.boolean().optional(),
  selector: StreamSelector.optional(),
  auto: z.boolean().optional(),
})
export type VideoRequest = z.infer<typeof VideoRequest>

export const AudioRequest = z.looseObject({ disabled: z.boolean().optional() })
export type AudioRequest = z.infer<typeof AudioRequest>

export const PeerVideo = z.looseObject({ disabled: z.boolean(), id: z.string(), video: z.string(), auto: z.boolean() })
export type PeerVideo = z.infer<typeof PeerVideo>

export const PeerAudio = z.looseObject({ disabled: z.boolean() })
export type PeerAudio = z.infer<typeof PeerAudio>

/** `X`, `setxkbmap`'s names, e.g. `us` and `dvorak`. */
export const KeyboardMap = z.looseObject({ layout: z.string().default(''), variant: z.string().default('') })
export type KeyboardMap = z.infer<typeof KeyboardMap>

export const Modifiers = z.looseObject({
  shift: z.boolean().nullish(),
  capslock: z.boolean().nullish(),
  control: z.boolean().nullish(),
  alt: z.boolean().nullish(),
  numlock: z.boolean().nullish(),
  meta: z.boolean().nullish(),
  super: z.boolean().nullish(),
  altgr: z.boolean().nullish(),
})
export type Modifiers = z.infer<typeof Modifiers>

export const Clipboard = z.looseObject({ text: z.string().optional(), html: z.string().optional() })
export type Clipboard = z.infer<typeof Clipboard>

export const Broadcast = z.looseObject({ is_active: z.boolean(), url: z.string().nullish() })
export type Broadcast = z.infer<typeof Broadcast>

/** Who steers. `host_id` is there when `has_host` is. */
export const ControlHost = z.looseObject({
  id: z.string().default(''),
  has_host: z.boolean(),
  host_id: z.string().nullish(),
})
export type ControlHost = z.infer<typeof ControlHost>

export const FileEntry = z.looseObject({ name: z.string(), type: z.enum(['file', 'dir']), size: z.number().optional() })
export type FileEntry = z.infer<typeof FileEntry>

/** What every error of the REST API looks like. */
export const ErrorBody = z.looseObject({ code: z.number(), message: z.string() })
