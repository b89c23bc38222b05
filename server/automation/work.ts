import type { ClaimedDelivery, Delivery, Run } from '@shared/contract'
import { NekodeError } from '@shared/errors'
import { newId } from '@shared/ids'
import type { ComputerPrincipal } from '../access/principal'
import type { DeliveryService } from '../deliveries/service'
import type { Mount } from '../http/route'
import type { PromptService } from '../prompts/service'
import type { RunActions } from '../runs/actions'
import type { Outcome, RunService, StatusUpdate } from '../runs/service'
import { runView } from '../runs/view'

export interface WorkServices {
  deliveries: DeliveryService
  runs: RunService
  actions: RunActions
  prompts: PromptService
}

/** What a program does about deliveries and runs. A computer answers its agents' deliveries; leases and states are those of runs. */
export function workRoutes(mount: Mount, services: WorkServices): void {
  const { actions } = services
  mount('POST /api/runs/{id}/kill', async ({ principal, params }) => actions.perform(principal, params.id, 'kill'))
  mount('POST /api/runs/{id}/restart', async ({ principal, params }) =>
    actions.perform(principal, params.id, 'restart'),
  )
  const hands = new Hands(services)
  mount('POST /api/deliveries/{id}/claim', async ({ principal, params, body }) =>
    hands.claim(principal, params.id, body.leaseId),
  )
  mount('POST /api/deliveries/{id}/ack', async ({ principal, params, body }) =>
    hands.settle(principal, params.id, {
      state: 'completed',
      leaseId: body.leaseId,
      summary: body.summary ?? '',
      resultMessage: body.content ?? '',
      result: {},
      error: '',
    }),
  )
  mount('POST /api/deliveries/{id}/fail', async ({ principal, params, body }) =>
    hands.settle(principal, params.id, {
      state: 'failed',
      leaseId: body.leaseId,
      summary: '',
      resultMessage: '',
      result: { failure: { reason: body.reason ?? 'crashed', message: body.error } },
      error: body.error,
    }),
  )
}

/** Deliveries in the hands of a computer. */
class Hands {
  constructor(private readonly services: WorkServices) {}

  async claim(p: ComputerPrincipal, id: string, held: string | undefined): Promise<ClaimedDelivery> {
    const { runId } = await this.#latest(p, id)
    const { runs } = this.services
    if (runs.waits(await runs.visible(p, runId)))
      throw new NekodeError('conflict', 'The agent is turned off, and its deliveries wait for it.', {
        code: 'agent_disabled',
        next: 'Take one of another agent, or ask somebody to turn it on.',
      })
    const leaseId = held ?? newId('lease')
    const update = { state: 'running', leaseId, summary: '', resultMessage: '', result: {}, error: '' } as const
    const outcome = accepted(await runs.report(p, { runId, ...update }), 'claim')
    const { prompt } = await this.services.prompts.snapshot(p, runId)
    return {
      ...(await this.#now(p, id, outcome.run)),
      lease: { id: leaseId, expiresAt: outcome.run.leaseExpiresAt ?? Date.now() },
      prompt: prompt.content,
    }
  }

  async settle(p: ComputerPrincipal, id: string, update: Omit<StatusUpdate, 'runId'>) {
    const { runId } = await this.#latest(p, id)
    const outcome = accepted(await this.services.runs.report(p, { runId, ...update }), 'settle')
    return this.#now(p, id, outcome.run)
  }

  async #latest(p: ComputerPrincipal, id: string): Promise<{ runId: string }> {
    const { runId } = await this.services.deliveries.own(p, id)
    if (runId === null)
      throw new NekodeError('conflict', 'This delivery was refused before it could begin.', {
        code: 'run_over',
        next: 'A person may try it again.',
      })
    return { runId }
  }

  async #now(p: ComputerPrincipal, id: string, run: Outcome['run']): Promise<{ delivery: Delivery; run: Run }> {
    return { delivery: await this.services.deliveries.own(p, id), run: runView(run) }
  }
}

const REFUSED: Record<Extract<Outcome, { accepted: false }>['reason'], string> = {
  lease_lost: 'Somebody else has this delivery in hand, or the lease has ended.',
  run_over: 'This delivery is over.',
  illegal_transition: 'This cannot be done with the delivery as it is.',
}

function accepted(outcome: Outcome, what: 'claim' | 'settle'): Extract<Outcome, { accepted: true }> {
  if (outcome.accepted) return outcome
  const { reason, run } = outcome
  throw new NekodeError('conflict', REFUSED[reason], {
    code: what === 'claim' && reason === 'lease_lost' ? 'already_claimed' : reason,
    next: what === 'claim' ? 'Take another one.' : 'Claim the delivery first, and send its leaseId along.',
    data: { state: run.state },
  })
}
