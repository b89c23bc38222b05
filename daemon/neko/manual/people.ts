import { oneLine } from '@shared/cli/text'
import { NekodeError } from '@shared/errors'
import { Profile, type SessionInfo } from '../protocol/types'
import type { Manual } from './manual'
import { flag, misuse, pairs, said, type Verb } from './verb'

const MANY = 10_000

/** Sessions that are connected, for completion. */
export const sessionIds = ({ desk }: Manual): string[] =>
  desk.connected ? [...desk.state.sessions.values()].filter(({ state }) => state.is_connected).map(({ id }) => id) : []

/** The id of a session that is given as its id, the start of it, or a name. @throws NekodeError not_found, conflict */
export function sessionOf({ desk }: Manual, given: string): string {
  const all = [...desk.state.sessions.values()]
  if (all.some(({ id }) => id === given)) return given
  const found = all.filter(
    ({ id, profile, state }) => state.is_connected && (id.startsWith(given) || profile.name === given),
  )
  const [only] = found
  if (only && found.length === 1) return only.id
  const ids = found.map(({ id }) => id).join(', ')
  throw found.length === 0
    ? new NekodeError('not_found', `There is no session “${given}”.`, { next: 'See who is there: sessions' })
    : new NekodeError('conflict', `“${given}” may be any of ${ids}.`, { next: 'Give the whole id.' })
}

const profileText = (profile: Profile): string =>
  Object.entries(profile)
    .filter(([name]) => name !== 'name' && name !== 'plugins')
    .map(([name, value]) => `  ${name}=${value === true ? 'on' : value === false ? 'off' : JSON.stringify(value)}`)
    .join('\n')

const isProfileName = (name: string): boolean => Object.hasOwn(Profile.shape, name) && name !== 'plugins'

/** `name=Ada is_admin=on` as a change of a profile. */
function profileOf(words: readonly string[]): Record<string, string | boolean> {
  return Object.fromEntries(
    pairs(words, isProfileName).map(([name, value]) => [name, name === 'name' ? value : flag(name, value)]),
  )
}

function sessionsText(sessions: readonly SessionInfo[], hostId: string | null): string {
  if (sessions.length === 0) return 'No connected sessions.'
  const lines = sessions.map(
    ({ id, profile }) => `  ${oneLine(id)} - ${oneLine(profile.name)}${id === hostId ? ' [HOST]' : ''}`,
  )
  return ['Connected Sessions:', ...lines, '', `Total connected: ${sessions.length}`].join('\n')
}

export const people: readonly Verb[] = [
  {
    name: 'sessions',
    topic: 'people',
    usage: '',
    about: 'List who is connected',
    words: [0, 0],
    run: async ({ desk, signal }) => {
      const connected = (await desk.rest.sessions.list({ signal })).filter(({ state }) => state.is_connected)
      const sorted = connected.toSorted((a, b) => a.id.localeCompare(b.id))
      const { hostId } = desk.state
      return said(sessionsText(sorted, hostId), { sessions: sorted, hostId })
    },
  },
  {
    name: 'whoami',
    topic: 'people',
    usage: '',
    about: 'Show this session and what it may do',
    words: [0, 0],
    run: async ({ desk, signal }) => {
      const me = await desk.rest.whoami({ signal })
      return said(`${oneLine(me.id)} - ${oneLine(me.profile.name)}\n${profileText(me.profile)}`, me)
    },
  },
  {
    name: 'kick',
    topic: 'people',
    usage: 'ID [delete]',
    about: 'Disconnect a session; with “delete” its login is worth nothing any more (administrator)',
    words: [1, 2],
    complete: (words, manual) => (words.length === 1 ? sessionIds(manual) : ['delete']),
    run: async (manual, [who = '', how]) => {
      if (how !== undefined && how !== 'delete') throw misuse(`After the id comes “delete” or nothing, not “${how}”.`)
      const id = sessionOf(manual, who)
      const { sessions } = manual.desk.rest
      await (how === 'delete' ? sessions.delete : sessions.disconnect)(id, { signal: manual.signal })
      return said(`${oneLine(id)} is ${how === 'delete' ? 'deleted' : 'disconnected'}.`, { id })
    },
  },
  {
    name: 'chat',
    aliases: ['say'],
    topic: 'people',
    usage: '"TEXT"',
    about: 'Say something in the chat',
    words: [1, MANY],
    run: async ({ desk }, words) => desk.send('chat/message', { text: words.join(' ') }),
  },
  {
    name: 'send',
    topic: 'people',
    usage: 'ID|all SUBJECT "TEXT"',
    about: 'Send a message to a session’s program, or to all of them',
    words: [2, MANY],
    complete: (words, manual) => (words.length === 1 ? ['all', ...sessionIds(manual)] : []),
    run: async (manual, [to = '', subject = '', ...words]) => {
      const body = words.join(' ')
      if (to === 'all') return manual.desk.send('send/broadcast', { subject, body })
      manual.desk.send('send/unicast', { receiver: sessionOf(manual, to), subject, body })
    },
  },
  {
    name: 'members',
    topic: 'people',
    usage: 'list | show ID | add NAME [name=on|off…] | set ID name=on|off… | password ID | rm ID',
    about: 'Manage the server’s accounts; passwords are asked for (administrator)',
    words: [0, 50],
    secret: true,
    complete: (words) => (words.length === 1 ? ['list', 'show', 'add', 'set', 'password', 'rm'] : []),
    run: async ({ desk, face, signal }, [what = 'list', id, ...words]) => {
      const { members } = desk.rest
      if (what === 'list' && id === undefined) {
        const list = await members.list({}, { signal })
        const lines = list.map(
          ({ id, profile }) => `  ${oneLine(id)} - ${oneLine(profile.name)}${profile.is_admin ? ' [ADMIN]' : ''}`,
        )
        return said(lines.join('\n') || 'The server has no accounts, or goes by two passwords.', list)
      }
      if (id === undefined) throw misuse('Whose account?')
      switch (what) {
        case 'show': {
          const profile = await members.get(id, { signal })
          return said(`${oneLine(profile.name)}\n${profileText(profile)}`, profile)
        }
        case 'add': {
          const profile = profileOf(words)
          const password = await face.secret(`Password for ${id}: `)
          const made = await members.create({ username: id, password, profile: { name: id, ...profile } }, { signal })
          return said(`${oneLine(made.id)} is added.`, made)
        }
        case 'set':
          if (words.length === 0) throw misuse('What is to change?')
          await members.update(id, profileOf(words), { signal })
          return said(`${oneLine(id)} is changed.`, { id })
        case 'password':
          await members.setPassword(id, await face.secret(`New password for ${id}: `), { signal })
          return said(`${oneLine(id)} has a new password.`, { id })
        case 'rm':
          await members.delete(id, { signal })
          return said(`${oneLine(id)} is removed.`, { id })
        default:
          throw misuse('It is one of these: list, show, add, set, password, rm.')
      }
    },
  },
  {
    name: 'name',
    topic: 'people',
    usage: 'NAME',
    about: 'Change the name that others see',
    words: [1, 20],
    run: ({ desk, signal }, words) => desk.rest.setProfile({ name: words.join(' ') }, { signal }),
  },
]
