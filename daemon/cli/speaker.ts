import type { Connection } from '@shared/cli/account'
import type { Host } from '@shared/cli/host'
import type { Speaker } from '@shared/cli/program'
import { ApiError } from '@shared/contract/client'
import { NekodeError } from '@shared/errors'
import { daemonHome } from '@shared/home'
import { z } from 'zod'

const Self = z.object({ id: z.string(), name: z.string(), computerId: z.string() })
const HERE_MS = 10_000

/**
 * Whom the verbs of `nekode-daemon` speak as: the agent whose process this is, by its own key; the agent that the owner of the computer
 * names with `--as`; otherwise the person who is logged in.
 */
export const speaker: Speaker = {
  args: {
    as: {
      type: 'string',
      alias: 'from',
      valueHint: 'NAME',
      description: 'Speak as this agent of the computer, or as yourself where that is your name',
    },
  },
  connect: async (host, { as }) => {
    const name = typeof as === 'string' ? as.replace(/^@/, '') : undefined
    if (host.env.NEKODE_LOCAL_TOKEN) return asItself(host.env, host.env.NEKODE_LOCAL_TOKEN, name)
    return name === undefined ? asPerson(host) : asNamed(host, name)
  },
}

/** In the process of an agent. */
async function asItself(env: Host['env'], key: string, name: string | undefined): Promise<Connection> {
  const url = env.NEKODE_LOCAL_URL
  if (!url)
    throw new NekodeError(
      'precondition',
      'The daemon of this computer has no local HTTP API, through which agents speak.',
      {
        code: 'local_api_off',
        next: 'The owner of the computer turns it on with localPort in daemon.json. The tools of Nekode work without it.',
      },
    )
  return throughDaemon(url, key, name)
}

/** By the owner of the computer, whose token only this user can read. */
async function asNamed(host: Host, name: string): Promise<Connection> {
  const [{ readPort, readToken }, { pathsOf }] = await Promise.all([
    import('../local/place'),
    import('../config/paths'),
  ])
  const paths = pathsOf(daemonHome(host.env))
  const [port, token] = [readPort(paths), readToken(paths)]
  try {
    if (token === undefined)
      throw new NekodeError(
        'unavailable',
        `To speak as @${name}, the daemon of this computer has to run, as this user.`,
        {
          code: 'daemon_not_running',
          next: 'Start it: nekode-daemon start. To speak as yourself, log in (nekode login) and leave --as out.',
        },
      )
    if (port === undefined)
      throw new NekodeError(
        'precondition',
        'The daemon of this computer has no local HTTP API, through which agents speak.',
        {
          code: 'local_api_off',
          next: 'Turn it on with localPort in daemon.json.',
        },
      )
    return await throughDaemon(`http://127.0.0.1:${port}`, token, name)
  } catch (error) {
    // What keeps a person from speaking says nothing about the agent that was probably meant.
    const person = await asWhomeverIsCalled(host, name).catch(() => undefined)
    if (person) return person
    throw error
  }
}

/** The person who is logged in, where that is their name: programs of before say with --from who speaks, person or agent. */
async function asWhomeverIsCalled(host: Host, name: string): Promise<Connection | undefined> {
  const person = await account(host)
  if (!person.token) return undefined
  const connection = await connectPerson(person)
  const { username } = await connection.call('GET /api/auth/me')
  return username === name ? connection : undefined
}

async function throughDaemon(url: string, token: string, name: string | undefined): Promise<Connection> {
  const { connection } = await import('@shared/cli/account')
  const headers: Record<string, string> = name === undefined ? {} : { 'nekode-as': name }
  const away = {
    message: `The daemon at ${url} cannot be reached`,
    next: 'Check that it runs: nekode-daemon status',
  }
  const {
    id,
    name: own,
    computerId,
  } = await askDaemon(`${url}/server/self`, { ...headers, authorization: `Bearer ${token}` }, away)
  return { ...connection(`${url}/server`, token, { headers, away }), self: { id, name: own }, computerId }
}

async function askDaemon(
  url: string,
  headers: Record<string, string>,
  away: { message: string; next: string },
): Promise<z.infer<typeof Self>> {
  const { failure } = await import('@shared/contract/client')
  let response: Response
  try {
    response = await fetch(url, { headers, signal: AbortSignal.timeout(HERE_MS) })
  } catch (cause) {
    throw new ApiError(
      0,
      'unreachable',
      `${away.message}: ${cause instanceof Error ? cause.message : String(cause)}`,
      away.next,
    )
  }
  if (!response.ok) throw failure(response.status, await response.text())
  return Self.parse(await response.json())
}

interface Person {
  server: string
  token: string | undefined
  /** This computer, where it is one of that server's. */
  computerId: string | undefined
}

/** Who is logged in; without a login the server of this computer is meant. */
async function account({ env }: Host): Promise<Person> {
  const [{ resolveAccount }, { loadConfig }] = await Promise.all([
    import('@shared/cli/account'),
    import('../config/config'),
  ])
  const { serverUrl, computerId, token: enrolled } = loadConfig({ env })
  const { server, token } = await resolveAccount(env, serverUrl)
  return { server, token, computerId: enrolled !== '' && server === serverUrl ? computerId : undefined }
}

async function asPerson(host: Host): Promise<Connection> {
  const person = await account(host)
  if (!person.token)
    throw new NekodeError(
      'unauthenticated',
      'There is nobody to speak as: this is no agent’s process, and nobody is logged in.',
      {
        code: 'login_required',
        next: `As an agent of this computer: --as NAME. As yourself: nekode login --server ${person.server}, or set NEKODE_TOKEN.`,
      },
    )
  return connectPerson(person)
}

async function connectPerson({ server, token, computerId }: Person): Promise<Connection> {
  const { connection } = await import('@shared/cli/account')
  return { ...connection(server, token), ...(computerId === undefined ? {} : { computerId }) }
}
