import type { Role, Scope } from '@shared/contract'
import { DaemonControlService } from '@shared/gen/nekode/daemon/v1/service_pb'

export type MethodName = keyof typeof DaemonControlService.method
export type CallerKind = 'computer' | 'agent' | 'user'

/** Who may call a method. What exactly they may see and do with it is up to the service behind it. */
export interface MethodRule {
  who: readonly CallerKind[]
  /** What an API token has to be for. */
  scope: Scope
  /** What a person has to be, at least. */
  role: Exclude<Role, 'owner'>
}

const ALL: readonly CallerKind[] = ['computer', 'agent', 'user']

const computer: MethodRule = { who: ['computer'], scope: 'write', role: 'member' }
const read = (...who: CallerKind[]): MethodRule => ({ who: who.length ? who : ALL, scope: 'read', role: 'viewer' })
const write = (...who: CallerKind[]): MethodRule => ({ who: who.length ? who : ALL, scope: 'write', role: 'member' })
const admin: MethodRule = { who: ['user'], scope: 'admin', role: 'admin' }

/** Every method of the service: one that is added to the wire does not compile until it has its row. */
export const METHODS: Readonly<Record<MethodName, MethodRule>> = {
  registerComputer: computer,
  heartbeatComputer: computer,
  syncComputerInventory: computer,
  listRuntimePresets: read(),
  acquireStartPermit: computer,
  releaseStartPermit: computer,
  fetchAssignedRuns: computer,
  getLaunchPromptSnapshot: computer,
  updateRunStatus: computer,
  renewRunLease: computer,
  appendRunStep: computer,
  listRuns: read(),
  getRun: read(),
  listWorkspaceTree: read(),
  readWorkspaceFile: read(),
  listChannels: read(),
  listChannelMembers: read(),
  listInteractionEndpoints: read(),
  listThreads: read(),
  getThread: read(),
  readMessages: read(),
  searchMessages: read('agent', 'user'),
  sendMessage: write(),
  saveMessage: write(),
  unsaveMessage: write(),
  listSavedMessages: read(),
  followThread: write(),
  unfollowThread: write(),
  createCollaborationTask: write(),
  getTask: read(),
  updateTask: write(),
  listCollaborationTasks: read(),
  listTaskBoard: read(),
  claimCollaborationTask: write(),
  proposeTaskSplit: write(),
  applyTaskSplit: write(),
  cancelTaskSplitProposal: write(),
  createTaskGraph: write(),
  listTaskGraph: read(),
  updateTaskGraph: write(),
  renewTaskClaimLease: write(),
  releaseTask: write(),
  getReleaseGate: read(),
  getServerInfo: read(),
  publishCoordinationRecord: write(),
  listCoordinationRecords: read(),
  counterProposeNegotiation: write(),
  respondRoleHandoff: write(),
  listAgentMemory: read(),
  upsertAgentMemory: write(),
  getAgentProfile: read(),
  updateAgentProfile: admin,
  setAgentEnv: admin,
  listAgentProfiles: read(),
  listAgentDMs: read(),
  controlAgent: write('user'),
  sendAgentDirectMessage: write('user'),
  updateAgentStatus: computer,
  listAgentStatuses: read(),
  scheduleReminder: write(),
  listReminders: read(),
  cancelReminder: write(),
  snoozeReminder: write(),
  updateReminder: write(),
  getReminderLog: read(),
  uploadAttachment: write(),
  getAttachment: read(),
  listOutboundDeliveries: read(),
  retryOutboundDelivery: write(),
  logActivity: write('computer', 'agent'),
  listActivity: read(),
  listEventsSince: read(),
  subscribeServerEvents: read('computer', 'agent'),
  acknowledgeServerEvents: read('computer', 'agent'),
  subscribeActivity: read(),
  acknowledgeActivityEvents: read(),
  subscribeMcpResource: write('computer', 'agent'),
  cancelMcpResourceSubscription: write('computer', 'agent'),
  listMcpResourceUpdates: read('computer', 'agent'),
  listChannelDecisions: read(),
  proposeChannelDecision: write(),
  voteChannelDecision: write(),
  ratifyChannelDecision: write(),
  retireChannelDecision: write(),
  listDecisionVotes: read(),
  reportAgentRun: computer,
  listAgentRuns: read(),
  getAgentRun: read(),
  searchAgentRuns: read(),
  createTunnel: { who: ALL, scope: 'admin', role: 'member' },
  listTunnels: read(),
  approveTunnel: { who: ['user'], scope: 'admin', role: 'member' },
  rejectTunnel: write('user'),
  closeTunnel: write(),
  proxyExchange: computer,
}
