/**
 * The load of `crowd.ts`, in a process of its own: sessions of the daemon's own code, which register, hold a control stream open, send
 * heartbeats and ask for runs as the daemon does, and subscribers to server-sent events. Takes one line of JSON, then prints `there` when
 * all of them are; at the next line it prints as JSON what they saw, and ends.
 */
import { createLogger } from '@shared/log'
import { z } from 'zod'
import { Journal } from '../../daemon/control/journal'
import { Link } from '../../daemon/control/link'
import { Session } from '../../daemon/control/session'
import { subscribe } from './stream'

export const CrowdOptions = z.object({
  port: z.number(),
  computers: z.array(z.object({ computerId: z.string(), token: z.string() })),
  /** One token a person. */
  people: z.array(z.string()),
  subscribersEach: z.number(),
})
export const CrowdResult = z.object({
  /** Computers that were connected all the time. */
  online: z.number(),
  /** Subscribers whose stream is open, and those of them that were sent something since all were there. */
  open: z.number(),
  alive: z.number(),
})
/** How often a daemon asks for runs, unless its settings say otherwise. */
const POLL_MS = 30_000
/** Streams that are being opened at a time. */
const OPENING = 50

interface Follower {
  isOpen: boolean
  heardAt: number
}

async function follow(port: number, token: string): Promise<Follower> {
  const follower: Follower = { isOpen: true, heardAt: 0 }
  const stream = subscribe({
    port,
    token,
    onText: () => {
      follower.heardAt = performance.now()
    },
    onEnd: () => {
      follower.isOpen = false
    },
  })
  await stream.opened
  return follower
}

function daemon(port: number, { computerId, token }: { computerId: string; token: string }, onLost: () => void) {
  const log = createLogger({ level: 'error' })
  const session = new Session({
    serverUrl: `http://127.0.0.1:${port}`,
    token,
    info: {
      daemonId: `daemon-${computerId}`,
      computerId,
      displayName: computerId,
      hostname: computerId,
      os: 'linux',
      arch: 'amd64',
      version: '1.0.0',
    },
    pollMs: POLL_MS,
    journal: Journal.open(':memory:', log),
    link: new Link(),
    log,
    inventory: async () => ({ inventory: {}, version: '1' }),
    statuses: () => [],
    admit: () => undefined,
    handle: () => undefined,
    assigned: () => undefined,
    forget: () => undefined,
    disowned: onLost,
  })
  void session.run(new AbortController().signal)
  return session
}

async function crowd({ port, computers, people, subscribersEach }: z.infer<typeof CrowdOptions>, go: Promise<unknown>) {
  const lost = new Set<string>()
  const sessions = computers.map((one) => daemon(port, one, () => lost.add(one.computerId)))
  const tokens = people.flatMap((token) => Array.from({ length: subscribersEach }, () => token))
  const followers: Follower[] = []
  for (let i = 0; i < tokens.length; i += OPENING)
    followers.push(...(await Promise.all(tokens.slice(i, i + OPENING).map((token) => follow(port, token)))))
  while (sessions.some(({ state }) => state !== 'online')) await Bun.sleep(50)
  const since = performance.now()
  console.log('there')
  await go
  return {
    online: sessions.filter(({ state }) => state === 'online').length - lost.size,
    open: followers.filter(({ isOpen }) => isOpen).length,
    alive: followers.filter(({ isOpen, heardAt }) => isOpen && heardAt > since).length,
  }
}

if (import.meta.main) {
  const lines = console[Symbol.asyncIterator]()
  const { value } = await lines.next()
  console.log(JSON.stringify(await crowd(CrowdOptions.parse(JSON.parse(value)), lines.next())))
  process.exit(0)
}
