import type { Delivery, Message, Run, ServerEvent } from '@shared/contract'
import { NOTICE_ID } from '@shared/contract/notice'
import { listKey, type State } from './state'
import { addStep } from './steps'

/** Something that an event calls for and that only a request can answer. */
export type FollowUp = { type: 'channel'; target: string }

/** Changes what is there, or adds it. Fields that are equal stay untouched, so that nothing is drawn again for nothing. */
export function put<T extends object>(table: Record<string, T>, id: string, value: T): void {
  const known = table[id]
  if (known) Object.assign(known, value)
  else table[id] = value
}

/**
 * Takes in what a request answered. The event of a later change may have arrived before the answer, and no other event would
 * set that right; where both are of the same moment, the event is the later one.
 */
function putAnswered<T extends { updatedAt: number }>(table: Record<string, T>, id: string, value: T): void {
  const known = table[id]
  if (!known || known.updatedAt < value.updatedAt) put(table, id, value)
}

/** Takes in a delivery that a request answered with. */
export function putDelivery(state: State, delivery: Delivery): void {
  putAnswered(state.deliveries, delivery.id, delivery)
  linkDelivery(state, delivery)
}

function linkDelivery(state: State, delivery: Delivery): void {
  const ids = (state.byMessage[delivery.messageId] ??= [])
  if (!ids.includes(delivery.id)) ids.push(delivery.id)
}

/** Takes in a run that a request answered with. */
export function putRun(state: State, run: Run): void {
  putAnswered(state.runs, run.id, run)
}

/** Ids grow with time, so the place of a message is found by its id. */
export function insertId(ids: string[], id: string): void {
  let at = ids.length
  while (at > 0 && (ids[at - 1] ?? '') > id) at--
  if (ids[at - 1] !== id) ids.splice(at, 0, id)
}

function addMessage(state: State, message: Message, created: boolean): void {
  const isNew = created && !state.messages[message.id]
  const list = state.lists[listKey(message.target, message.threadId)]
  // What nobody looks at is not kept: opening a list fetches it.
  if (state.messages[message.id] || state.lists[message.target] || list) put(state.messages, message.id, message)
  // A list that ends in the past is not continued by a message of today.
  // What changes before the loaded part belongs to a page that is not here.
  if (list && !list.newer && (created || message.id >= (list.ids[0] ?? ''))) insertId(list.ids, message.id)
  const mine = message.sender.kind === 'human' && message.sender.id === state.me?.id
  if (mine) dropSent(state, message)
  const channel = state.channels[message.target]
  if (!isNew || !channel) return
  channel.lastMessageAt = Math.max(channel.lastMessageAt ?? 0, message.createdAt)
  if (mine || (channel.lastReadMessageId ?? '') >= message.id) return
  // A channel counts what stands in it; of its threads only what calls the reader. Who came and went counts nowhere.
  if (message.threadId === null && message.sender.id !== NOTICE_ID) channel.unreadCount += 1
  const calls = message.mentions.some(
    ({ kind, id }) => (kind === 'human' && id === state.me?.id) || (kind === 'channel' && channel.joined),
  )
  if (calls) channel.mentionCount += 1
}

/** The event of an own message may arrive before the answer to the request that sent it. */
function dropSent(state: State, message: Message): void {
  const at = state.outbox.findIndex(
    (pending) =>
      pending.error === null &&
      !pending.waiting &&
      pending.target === message.target &&
      pending.threadId === message.threadId &&
      pending.content.trim() === message.content.trim() &&
      pending.files.length === message.attachments.length &&
      pending.files.every(({ attachment }) => message.attachments.some(({ id }) => id === attachment?.id)),
  )
  if (at >= 0) state.outbox.splice(at, 1)
}

function applyMember(state: State, event: Extract<ServerEvent, { kind: 'member' }>): FollowUp[] {
  const target = event.target
  if (!target) return []
  const { removed, ...member } = event.payload
  const members = state.members[target]
  const at = members?.findIndex((known) => known.kind === member.kind && known.memberId === member.memberId) ?? -1
  if (members && removed && at >= 0) members.splice(at, 1)
  else if (members && !removed && at >= 0) members[at] = member
  else if (members && !removed) members.push(member)
  const channel = state.channels[target]
  if (channel && event.operation === 'created') channel.memberCount += 1
  if (channel && removed) channel.memberCount -= 1
  if (member.kind !== 'human' || member.memberId !== state.me?.id) return []
  if (!removed) return [{ type: 'channel', target }]
  if (channel?.visibility === 'public')
    Object.assign(channel, { joined: false, role: null, unreadCount: 0, mentionCount: 0 })
  else dropChannel(state, target)
  return []
}

/** Forgets a conversation that the reader may not see any more, with everything that was said and done in it. */
export function dropChannel(state: State, target: string): void {
  delete state.channels[target]
  delete state.members[target]
  for (const key of Object.keys(state.lists))
    if (key === target || key.startsWith(`${target}/`)) delete state.lists[key]
  for (const message of Object.values(state.messages).filter((each) => each.target === target)) {
    delete state.messages[message.id]
    delete state.byMessage[message.id]
  }
  for (const run of Object.values(state.runs).filter((each) => each.target === target)) {
    delete state.runs[run.id]
    delete state.steps[run.id]
  }
  dropAt(state.deliveries, target)
  dropAt(state.approvals, target)
  for (const agent of Object.values(state.agents)) {
    const at = agent.channels.findIndex((channel) => channel.target === target)
    if (at >= 0) agent.channels.splice(at, 1)
  }
}

function dropAt<T extends { id: string; target: string }>(table: Record<string, T>, target: string): void {
  for (const { id } of Object.values(table).filter((each) => each.target === target)) delete table[id]
}

function applyChannel(state: State, event: Extract<ServerEvent, { kind: 'channel' }>): FollowUp[] {
  const { target, id } = event.payload
  if (event.operation === 'deleted') {
    // The name may be another channel's by now.
    if (state.channels[target]?.id === id) dropChannel(state, target)
    return []
  }
  const known = state.channels[target]
  if (!known) return [{ type: 'channel', target }]
  Object.assign(known, event.payload)
  return []
}

function remove<T>(table: Record<string, T>, id: string, deleted: boolean): boolean {
  if (deleted) delete table[id]
  return deleted
}

/**
 * Puts one live event into the state.
 * @returns what has to be fetched besides
 */
export function apply(state: State, event: ServerEvent): FollowUp[] {
  const deleted = event.operation === 'deleted'
  switch (event.kind) {
    case 'message':
      addMessage(state, event.payload, event.operation === 'created' || event.operation === 'appended')
      return []
    case 'channel':
      return applyChannel(state, event)
    case 'member':
      return applyMember(state, event)
    case 'delivery':
      put(state.deliveries, event.payload.id, event.payload)
      linkDelivery(state, event.payload)
      return []
    case 'run':
      put(state.runs, event.payload.id, event.payload)
      return []
    case 'run_step': {
      const log = state.steps[event.payload.runId]
      if (log) addStep(log, event.payload)
      return []
    }
    case 'approval':
      put(state.approvals, event.payload.id, event.payload)
      return []
    case 'agent':
      if (!remove(state.agents, event.payload.id, deleted)) put(state.agents, event.payload.id, event.payload)
      return []
    case 'agent_status': {
      const { agentId, ...status } = event.payload
      const agent = state.agents[agentId]
      if (agent) Object.assign(agent.status, status)
      return []
    }
    case 'computer':
      if (!remove(state.computers, event.payload.id, deleted)) put(state.computers, event.payload.id, event.payload)
      return []
    case 'enrollment':
      put(state.enrollments, event.payload.id, event.payload)
      return []
    case 'user':
      if (!remove(state.users, event.payload.id, deleted)) put(state.users, event.payload.id, event.payload)
      if (state.me?.id === event.payload.id) Object.assign(state.me, event.payload)
      return []
    case 'read': {
      const channel = event.target ? state.channels[event.target] : undefined
      if (channel) Object.assign(channel, event.payload)
      return []
    }
    case 'notify': {
      const channel = event.target ? state.channels[event.target] : undefined
      if (channel) channel.notify = event.payload.level
      return []
    }
    case 'operation':
      put(state.operations, event.payload.id, event.payload)
      return []
    case 'follow':
    case 'inbox':
    case 'saved':
    case 'draft':
    case 'task':
    case 'task_view':
    case 'endpoint':
    case 'notification_route':
    case 'outbound_delivery':
    case 'decision':
    case 'coordination':
    case 'memory':
    case 'reminder':
    case 'debate':
    case 'topic':
    case 'artifact':
    case 'tunnel':
    case 'activity':
      return []
  }
}
