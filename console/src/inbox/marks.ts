import type { InboxState } from '@shared/contract'

const key = 'nekode.tunnels.marked'
const most = 100

/** Tunnels that their reader has looked at or set aside. The server knows of no such mark, so this browser keeps it. */
export function tunnelMarks(): Record<string, InboxState> {
  try {
    const known: unknown = JSON.parse(localStorage.getItem(key) ?? '{}')
    if (typeof known !== 'object' || known === null) return {}
    return Object.fromEntries(
      Object.entries(known).flatMap(([id, state]) => (state === 'read' || state === 'done' ? [[id, state]] : [])),
    )
  } catch {
    // Storage may be forbidden, or hold what somebody else wrote: nothing is marked then.
    return {}
  }
}

export function keepTunnelMarks(marks: Readonly<Record<string, InboxState>>): void {
  const own = Object.entries(marks).filter(([id, state]) => id.startsWith('tun_') && state !== 'unread')
  try {
    localStorage.setItem(key, JSON.stringify(Object.fromEntries(own.slice(-most))))
  } catch {
    // Not kept.
  }
}
