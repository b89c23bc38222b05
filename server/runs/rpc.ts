import { RunResult } from '@shared/contract'
import { NekodeError } from '@shared/errors'
import type { AppendRunStepRequest, UpdateRunStatusRequest } from '@shared/gen/nekode/daemon/v1/runs_pb'
import { newId } from '@shared/ids'
import { redactText } from '@shared/redact'
import type { ComputerPrincipal } from '../access/principal'
import type { Core } from '../core'
import { MessageHistory } from '../messages/history'
import { callerOf, computerOf, mustBeSelf } from '../rpc/caller'
import type { Handlers } from '../rpc/handlers'
import { TEXT } from '../rpc/limits'
import { onceFor } from '../rpc/once'
import { limitOf, pagesOf, readPage } from '../rpc/page'
import { parseTarget } from '../rpc/target'
import { cut, cutVisibly } from '../rpc/text'
import { millis, wireLease } from '../rpc/wire'
import type { Tasks } from '../tasks/create'
import { askedBy } from './asked'
import type { StepPages } from './pages'
import type { PermitService } from './permits'
import type { Outcome, RunService, StatusUpdate } from './service'
import type { NewStep, StepService } from './steps'
import { type RunRow, isOver, runView, stepView } from './view'
import { ownRun, readDetail, reportedState, stepStatus, wireRun, wireStep } from './wire'

export interface RunServices {
  runs: RunService
  steps: StepService
  pages: StepPages
  permits: PermitService
  tasks: Tasks
}

type Method =
  | 'acquireStartPermit'
  | 'releaseStartPermit'
  | 'fetchAssignedRuns'
  | 'updateRunStatus'
  | 'renewRunLease'
  | 'appendRunStep'
  | 'listRuns'
  | 'getRun'

export function runRpc(core: Core, { runs, steps, pages, permits, tasks }: RunServices): Handlers<Method> {
  const history = new MessageHistory(core)
  /** Which tasks runs are about, by the run's delivery. */
  const about = (found: { deliveryId: string | null }[]) =>
    tasks.book.ofDeliveries(found.flatMap((run) => run.deliveryId ?? []))
  return {
    async acquireStartPermit(req, context) {
      const p = computerOf(context)
      mustBeSelf(p, req.computerId)
      const { agentId, permitTtlSeconds } = req
      const once = onceFor(core.idempotency, p, 'AcquireStartPermit', req, { agentId, permitTtlSeconds })
      const permit = await permits.acquire(p, agentId, permitTtlSeconds, once)
      if (!permit.granted)
        return { granted: false, retryAfterSeconds: permit.retryAfterSeconds, rejectionReason: permit.reason }
      const { leaseId: id, expiresAt } = permit
      return {
        granted: true,
        permitLease: wireLease({ id, holder: p.id, type: 'start_permit', resource: agentId, expiresAt }),
      }
    },

    async releaseStartPermit(req, context) {
      const p = computerOf(context)
      mustBeSelf(p, req.computerId)
      await permits.release(p, req.leaseId)
      // A permit that ended by itself is as free as one that was given back.
      return { accepted: true }
    },

    async fetchAssignedRuns(req, context) {
      const p = computerOf(context)
      mustBeSelf(p, req.computerId)
      const all = await runs.assigned(p, req.agentIds, MAX_ASSIGNED)
      const page = await readPage(
        core.serverId,
        req,
        {},
        pagesOf(all, (run) => run.id),
      )
      const taskIds = await about(page.items)
      const assigned = async (run: RunRow) => ({
        ...ownRun(run, await askedBy(history, run)),
        taskId: taskIds.get(run.deliveryId ?? '') ?? '',
      })
      return { runs: await Promise.all(page.items.map(assigned)), ...page.next }
    },

    async updateRunStatus(req, context) {
      const p = computerOf(context)
      const update = readUpdate(req)
      mustBeOwnAgent(core, p, req.agentId)
      const once = onceFor(core.idempotency, p, 'UpdateRunStatus', req, { ...update })
      return answer(await runs.report(p, update, once))
    },

    async renewRunLease(req, context) {
      const p = computerOf(context)
      const outcome = await runs.renewLease(p, req.runId, req.leaseId)
      const { id, leaseId, leaseExpiresAt: expiresAt } = outcome.run
      if (!outcome.accepted || leaseId === null || expiresAt === null) return answer(outcome)
      return {
        ...answer(outcome),
        lease: wireLease({ id: leaseId, holder: p.id, type: 'run', resource: id, expiresAt }),
      }
    },

    async appendRunStep(req, context) {
      const p = computerOf(context)
      const step = readStep(req)
      const leaseId = req.leaseId || (await currentLease(runs, p, step.runId))
      const outcome = await steps.append(p, { ...step, leaseId })
      if (!outcome.accepted) return { accepted: false, rejectionReason: outcome.reason }
      const { type } = outcome.step.detail
      // Text grows with each piece, and the daemon has it: only what it did not write comes back.
      const detail = type !== 'text' && type !== 'thought'
      return { accepted: true, step: wireStep(stepView(outcome.step), { detail }) }
    },

    async listRuns(req, context) {
      const caller = callerOf(context)
      if (req.taskId) {
        const seen = await runs.placesOf(caller, await tasks.claims.runIds(req.taskId, limitOf(req.limit)))
        return { runs: [...seen.values()].map((run) => ({ ...wireRun(runView(run)), taskId: req.taskId })) }
      }
      const { target } = parseTarget(req.target)
      const page = await readPage(core.serverId, req, { target: req.target }, (cursor, limit) =>
        runs.list(caller, { target: target || undefined, agentId: req.agentId || undefined, limit, cursor }),
      )
      const taskIds = await about(page.items)
      const wired = page.items.map((run) => ({ ...wireRun(run), taskId: taskIds.get(run.deliveryId ?? '') ?? '' }))
      return { runs: wired, ...page.next }
    },

    async getRun(req, context) {
      const caller = callerOf(context)
      const run = await runs.visible(caller, req.runId)
      // The request has no cursor, and the answer has to fit into one message.
      const done = await pages.newest(run.id, MAX_STEPS, STEPS_BYTES)
      return {
        run: {
          ...(caller.kind === 'computer' ? ownRun(run) : wireRun(runView(run))),
          taskId: (await about([run])).get(run.deliveryId ?? '') ?? '',
        },
        steps: done.map((step) => wireStep(step)),
      }
    },
  }
}

/** Steps of a run in one answer. gRPC clients take 4 MiB at most unless they are told otherwise. */
const MAX_STEPS = 500
const STEPS_BYTES = 3 << 20

/** A computer has far fewer runs than that at the same time. */
const MAX_ASSIGNED = 1000

const answer = (outcome: Outcome) => ({
  accepted: outcome.accepted,
  rejectionReason: outcome.accepted ? '' : outcome.reason,
  run: ownRun(outcome.run),
})

/** An agent that an update names may not be somebody else's. Older daemons name agents that the server does not know. */
function mustBeOwnAgent(core: Core, p: ComputerPrincipal, agentId: string): void {
  const agent = core.directory.agent(agentId)
  if (agent && agent.computerId !== p.id)
    throw new NekodeError('forbidden', 'This agent belongs to another computer.', { code: 'foreign_agent' })
}

function readUpdate(req: UpdateRunStatusRequest): StatusUpdate {
  const state = reportedState(req.state)
  if (state === undefined) throw new NekodeError('invalid', 'The update has no state.', { code: 'invalid_request' })
  if (req.leaseId.length > 64)
    throw new NekodeError('invalid', 'A lease id has at most 64 characters.', { code: 'invalid_request' })
  return {
    runId: req.runId,
    state,
    leaseId: req.leaseId,
    summary: cut(redactText(req.summary), TEXT.line),
    resultMessage: cutVisibly(req.resultMessage, TEXT.answer),
    result: readResult(req),
    error: cut(redactText(req.error || req.blockedReason), TEXT.error),
  }
}

function readResult({ resultJson, resultDigest }: UpdateRunStatusRequest): RunResult {
  if (resultJson === '') return {}
  const digest = new Bun.CryptoHasher('sha256').update(resultJson).digest('hex')
  if (resultDigest !== '' && resultDigest.toLowerCase() !== digest)
    throw new NekodeError('invalid', 'result_digest is not the SHA-256 of result_json.', { code: 'digest_mismatch' })
  let value: unknown
  try {
    value = JSON.parse(resultJson)
  } catch (cause) {
    throw new NekodeError('invalid', 'result_json is not valid JSON.', { code: 'invalid_request', cause })
  }
  return RunResult.parse(value)
}

const STEP_ID = /^[A-Za-z0-9_-]{1,64}$/

function readStep({ step }: AppendRunStepRequest): Omit<NewStep, 'leaseId'> {
  if (!step?.runId) throw new NekodeError('invalid', 'The step or its run_id is missing.', { code: 'invalid_request' })
  if (step.stepId !== '' && !STEP_ID.test(step.stepId))
    throw new NekodeError('invalid', 'step_id is 1 to 64 letters, digits, dashes and underscores.', {
      code: 'invalid_request',
    })
  return {
    // Older daemons leave the id to the server.
    id: step.stepId || newId('step'),
    runId: step.runId,
    sequence: step.sequence,
    status: stepStatus(step.status),
    detail: readDetail(step),
    startedAt: millis(step.startedTimeUnix) ?? Date.now(),
    completedAt: millis(step.completedTimeUnix),
  }
}

/** Older daemons send steps without a lease: that of their own run counts, as long as it has one. */
async function currentLease(runs: RunService, p: ComputerPrincipal, runId: string): Promise<string> {
  const run = (await runs.ofComputer(p, [runId])).get(runId)
  return run && !isOver(run.state) ? (run.leaseId ?? '') : ''
}
