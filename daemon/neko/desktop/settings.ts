import { z } from 'zod'
import { Plugins } from '../protocol/types'

/** What of the room's settings may be set; what is left out stays. Unknown fields are dropped. */
export const SettingsChange = z.object({
  private_mode: z.boolean().optional(),
  locked_logins: z.boolean().optional(),
  locked_controls: z.boolean().optional(),
  control_protection: z.boolean().optional(),
  implicit_hosting: z.boolean().optional(),
  inactive_cursors: z.boolean().optional(),
  merciful_reconnect: z.boolean().optional(),
  heartbeat_interval: z.number().int().min(1).max(3600).optional(),
  plugins: Plugins.nullish(),
})
export type SettingsChange = z.infer<typeof SettingsChange>
