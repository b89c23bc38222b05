import { describe, expect, test } from 'bun:test'
import { DecisionStatus } from '@shared/contract'
import { type DecisionAction, TRANSITIONS, carried, next, outcome } from './rules'

const ACTIONS: DecisionAction[] = ['ratify', 'reject', 'withdraw', 'expire', 'obsolete', 'retire', 'supersede']
/** Written down once more: a row that is changed by mistake in the table fails here. */
const LEGAL = new Map([
  ['proposed ratify', 'ratified'],
  ['proposed reject', 'rejected'],
  ['proposed withdraw', 'withdrawn'],
  ['proposed expire', 'rejected'],
  ['proposed obsolete', 'rejected'],
  ['ratified retire', 'retired'],
  ['ratified supersede', 'retired'],
])

describe.each(DecisionStatus.options)('a decision that is %s', (status) => {
  test.each(ACTIONS)('%s goes where the table says, or is refused', (action) => {
    const becomes = LEGAL.get(`${status} ${action}`)
    expect<string | undefined>(TRANSITIONS[status][action]).toBe(becomes)
    if (becomes) expect<string>(next(status, action)).toBe(becomes)
    else expect(() => next(status, action)).toThrow(`This decision is ${status};`)
  })
})

test.each<[approve: number, reject: number, quorum: number, does: string | undefined, enough: boolean]>([
  [0, 0, 1, undefined, false],
  [1, 0, 2, undefined, false],
  [2, 0, 2, 'ratify', true],
  [3, 0, 2, 'ratify', true],
  [2, 1, 2, undefined, true],
  [2, 2, 2, undefined, false],
  [1, 2, 2, 'reject', false],
  [0, 1, 2, undefined, false],
  [0, 1, 1, 'reject', false],
])(
  '%d for and %d against of %d: %p, and enough to ask for it: %p',
  (approveCount, rejectCount, quorum, does, enough) => {
    expect(outcome({ approveCount, rejectCount, quorum })).toBe(does as 'ratify')
    expect(carried({ approveCount, rejectCount, quorum })).toBe(enough)
  },
)
