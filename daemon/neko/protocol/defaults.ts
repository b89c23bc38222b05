import type { Profile, Settings } from './types'

/** What a server begins with that is told nothing else. */
export const DEFAULT_SETTINGS: Settings = {
  private_mode: false,
  locked_logins: false,
  locked_controls: false,
  control_protection: false,
  implicit_hosting: false,
  inactive_cursors: false,
  merciful_reconnect: true,
  heartbeat_interval: 10,
  plugins: null,
}

/** What the two passwords of the provider `multiuser` stand for. */
export const profileOf = (name: string, isAdmin = false): Profile => ({
  name,
  is_admin: isAdmin,
  can_login: true,
  can_connect: true,
  can_watch: true,
  can_host: true,
  can_share_media: true,
  can_access_clipboard: true,
  sends_inactive_cursor: true,
  can_see_inactive_cursors: isAdmin,
  plugins: null,
})
