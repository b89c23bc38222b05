import { type Approval, ToolKind } from '@shared/contract'
import type { Row } from '../db/tables'

export type ApprovalRow = Row<'approvals'>

export const approvalView = (r: ApprovalRow): Approval => ({
  id: r.id,
  runId: r.runId,
  agentId: r.agentId,
  target: r.target,
  threadId: r.threadId,
  name: r.name,
  kind: ToolKind.catch('other').parse(r.kind),
  title: r.title,
  input: r.input,
  canRemember: r.canRemember,
  state: r.state,
  decidedBy: r.decidedBy,
  decidedAt: r.decidedAt,
  createdAt: r.createdAt,
})
