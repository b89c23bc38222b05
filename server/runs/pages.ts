import type { RunStep } from '@shared/contract'
import { NekodeError } from '@shared/errors'
import type { Principal } from '../access/principal'
import type { Core } from '../core'
import { fitting } from '../http/fitting'
import type { RunService } from './service'
import { type StepKey, type StepOrder, type StepPlace, StepStore } from './stepstore'
import { stepView } from './view'

const USUAL = 50

const sizeOf = ({ size }: StepPlace): number => size

export interface StepPage {
  items: RunStep[]
  nextCursor?: string
  /** There were steps; they are gone because they had been kept for long enough. */
  removed: boolean
}

/** What agents did in their runs, page by page: bounded by a number of steps and by bytes. */
export class StepPages {
  readonly #store: StepStore

  constructor(
    core: Core,
    private readonly runs: RunService,
  ) {
    this.#store = new StepStore(core.db)
  }

  /** Steps of a run that the caller may see, the first ones first unless `order` says otherwise. */
  async page(
    p: Principal,
    runId: string,
    query: { order?: StepOrder | undefined; limit?: number | undefined; cursor?: string | undefined },
  ): Promise<StepPage> {
    const run = await this.runs.visible(p, runId)
    const { order = 'asc', limit = USUAL } = query
    const from = query.cursor === undefined ? undefined : readCursor(query.cursor)
    const places = await this.#store.places(run.id, { order, from, limit: limit + 1 })
    const fit = fitting(places.slice(0, limit), sizeOf)
    const items = (await this.#store.whole(fit.map(({ id }) => id))).map(stepView)
    const last = fit.at(-1)
    const more = last && places.length > fit.length ? { nextCursor: `${last.sequence}.${last.id}` } : {}
    return { items, ...more, removed: run.detailRemovedAt !== null }
  }

  /** One step with all that is known of it. */
  async one(p: Principal, runId: string, stepId: string): Promise<RunStep> {
    const run = await this.runs.visible(p, runId)
    const [step] = await this.#store.whole([stepId])
    if (step?.runId !== run.id) throw new NekodeError('not_found', 'There is no such step.')
    return stepView(step)
  }

  /** The newest steps that fit into `limit` and `bytes`, in order. */
  async newest(runId: string, limit: number, bytes: number): Promise<RunStep[]> {
    const places = await this.#store.places(runId, { order: 'desc', limit })
    const ids = fitting(places, sizeOf, bytes).map(({ id }) => id)
    return (await this.#store.whole(ids.toReversed())).map(stepView)
  }
}

function readCursor(cursor: string): StepKey {
  const match = /^(\d{1,10})\.([A-Za-z0-9_-]{1,64})$/.exec(cursor)
  if (match?.[1] === undefined || match[2] === undefined)
    throw new NekodeError('invalid', 'This cursor is none of ours.', {
      code: 'invalid_request',
      next: 'Send back the nextCursor of the page before, or none for the first page.',
    })
  return { sequence: Number(match[1]), id: match[2] }
}
