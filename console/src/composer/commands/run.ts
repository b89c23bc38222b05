import type { Navigator } from '@solidjs/router'
import '../../i18n/en/commands'
import { call } from '../../api/client'
import { conversationPath } from '../../app/paths'
import { channelTitle } from '../../app/unread'
import { t } from '../../i18n'
import { put } from '../../store/apply'
import { send } from '../../store/outbox'
import { change, state } from '../../store/state'
import { confirm } from '../../ui/confirm'
import { leadingName, parseDebate, parseDecision, parseReminder, parseTask } from './parse'
import { commandHelp, usageOf, type CommandName } from './table'

export interface Place {
  target: string
  threadId: string | null
  navigate: Navigator
}

/** What became of a command: said to the writer, with the place to look at it; or what is wrong with how it was written, which then stays in the field. */
export type Outcome = { done: string; href?: string } | { wrong: string } | { quiet: true } | { help: true }

type Run = (rest: string, place: Place) => Promise<Outcome>

const usage = (name: CommandName): Outcome => ({
  wrong: t('command.usage', { usage: `/${name} ${usageOf(name)}` }),
})
const unknown = (name: string): Outcome => ({ wrong: t('command.nobody', { name: `@${name}` }) })

interface Someone {
  kind: 'agent' | 'human'
  memberId: string
  displayName: string
}

function someone(name: string): Someone | undefined {
  const agent = Object.values(state.agents).find((each) => each.name === name)
  if (agent) return { kind: 'agent', memberId: agent.id, displayName: agent.displayName }
  const user = Object.values(state.users).find((each) => each.username === name)
  return user && { kind: 'human', memberId: user.id, displayName: user.displayName }
}

const titleOf = (target: string): string => {
  const channel = state.channels[target]
  return channel ? channelTitle(channel) : target
}

/** Sends as a message of its own kind, or as it is. */
const say = async (place: Place, content: string, kind: 'note' | 'status' | 'blocker' = 'note'): Promise<Outcome> => {
  void send(place.target, place.threadId, { content, kind })
  return { quiet: true }
}

const remind: Run = async (rest, { target, threadId }) => {
  const order = parseReminder(rest)
  if (!order) return usage('remind')
  const { me } = state
  const self = me && { kind: 'human' as const, memberId: me.id }
  const whom = order.who === undefined || order.who === 'me' ? self : someone(order.who)
  if (!whom) return unknown(order.who ?? '')
  // In a conversation with an agent the server takes it for the agent, which is what one means there.
  const isForPeer = order.who === undefined && state.channels[target]?.kind === 'dm'
  const { title, nextRunAt } = await call('POST /api/reminders', {
    body: {
      target,
      title: order.what.split('\n')[0]?.slice(0, 200) ?? order.what.slice(0, 200),
      prompt: order.what.slice(0, 8000),
      schedule: order.when,
      timezone: Intl.DateTimeFormat().resolvedOptions().timeZone || 'UTC',
      ...(threadId ? { msgRef: threadId } : {}),
      ...(isForPeer ? {} : { for: { kind: whom.kind, memberId: whom.memberId } }),
    },
  })
  const when = nextRunAt === null ? order.when : new Date(nextRunAt).toLocaleString(document.documentElement.lang)
  return { done: t('command.remind.done', { title, when }), href: '/reminders' }
}

const task: Run = async (rest, { target }) => {
  const order = parseTask(rest)
  if (!order) return usage('task')
  const assignee = order.assignee === undefined ? undefined : someone(order.assignee)
  if (order.assignee !== undefined && !assignee) return unknown(order.assignee)
  const made = await call('POST /api/tasks', {
    body: {
      target,
      summary: order.summary,
      ...(order.description ? { description: order.description } : {}),
      ...(assignee ? { assigneeId: assignee.memberId } : {}),
      ...(order.priority ? { priority: order.priority } : {}),
    },
  })
  return { done: t('command.task.done', { summary: made.summary }), href: `/tasks/${made.id}` }
}

const decide: Run = async (rest, { target }) => {
  const order = parseDecision(rest)
  if (!order) return usage('decide')
  const { title } = await call('POST /api/channels/{target}/decisions', { params: { target }, body: order })
  return { done: t('command.decide.done', { title }) }
}

const debate: Run = async (rest, { target, navigate }) => {
  const order = parseDebate(rest)
  if (!order) return usage('debate')
  const agents = order.names.map((name) => Object.values(state.agents).find((agent) => agent.name === name))
  const missing = agents.findIndex((agent) => agent === undefined)
  if (missing >= 0) return unknown(order.names[missing] ?? '')
  const { threadId } = await call('POST /api/debates', {
    body: {
      target,
      topic: order.topic,
      agentIds: agents.flatMap((agent) => agent?.id ?? []),
      ...(order.turns ? { turns: order.turns } : {}),
    },
  })
  navigate(conversationPath(target, { thread: threadId }))
  return { done: t('command.debate.done') }
}

const topic: Run = async (rest, { target, threadId, navigate }) => {
  const [title = '', ...lines] = rest.split('\n')
  if (!title.trim()) return usage('topic')
  const content = lines.join('\n').trim()
  const made = await call('POST /api/channels/{target}/topics', {
    params: { target },
    body: { title: title.trim(), ...(threadId ? { threadId } : content ? { content } : {}) },
  })
  if (!threadId) navigate(conversationPath(target, { thread: made.threadId }))
  return { done: t('command.topic.done', { title: made.title, n: made.number }) }
}

const about: Run = async (rest, { target }) => {
  const channel = await call('PATCH /api/channels/{target}', { params: { target }, body: { topic: rest } })
  change((draft) => put(draft.channels, target, channel))
  return { done: rest ? t('command.about.done') : t('command.about.cleared') }
}

const invite: Run = async (rest, { target }) => {
  const name = leadingName(rest)?.name
  if (!name) return usage('invite')
  const whom = someone(name)
  if (!whom) return unknown(name)
  const { kind, memberId, displayName } = whom
  await call('POST /api/channels/{target}/members', { params: { target }, body: { kind, memberId } })
  return { done: t('composer.added', { name: displayName }) }
}

const setMuted =
  (muted: boolean): Run =>
  async (rest, { target }) => {
    const name = leadingName(rest)?.name
    if (!name) return usage(muted ? 'mute' : 'unmute')
    const agent = Object.values(state.agents).find((each) => each.name === name)
    if (!agent) return unknown(name)
    await call('PATCH /api/channels/{target}/members/{kind}/{memberId}', {
      params: { target, kind: 'agent', memberId: agent.id },
      body: { deliveryMode: muted ? 'muted' : 'mentions' },
    })
    return { done: t(muted ? 'command.mute.done' : 'command.unmute.done', { name: agent.displayName }) }
  }

const setFollowed =
  (followed: boolean): Run =>
  async (_rest, { threadId }) => {
    if (!threadId) return { wrong: t('command.onlyThread') }
    await call(followed ? 'PUT /api/threads/{id}/follow' : 'DELETE /api/threads/{id}/follow', {
      params: { id: threadId },
    })
    return { done: t(followed ? 'command.follow.done' : 'command.unfollow.done') }
  }

const dm: Run = async (rest, { navigate }) => {
  const to = leadingName(rest)
  if (!to) return usage('dm')
  const whom = someone(to.name)
  if (!whom) return unknown(to.name)
  const channel = await call('POST /api/dms', { body: { kind: whom.kind, memberId: whom.memberId } })
  change((draft) => put(draft.channels, channel.target, channel))
  if (to.rest) void send(channel.target, null, { content: to.rest })
  navigate(conversationPath(channel.target))
  return { quiet: true }
}

const join: Run = async (rest, { navigate }) => {
  const name = rest.replace(/^#/, '').trim().toLowerCase()
  if (!name) return usage('join')
  const target = `#${name}`
  const channel = await call('POST /api/channels/{target}/join', { params: { target } })
  change((draft) => put(draft.channels, target, channel))
  navigate(conversationPath(target))
  return { quiet: true }
}

const leave: Run = async (_rest, { target, navigate }) => {
  const { me } = state
  const sure = await confirm({
    title: t('channel.leaveTitle'),
    body: t('channel.leaveText'),
    action: t('channel.leave'),
    danger: true,
  })
  if (!sure || !me) return { quiet: true }
  const title = titleOf(target)
  const params = { target, kind: 'human', memberId: me.id } as const
  await call('DELETE /api/channels/{target}/members/{kind}/{memberId}', { params })
  navigate('/')
  return { done: t('command.leave.done', { name: title }) }
}

const table: Record<CommandName, Run> = {
  remind,
  task,
  decide,
  debate,
  topic,
  about,
  invite,
  mute: setMuted(true),
  unmute: setMuted(false),
  follow: setFollowed(true),
  unfollow: setFollowed(false),
  status: async (rest, place) => (rest ? say(place, rest, 'status') : usage('status')),
  blocker: async (rest, place) => (rest ? say(place, rest, 'blocker') : usage('blocker')),
  me: async (rest, place) => (rest ? say(place, `_${rest}_`) : usage('me')),
  dm,
  join,
  leave,
  help: async () => ({ help: true }),
}

/** Whether there is a command of that name where it was written. */
export function findCommand(name: string, target: string): CommandName | undefined {
  const help = commandHelp.find((each) => each.name === name)
  return help && (!help.only || help.only === state.channels[target]?.kind) ? help.name : undefined
}

/** Carries a command out. Throws `ApiError` when the server refuses. */
export const runCommand = (name: CommandName, rest: string, place: Place): Promise<Outcome> => table[name](rest, place)
