import type { MessageInitShape } from '@bufbuild/protobuf'
import type { ReleaseGate, TaskCheck } from '@shared/contract'
import { NekodeError } from '@shared/errors'
import {
  ReleaseGateStatus,
  type ReleaseGateSchema,
  VerificationKind,
  VerificationStatus,
} from '@shared/gen/nekode/daemon/v1/coordination_pb'
import type { Core } from '../core'
import { callerOf } from '../rpc/caller'
import type { Handlers } from '../rpc/handlers'
import { cut } from '../rpc/text'
import { seconds } from '../rpc/wire'
import type { Tasks } from '../tasks/create'
import { holderOf, readerOf } from '../tasks/rpc'
import { gateId, gatedTask } from '../tasks/view'
import { wireTask } from '../tasks/wire'
import type { GateService } from './service'

const STATUS: Record<ReleaseGate['status'], ReleaseGateStatus> = {
  pending: ReleaseGateStatus.PENDING,
  failed: ReleaseGateStatus.FAILED,
  passed: ReleaseGateStatus.PASSED,
  waived: ReleaseGateStatus.WAIVED,
}
const KINDS: Record<TaskCheck['kind'], VerificationKind> = {
  command: VerificationKind.COMMAND,
  test: VerificationKind.TEST,
  build: VerificationKind.BUILD,
  lint: VerificationKind.LINT,
  smoke: VerificationKind.SMOKE,
  review: VerificationKind.REVIEW,
  manual: VerificationKind.MANUAL,
}
const OUTCOMES: Record<TaskCheck['status'], VerificationStatus> = {
  passed: VerificationStatus.PASSED,
  failed: VerificationStatus.FAILED,
  skipped: VerificationStatus.SKIPPED,
  blocked: VerificationStatus.BLOCKED,
}

export function gateRpc(
  core: Core,
  { tasks, gates }: { tasks: Tasks; gates: GateService },
): Handlers<'releaseTask' | 'getReleaseGate'> {
  return {
    async getReleaseGate(req, context) {
      const taskId = gatedTask(req.releaseGateId)
      const reader = await readerOf(core, tasks, callerOf(context), taskId)
      const { target } = await tasks.tasks.get(reader, taskId)
      return { releaseGate: wireGate(await gates.get(reader, taskId), target) }
    },

    async releaseTask(req, context) {
      const worker = await holderOf(core, tasks, callerOf(context), req.context?.actor, req.taskId)
      const known = await tasks.tasks.get(worker, req.taskId)
      if (req.releaseGateId && req.releaseGateId !== gateId(known.id))
        throw new NekodeError('invalid', 'That is the gate of another task.', {
          code: 'invalid_request',
          next: 'Leave the gate out.',
        })
      const { task, gate } = await gates.release(worker, req.taskId, {
        version: cut(req.releaseVersion, 100),
        environment: cut(req.releaseEnvironment, 100),
        note: cut(req.releaseNote, 4000),
      })
      const releaseGate = wireGate(gate, task.target)
      return { task: wireTask(task), releasedTimeUnix: seconds(task.releasedAt), releaseGate }
    },
  }
}

/** What is missing besides checks is told as checks that have no result: older readers know nothing else. */
const wireGate = (g: ReleaseGate, target: string): MessageInitShape<typeof ReleaseGateSchema> => ({
  releaseGateId: g.id,
  target,
  taskId: g.taskId,
  name: g.name,
  status: STATUS[g.status],
  requiredChecks: g.requiredChecks,
  results: [
    ...g.checks.map((c) => ({
      verificationId: `${g.id}:${c.name}`,
      kind: KINDS[c.kind],
      command: c.command,
      status: OUTCOMES[c.status],
      summary: c.summary.includes(c.name) ? c.summary : `${c.name}: ${c.summary}`,
      outputExcerpt: c.excerpt,
    })),
    ...g.missing
      .filter((m) => m.kind !== 'check')
      .map((m) => ({
        verificationId: `${g.id}:${m.kind}:${m.subject}`,
        kind: m.kind === 'review' ? VerificationKind.REVIEW : VerificationKind.MANUAL,
        status: VerificationStatus.BLOCKED,
        summary: m.message,
      })),
  ],
  passed: g.passed,
  waiverReason: g.waiver?.reason ?? '',
  updatedTimeUnix: seconds(g.updatedAt),
  releaseVersion: g.release?.version ?? '',
  releaseEnvironment: g.release?.environment ?? '',
  releasedTimeUnix: seconds(g.release?.at ?? null),
  releaseNote: g.release?.note ?? '',
})
