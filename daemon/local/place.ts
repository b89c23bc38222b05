import { existsSync, lstatSync, mkdirSync, readFileSync, statSync } from 'node:fs'
import { userInfo } from 'node:os'
import { dirname, join } from 'node:path'
import { NekodeError } from '@shared/errors'
import { z } from 'zod'
import { readJsonObject, writePrivate } from '../config/file'
import type { Paths } from '../config/paths'

/** Longest path of a socket that every system takes. */
const MAX_SOCKET = 100

/** The socket of a home. A home with a long path has its socket in a folder of this user's below the one for temporary files. */
export function socketAddress(paths: Pick<Paths, 'home' | 'state'>): string {
  if (process.platform === 'win32') return `\\\\.\\pipe\\nekode-daemon-${pipeName(paths)}`
  const near = join(paths.state, 'nekode.sock')
  if (Buffer.byteLength(near) <= MAX_SOCKET) return near
  // Not what TMPDIR says: a service and a terminal have different ones, and have to find the same socket.
  const owner = statSync(paths.home, { throwIfNoEntry: false })?.uid ?? userInfo().uid
  return join(`${SHARED}/nekode-${owner}`, `${short(paths.home)}.sock`)
}

/** Every user of the computer can write into it. */
const SHARED = '/tmp'

/** Pipes of Windows have one list of names for all users: theirs are not to be guessed, or somebody else could be there first. */
function pipeName({ state }: Pick<Paths, 'state'>): string {
  const path = join(state, '.pipe')
  if (!existsSync(path)) writePrivate(path, crypto.randomUUID())
  return readFileSync(path, 'utf8').trim()
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

/**
 * Makes the folder of a socket.
 * @throws NekodeError as `refuseForeign`
 */
export function makeSocketFolder(address: string): void {
  if (process.platform === 'win32') return
  mkdirSync(dirname(address), { recursive: true, mode: 0o700 })
  refuseForeign(address)
}

/**
 * A socket where everybody could have put one is used only in a folder that is this user's alone.
 * @throws NekodeError precondition `local_socket_unavailable`
 */
export function refuseForeign(address: string): void {
  const folder = dirname(address)
  if (process.platform === 'win32' || dirname(folder) !== SHARED) return
  const stat = lstatSync(folder, { throwIfNoEntry: false })
  if (!stat) return
  const uid = process.getuid?.()
  const isMine = stat.isDirectory() && (stat.uid === uid || uid === 0) && (stat.mode & 0o077) === 0
  if (isMine) return
  throw new NekodeError('precondition', `${folder} is not a folder of this user alone; no socket in it is used.`, {
    code: 'local_socket_unavailable',
    next: `Look who made it (ls -ld ${folder}) and delete it, or choose a shorter NEKODE_HOME, which needs no such folder.`,
  })
}
