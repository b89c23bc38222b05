import type { Tunnel } from '@shared/contract'
import { createCollection } from '../store/collection'

/** A tunnel goes one way: it waits, is open, and ends. Within one state what came last holds. */
const age = ({ state }: Tunnel): number => (state === 'pending_approval' ? 0 : state === 'active' ? 1 : 2)

/** The previews that somebody has asked for since the page was loaded, kept up to date by events. */
export const tunnels = createCollection<Tunnel>({
  ofEvent: (event) => (event.kind === 'tunnel' ? event.payload : undefined),
  idOf: ({ id }) => id,
  age,
})

export const isOpen = ({ state }: Tunnel): boolean => state === 'active' || state === 'pending_approval'

/** What a list of previews is about; everything when it is empty. */
export interface TunnelPlace {
  computerId?: string | undefined
  target?: string | undefined
  agentId?: string | undefined
}

/** Those of a place, what waits for somebody first, then what is open, then what is over; the newest first. */
export const tunnelsAt = (all: Tunnel[], place: TunnelPlace): Tunnel[] =>
  all
    .filter((one) => place.computerId === undefined || one.computerId === place.computerId)
    .filter((one) => place.target === undefined || one.target === place.target)
    .filter((one) => place.agentId === undefined || one.agentId === place.agentId)
    .sort((a, b) => age(a) - age(b) || b.createdAt - a.createdAt)
