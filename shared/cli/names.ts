import type { Agent, Computer, InteractionEndpoint, MemberKind, User } from '@shared/contract'
import { NekodeError } from '@shared/errors'
import type { Connection } from './account'

/** Someone who is written to with `@name`. */
export interface Member {
  kind: MemberKind
  memberId: string
  name: string
}

/**
 * A target as people write it → as the API has it: `general` and `#general` are the channel, `@name` is the direct
 * conversation with that person or agent (opened when there was none, which agents cannot), `dm:…` stays.
 */
export async function findTarget({ call, self }: Pick<Connection, 'call' | 'self'>, text: string): Promise<string> {
  if (text.startsWith('dm:') || text.startsWith('#')) return text
  if (!text.startsWith('@')) return `#${text}`
  const { kind, memberId } = await findMember({ call }, text)
  // The same two always meet in the same place.
  if (self) return `dm:${[self.id, memberId].toSorted().join('+')}`
  return (await call('POST /api/dms', { body: { kind, memberId } })).target
}

/** A person or an agent by `@name`, name or id. */
export async function findMember({ call }: Pick<Connection, 'call'>, text: string): Promise<Member> {
  const name = text.replace(/^@/, '')
  const [agents, users] = await Promise.all([call('GET /api/agents'), call('GET /api/users')])
  const agent = agents.items.find((a) => a.name === name || a.id === name)
  if (agent) return { kind: 'agent', memberId: agent.id, name: agent.name }
  const user = users.items.find((u) => u.username === name || u.id === name)
  if (user) return { kind: 'human', memberId: user.id, name: user.username }
  throw missing(`Nobody is called “${name}”.`, 'See who there is: nekode agents, nekode users')
}

/** An agent by `@name`, name or id. */
export async function findAgent({ call }: Connection, text: string): Promise<Agent> {
  const name = text.replace(/^@/, '')
  const found = (await call('GET /api/agents')).items.find((a) => a.name === name || a.id === name)
  if (!found) throw missing(`There is no agent “${name}”.`, 'See which there are: nekode agents')
  return found
}

/** A computer by id, else by its name, else by its host name. Throws when a name stands for several. */
export async function findComputer({ call }: Connection, text: string): Promise<Computer> {
  const { items } = await call('GET /api/computers')
  const byId = items.find((c) => c.id === text)
  if (byId) return byId
  const named = items.filter((c) => c.displayName === text)
  const [found, another] = named.length > 0 ? named : items.filter((c) => c.hostname === text)
  if (!found) throw missing(`There is no computer “${text}”.`, 'See which there are: nekode computers')
  if (another)
    throw new NekodeError('conflict', `“${text}” is the name of several computers.`, {
      code: 'ambiguous',
      next: 'Use the id: nekode computers',
    })
  return found
}

/** An endpoint by id or name. Throws when a name stands for several. */
export async function findEndpoint({ call }: Connection, text: string): Promise<InteractionEndpoint> {
  const all: InteractionEndpoint[] = []
  let cursor: string | undefined
  do {
    const page = await call('GET /api/interaction-endpoints', {
      query: { limit: 200, ...(cursor === undefined ? {} : { cursor }) },
    })
    all.push(...page.items)
    cursor = page.nextCursor
  } while (cursor !== undefined)
  const byId = all.find((e) => e.id === text)
  if (byId) return byId
  const [found, another] = all.filter((e) => e.displayName === text)
  if (!found)
    throw new NekodeError('not_found', `There is no endpoint “${text}”.`, {
      next: 'See which there are: nekode endpoints',
    })
  if (another)
    throw new NekodeError('conflict', `“${text}” is the name of several endpoints.`, {
      code: 'ambiguous',
      next: 'Use the id: nekode endpoints',
    })
  return found
}

/** What names stand behind ids: for lists that only have ids. */
export interface Names {
  agent: (id: string) => string
}

export async function loadNames({ call }: Connection): Promise<Names> {
  const agents = new Map((await call('GET /api/agents')).items.map((a) => [a.id, a.name]))
  return { agent: (id) => `@${agents.get(id) ?? id}` }
}

/** A user by name or id, for the few commands about people. */
export const isUser = (user: User, text: string): boolean =>
  user.id === text || user.username === text.replace(/^@/, '')

const missing = (message: string, next: string): NekodeError => new NekodeError('not_found', message, { next })
