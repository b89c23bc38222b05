import { z } from 'zod'
import { Plugins, type Profile } from '../protocol/types'

/** Longest name of a person. */
const NAME = 128

/** What of a profile may be set; what is left out stays. Unknown fields are dropped. */
export const ProfileChange = z.object({
  name: z.string().max(NAME).optional(),
  is_admin: z.boolean().optional(),
  can_login: z.boolean().optional(),
  can_connect: z.boolean().optional(),
  can_watch: z.boolean().optional(),
  can_host: z.boolean().optional(),
  can_share_media: z.boolean().optional(),
  can_access_clipboard: z.boolean().optional(),
  sends_inactive_cursor: z.boolean().optional(),
  can_see_inactive_cursors: z.boolean().optional(),
  plugins: Plugins.nullish(),
})
export type ProfileChange = z.infer<typeof ProfileChange>

/** Merges what is there; null says as little as nothing. */
export function merged<T extends object>(current: T, change: { [K in keyof T]?: T[K] | undefined }): T {
  const given = Object.entries(change).filter(([, value]) => value !== undefined)
  return { ...current, ...Object.fromEntries(given) }
}

/** A setting of a plugin, which both the room and the profile may hold; what neither says is allowed. */
export function allowsPlugin(room: unknown, profile: Profile, key: string): boolean {
  const isOff = (plugins: unknown) => z.record(z.string(), z.unknown()).safeParse(plugins).data?.[key] === false
  return (!isOff(room) || profile.is_admin) && !isOff(profile.plugins)
}
