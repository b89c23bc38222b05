import type {
  CoordinationPayload,
  HandoffResponse,
  HandoffStatus,
  NegotiationStatus,
  WorkPlanStatus,
} from '@shared/contract'
import { NekodeError } from '@shared/errors'

type Of<K extends CoordinationPayload['kind']> = Extract<CoordinationPayload, { kind: K }>
export type Plan = Of<'work_plan'>
export type Handoff = Of<'role_handoff'>
export type Negotiation = Of<'deadline_negotiation'> | Of<'scope_negotiation'>

/** What a plan may become; a completed, canceled or superseded one is over. */
export const PLAN: Readonly<Record<WorkPlanStatus, readonly WorkPlanStatus[]>> = {
  draft: ['draft', 'active', 'canceled', 'superseded'],
  active: ['active', 'completed', 'canceled', 'superseded'],
  superseded: [],
  completed: [],
  canceled: [],
}

/** What may be said to a hand-off, and by which side. */
export const HANDOFF: Readonly<Record<HandoffStatus, Partial<Record<HandoffResponse, 'giver' | 'receiver'>>>> = {
  proposed: { accepted: 'receiver', declined: 'receiver', canceled: 'giver' },
  accepted: { completed: 'receiver' },
  declined: {},
  canceled: {},
  completed: {},
}

export const NEGOTIATION: Readonly<Record<NegotiationStatus, readonly NegotiationStatus[]>> = {
  proposed: ['proposed', 'accepted', 'rejected', 'superseded'],
  accepted: [],
  rejected: [],
  superseded: [],
}

export const illegal = (what: string): NekodeError =>
  new NekodeError('conflict', what, { code: 'illegal_transition', next: 'Look at its latest record.' })

export const foreign = (what: string): NekodeError =>
  new NekodeError('forbidden', what, { code: 'not_addressed_to_you' })

/** @throws NekodeError `illegal_transition` */
export function planGoesTo(from: WorkPlanStatus, to: WorkPlanStatus): void {
  if (!PLAN[from].includes(to)) throw illegal(`This plan is ${from}; it cannot become ${to}.`)
}

/** @throws NekodeError `illegal_transition`, or `not_addressed_to_you` for whoever is the other side, or none */
export function mayRespond(h: Handoff, response: HandoffResponse, by: { id: string; manages: boolean }): void {
  const side = HANDOFF[h.status][response]
  if (!side) throw illegal(`This hand-off is ${h.status}; it cannot be ${response}.`)
  if (side === 'receiver' && by.id !== h.toAgentId) throw foreign('This hand-off is to somebody else.')
  if (side === 'giver' && by.id !== h.from.id && !by.manages)
    throw foreign(`Only @${h.from.name} can take this hand-off back.`)
}

/** Who made the offer that is on the table. */
export const lastOfferBy = (n: Negotiation): string => n.counterProposals.at(-1)?.proposedBy.id ?? n.proposedBy.id

/** Whether somebody is one of the two sides, or may become the second one. */
export const isParty = (n: Negotiation, id: string): boolean =>
  id === n.proposedBy.id || n.addresseeId === null || id === n.addresseeId

function mustBeOpen(n: Negotiation): void {
  if (n.status !== 'proposed') throw illegal(`This negotiation is over: it is ${n.status}.`)
}

/** @throws NekodeError when it is not the caller's turn to make an offer */
export function mayCounter(n: Negotiation, id: string): void {
  mustBeOpen(n)
  if (!isParty(n, id)) throw foreign('This negotiation is between others.')
  if (lastOfferBy(n) === id) throw foreign('Your offer is on the table; the other side answers it.')
  if (n.counterProposals.length >= n.maxRounds)
    throw new NekodeError('conflict', `There were ${n.maxRounds} offers; now a person has to decide.`, {
      code: 'rounds_used_up',
      next: 'Ask a person in the channel to accept or reject the last offer.',
    })
}

/** @throws NekodeError when the caller cannot accept or reject the offer on the table */
export function mayDecide(n: Negotiation, by: { id: string; person: boolean; manages: boolean }): void {
  mustBeOpen(n)
  if (by.manages) return
  const stuck = n.counterProposals.length >= n.maxRounds
  if (stuck && !by.person) throw foreign('There were too many offers; only a person can decide now.')
  if (!stuck && !isParty(n, by.id)) throw foreign('This negotiation is between others.')
  if (lastOfferBy(n) === by.id) throw foreign('Your own offer is on the table; the other side answers it.')
}

/** Each item stands once, depends on items of the plan, and not on itself by a detour. @throws NekodeError invalid */
export function checkItems(items: Plan['items']): void {
  const needs = new Map(items.map((item) => [item.itemId, item.dependsOnItemIds]))
  if (needs.size !== items.length) throw wrong('Two items of the plan have the same id.')
  const done = new Set<string>()
  const visit = (id: string, path: ReadonlySet<string>): void => {
    const next = needs.get(id)
    if (!next) throw wrong(`The plan has no item ${id}.`)
    if (path.has(id)) throw wrong(`The item ${id} depends on itself.`)
    if (done.has(id)) return
    for (const other of next) visit(other, new Set([...path, id]))
    done.add(id)
  }
  for (const id of needs.keys()) visit(id, new Set())
}

const wrong = (text: string): NekodeError => new NekodeError('invalid', text, { code: 'invalid_request' })
