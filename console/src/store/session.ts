import { batch } from 'solid-js'
import type { ServerEvent, Snapshot, User } from '@shared/contract'
import { ApiError, call, keepCsrf, whenLoggedOut } from '../api/client'

import { apply, dropChannel, put, type FollowUp } from './apply'
import { tellEvent, tellLive, tellNote, tellRestart } from './feed'
import { retryUnsent } from './outbox'
import { refetchGaps } from './runs'
import { change, emptyState, state } from './state'
import { follow } from './stream'

let cursor = ''
let stopStream: (() => void) | undefined

const byId = <T extends { id: string }>(items: T[]) => Object.fromEntries(items.map((item) => [item.id, item]))

/** Finds out what this browser may see: the console, the login, or the first set-up. */
export async function start(): Promise<void> {
  try {
    const [, snapshot] = await Promise.all([call('GET /api/auth/me'), call('GET /api/snapshot')])
    enter(snapshot)
  } catch (error) {
    if (error instanceof ApiError && error.status === 401) await showEntrance()
    else change((draft) => void (draft.phase = 'failed'))
  }
}

async function showEntrance(): Promise<void> {
  try {
    const { initialized } = await call('GET /api/auth/setup-status')
    change((draft) => void (draft.phase = initialized ? 'guest' : 'setup'))
  } catch {
    change((draft) => void (draft.phase = 'failed'))
  }
}

/** Goes on after a login or the set-up. */
export async function entered(csrf: string): Promise<void> {
  keepCsrf(csrf)
  enter(await call('GET /api/snapshot'))
}

function enter(snapshot: Snapshot): void {
  dropWaiting()
  cursor = snapshot.cursor
  change((draft) => {
    // What a page had loaded of another moment may miss events, so it goes; the lists on screen are fetched again.
    const { outbox } = draft
    Object.assign(draft, emptyState(), {
      outbox,
      phase: 'ready',
      serverId: snapshot.serverId,
      version: snapshot.version,
      me: snapshot.me,
      channels: Object.fromEntries(snapshot.channels.map((channel) => [channel.target, channel])),
      agents: byId(snapshot.agents),
      users: byId(snapshot.users),
      computers: byId(snapshot.computers),
      approvals: byId(snapshot.approvals),
    })
  })
  tellRestart()
  stopStream?.()
  stopStream = follow({
    cursor: () => cursor,
    onEvents: gather,
    onNote: tellNote,
    onState(connection) {
      const back = connection === 'live' && state.connection === 'offline'
      change((draft) => void (draft.connection = connection))
      if (connection === 'live') tellLive()
      if (back) void retryUnsent()
    },
    onGone: () => void start(),
    onLoggedOut: leave,
  })
}

const waiting: ServerEvent[] = []
let frame: number | undefined
let late: ReturnType<typeof setTimeout> | undefined

/** A hundred pieces a second come in as many packets; the page takes them in once a frame. */
function gather(events: ServerEvent[]): void {
  waiting.push(...events)
  if (frame !== undefined) return
  const take = () => {
    if (frame !== undefined) cancelAnimationFrame(frame)
    clearTimeout(late)
    frame = undefined
    receive(waiting.splice(0))
  }
  frame = requestAnimationFrame(take)
  // A page in the background gets no frames, and its title counts what is unread all the same.
  late = setTimeout(take, 100)
}

/** What belongs to the state that is being left is not taken into the next one. */
function dropWaiting(): void {
  waiting.length = 0
}

function receive(events: ServerEvent[]): void {
  const followUps: FollowUp[] = []
  batch(() => {
    change((draft) => {
      for (const event of events) {
        followUps.push(...apply(draft, event))
        cursor = `${draft.serverId}:${event.sequence}`
      }
    })
    for (const event of events) tellEvent(event)
  })
  for (const { target } of followUps) void refreshChannel(target)
  refetchGaps()
}

/** Fetches a channel as this reader sees it. */
export async function refreshChannel(target: string): Promise<void> {
  try {
    const channel = await call('GET /api/channels/{target}', { params: { target } })
    change((draft) => put(draft.channels, target, channel))
  } catch (error) {
    // Gone or not ours any more: then it is not in the list either.
    if (error instanceof ApiError && (error.status === 403 || error.status === 404)) {
      change((draft) => dropChannel(draft, target))
    }
  }
}

function leave(): void {
  dropWaiting()
  stopStream?.()
  stopStream = undefined
  keepCsrf('')
  change((draft) => Object.assign(draft, emptyState(), { phase: 'guest' }))
  tellRestart()
}

/** Ends the session on the server and forgets everything here. */
export async function logout(): Promise<void> {
  const { next } = await call('POST /api/auth/logout')
  leave()
  // The session at the identity provider ends there.
  if (next) location.assign(next)
}

whenLoggedOut(() => {
  if (state.phase === 'ready') leave()
})

/** Who reads this page. Only called below the login. */
export function me(): User {
  if (!state.me) throw new Error('nobody is logged in')
  return state.me
}

export const isAdmin = (): boolean => state.me?.role === 'owner' || state.me?.role === 'admin'
/** A viewer reads only. */
export const canWrite = (): boolean => state.me !== null && state.me.role !== 'viewer'
