import { z } from 'zod'

const Ceiling = (min: number, max: number) => z.number().int().min(min).max(max).nullable()

/** What an agent's process may take of its computer, and what it may reach there. `null` is no limit of the agent's own. */
export const Confinement = z.strictObject({
  /** It sees its workspace, the system and its runtime's own login, and nothing else of the computer (Linux, bubblewrap). */
  sandbox: z.boolean(),
  /** Off: its process, in the sandbox, has no network at all: no model, no tools of Nekode. */
  network: z.boolean(),
  /** Absolute folders that it may also read in the sandbox. */
  readable: z.array(z.string().min(2).max(1000).startsWith('/')).max(20),
  /** Of all its processes together. */
  memoryMb: Ceiling(64, 4_194_304),
  /** At the same time; where control groups count, threads count too. */
  processes: Ceiling(8, 100_000),
  /** 100 is one processor. */
  cpuPercent: Ceiling(5, 100_000),
  /** Of one turn, wherever its time goes. */
  turnMinutes: Ceiling(1, 10_080),
})
export type Confinement = z.infer<typeof Confinement>

/** The computer's own settings alone count. */
export const UNCONFINED: Confinement = {
  sandbox: false,
  network: true,
  readable: [],
  memoryMb: null,
  processes: null,
  cpuPercent: null,
  turnMinutes: null,
}

/** How it travels to the computer: a capability of the agent's profile by this name, as JSON in its description. */
export const CONFINEMENT_CAPABILITY = 'confinement'
