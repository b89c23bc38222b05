import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { startServer, type ServerUnderTest } from '../e2e/harness'
import type { Place, Program } from '../e2e/program'
import { freePort } from '../setup/databases'

/** What is measured: our server, or the bare one beside it. */
export interface Subject {
  name: 'nekode' | 'bare'
  port: number
  token: string
  /** Ends it and starts it again on the same port and data. */
  restart(): Promise<void>
}

export async function nekode(place: Place): Promise<Subject & { server: ServerUnderTest }> {
  // All clients of a bench share one token, which people's pages never do.
  const server = await startServer(place, { env: { NEKODE_MAX_STREAMS: '0' } })
  const { token } = await server.admin()
  return {
    name: 'nekode',
    port: server.port,
    token,
    server,
    restart: async () => {
      await server.stop()
      await server.start()
    },
  }
}

/** @param child gets each message as a line on its standard input */
export async function bare(place: Place, child: string[] = []): Promise<Subject> {
  const port = await freePort()
  const folder = join(place.dir, 'bare')
  mkdirSync(folder, { recursive: true })
  let program: Program
  const start = async (): Promise<void> => {
    program = place.start([process.execPath, join(import.meta.dir, 'bare.ts'), folder, String(port), ...child], {
      name: 'bare',
    })
    await program.line(/port \d+/)
  }
  await start()
  return {
    name: 'bare',
    port,
    token: 'none',
    restart: async () => {
      await program.killHard()
      await start()
    },
  }
}

/** Measures one after the other, so that neither takes time from the other. */
export async function both<T>(
  place: Place,
  measure: (subject: Subject) => Promise<T>,
): Promise<{ ours: T; theirs: T }> {
  const ours = await nekode(place)
  const mine = await measure(ours)
  await ours.server.stop()
  const theirs = await bare(place)
  return { ours: mine, theirs: await measure(theirs) }
}
