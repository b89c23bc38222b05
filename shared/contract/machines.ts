import { z } from 'zod'
import { Time } from './common'

/** One kind of coding agent on one computer, as the daemon found it. */
export const RuntimeInfo = z.object({
  kind: z.string(),
  displayName: z.string(),
  installed: z.boolean(),
  version: z.string(),
  login: z.enum(['yes', 'no', 'unknown', 'not_needed']),
  /** What a person does to make it usable: log in, install, set a variable. Empty when it is ready. */
  nextStep: z.string(),
  /** The command that installs it, for showing; empty when there is none. */
  installCommand: z.string(),
  canInstall: z.boolean(),
  models: z.array(z.string()),
  /** `demo` needs no model and says so; people should not take it for the real thing. */
  demo: z.boolean(),
})
export type RuntimeInfo = z.infer<typeof RuntimeInfo>

const Bytes = z.number().int().nonnegative()

/**
 * How busy and how full a computer is, as a daemon tells it: JSON in the description of its capability `resources`, because the messages
 * of the wire are settled. Sizes in bytes, 0 where it is not known.
 */
export const MeasuredResources = z.object({
  /** Of all processors together, 0 to 100; null while it is not known. */
  cpuPercent: z.number().int().min(0).max(100).nullable(),
  cpuCount: z.number().int().nonnegative(),
  memoryTotal: Bytes,
  /** What programs can still get without swapping. */
  memoryAvailable: Bytes,
  /** Of the file system that agents work in. */
  diskTotal: Bytes,
  /** What the daemon's user may still fill of it. */
  diskAvailable: Bytes,
})
export type MeasuredResources = z.infer<typeof MeasuredResources>
export const RESOURCES_CAPABILITY = 'resources'

/** What a computer gets to speak to the server in the name of one of its agents. */
export const AgentToken = z.object({ token: z.string(), expiresAt: Time })
