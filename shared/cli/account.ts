import { chmod, mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { ApiError, type Call, createApiClient } from '@shared/contract/client'
import { NekodeError, errorText } from '@shared/errors'
import { nekodeHome } from '@shared/home'
import { z } from 'zod'
import { usage } from './exit'
import type { Host } from './host'

/** Where `nekode serve` listens unless told otherwise. */
export const DEFAULT_SERVER = 'http://127.0.0.1:18790'
/** Longest wait for one answer of the server. */
const ANSWER_MS = 30_000

const CHECK = 'Check that it runs and that the address is right; “nekode login --server URL” chooses another one.'

/** What `nekode login` keeps, in a file that only its owner may read. */
const Account = z.strictObject({ server: z.url(), token: z.string().min(1) })
export type Account = z.infer<typeof Account>

/** The file of the account: `$NEKODE_HOME/cli.json`, by default `~/.nekode/cli.json`. */
export const accountPath = (env: Host['env']): string => join(nekodeHome(env), 'cli.json')

/** The stored account; undefined when there is none. Throws when the file is damaged. */
export async function readAccount(env: Host['env']): Promise<Account | undefined> {
  const path = accountPath(env)
  let text: string
  try {
    text = await readFile(path, 'utf8')
  } catch (cause) {
    if (cause instanceof Error && 'code' in cause && cause.code === 'ENOENT') return undefined
    throw new NekodeError('internal', `The file ${path} cannot be read: ${errorText(cause)}.`, { cause })
  }
  const parsed = z.string().transform(parseJson).pipe(Account).safeParse(text)
  if (parsed.success) return parsed.data
  throw new NekodeError('unauthenticated', `The file ${path} is damaged.`, {
    code: 'account_damaged',
    next: 'Log in again: nekode login',
  })
}

function parseJson(text: string, context: z.RefinementCtx): unknown {
  try {
    return JSON.parse(text)
  } catch {
    context.addIssue('not JSON')
    return z.NEVER
  }
}

/** Stores an account, readable by its owner only. */
export async function writeAccount(env: Host['env'], account: Account): Promise<void> {
  const path = accountPath(env)
  await mkdir(dirname(path), { recursive: true, mode: 0o700 })
  // Written beside and renamed: never half a file, and never one that was readable by others for a moment.
  const draft = `${path}.${process.pid}`
  await writeFile(draft, `${JSON.stringify(account, null, 2)}\n`, { mode: 0o600 })
  await chmod(draft, 0o600)
  await rename(draft, path)
}

export const removeAccount = (env: Host['env']): Promise<void> => rm(accountPath(env), { force: true })

/** A server's address as people write it → its origin. Throws for what is no address, or holds a password. */
export function serverUrl(text: string): string {
  const url = URL.parse(/^https?:\/\//i.test(text) ? text : `http://${text}`)
  if (!url || url.hostname === '')
    throw usage(`“${text}” is not an address.`, 'Write it as https://host or http://host:port.')
  if (url.username || url.password) throw usage('A user name or password does not belong into the address.')
  return url.origin + url.pathname.replace(/\/+$/, '')
}

/** A server and, when there is one, the credential for it. */
export interface Connection {
  server: string
  call: Call
  headers: () => Record<string, string>
  /** Set when it speaks as an agent instead of a person. */
  self?: { id: string; name: string }
  /** The computer that this is at the server, where that is known. */
  computerId?: string
}

export interface ConnectionOptions {
  /** Headers beside the credential. */
  headers?: Record<string, string>
  /** What is said of a server that cannot be reached, and what to do then. */
  away?: { message: string; next: string }
}

/** A client for a server that says where it tried to go when it cannot get there. */
export function connection(server: string, token?: string, options: ConnectionOptions = {}): Connection {
  const { message = `The server at ${server} cannot be reached`, next = CHECK } = options.away ?? {}
  const headers = (): Record<string, string> => ({
    ...options.headers,
    ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
  })
  let cause: unknown
  const base = createApiClient({
    baseUrl: server,
    headers,
    fetch: async (url, init) => {
      const late = AbortSignal.timeout(ANSWER_MS)
      try {
        return await fetch(url, { ...init, signal: init.signal ? AbortSignal.any([init.signal, late]) : late })
      } catch (e) {
        cause = e
        throw e
      }
    },
  })
  const call: Call = async (route, ...input) => {
    try {
      return await base(route, ...input)
    } catch (e) {
      if (!(e instanceof ApiError) || e.code !== 'unreachable') throw e
      throw new ApiError(0, e.code, `${message}: ${errorText(cause).replace(/\.+$/, '')}.`, next)
    }
  }
  return { server, call, headers }
}

/**
 * Which server to talk to, and as whom: `NEKODE_SERVER_URL` and `NEKODE_TOKEN` win over the stored account. The stored
 * token goes to the server that it is from and to no other.
 * @param usual the server where neither says one
 */
export async function resolveAccount(
  env: Host['env'],
  usual = DEFAULT_SERVER,
): Promise<{ server: string; token: string | undefined }> {
  const stored = await readAccount(env)
  const server = env.NEKODE_SERVER_URL ? serverUrl(env.NEKODE_SERVER_URL) : (stored?.server ?? usual)
  const token = env.NEKODE_TOKEN || (stored?.server === server ? stored.token : undefined)
  return { server, token }
}

/** The connection of a command that needs a login. */
export async function connect(env: Host['env']): Promise<Connection> {
  const { server, token } = await resolveAccount(env)
  if (token === undefined)
    throw new NekodeError('unauthenticated', `You are not logged in to ${server}.`, {
      code: 'login_required',
      next: `Log in: nekode login --server ${server}`,
    })
  return connection(server, token)
}
