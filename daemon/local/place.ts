import { mkdirSync, readFileSync } from 'node:fs'
import { tmpdir, userInfo } from 'node:os'
import { join } from 'node:path'
import { z } from 'zod'
import { readJsonObject, writePrivate } from '../config/file'
import type { Paths } from '../config/paths'

/** Longest path of a socket that every system takes. */
const MAX_SOCKET = 100

/** The socket of a home. A home with a long path has its socket in a folder of this user's below the one for temporary files. */
export function socketAddress(paths: Pick<Paths, 'home' | 'state'>): string {
  if (process.platform === 'win32') return `\\\\.\\pipe\\nekode-daemon-${short(paths.home)}`
  const near = join(paths.state, 'nekode.sock')
  if (Buffer.byteLength(near) <= MAX_SOCKET) return near
  return join(tmpdir(), `nekode-${userInfo().uid}`, `${short(paths.home)}.sock`)
}

const short = (text: string): string => new Bun.CryptoHasher('sha256').update(text).digest('hex').slice(0, 16)

/** Where the token is while the daemon runs. */
export const tokenPath = ({ state }: Pick<Paths, 'state'>): string => join(state, '.token')
const localPath = ({ state }: Pick<Paths, 'state'>): string => join(state, 'local.json')

/** A new token for this start of the daemon, in a file that only this user can read. */
export function writeToken(paths: Paths): string {
  const token = crypto.getRandomValues(new Uint8Array(32)).toHex()
  writePrivate(tokenPath(paths), token)
  return token
}

/** The token of the daemon that runs; undefined when there is none. */
export function readToken(paths: Paths): string | undefined {
  try {
    return readFileSync(tokenPath(paths), 'utf8').trim() || undefined
  } catch {
    // No daemon runs, or not as this user: what needs the token says so.
    return undefined
  }
}

const Local = z.object({ port: z.number().int() })

/** Where the HTTP API is, for those who cannot use the socket. */
export const writePort = (paths: Paths, port: number): void => writePrivate(localPath(paths), JSON.stringify({ port }))

export const readPort = (paths: Paths): number | undefined =>
  Local.safeParse(readJsonObject(localPath(paths))).data?.port

/** What is there only while the daemon runs. */
export const placeFiles = (paths: Paths): string[] => [tokenPath(paths), localPath(paths)]

/** Makes the folder of a socket that does not lie in the home. */
export function makeSocketFolder(address: string): void {
  if (process.platform === 'win32') return
  mkdirSync(join(address, '..'), { recursive: true, mode: 0o700 })
}
