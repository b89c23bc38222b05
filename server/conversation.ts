import { agentRoutes } from './agents/routes'
import { AgentService } from './agents/service'
import { archiveRoutes } from './archive/routes'
import { ArchiveService } from './archive/service'
import { type Files, type FilesOptions, createFiles } from './attachments/create'
import { ApprovalBook } from './approvals/book'
import { approvalRoutes } from './approvals/routes'
import { ApprovalService } from './approvals/service'
import { channelRoutes } from './channels/routes'
import { ChannelService } from './channels/service'
import type { Computers } from './computers/service'
import { coordinationRoutes } from './coordination/routes'
import { CoordinationService } from './coordination/service'
import type { Core } from './core'
import { debateRoutes } from './debates/routes'
import { DebateService } from './debates/service'
import { decisionRoutes } from './decisions/routes'
import { DecisionService } from './decisions/service'
import { deliveryRoutes } from './deliveries/routes'
import { DeliveryRouter } from './deliveries/router'
import { Digests } from './deliveries/digests'
import { AgentInbox } from './deliveries/inbox'
import { DeliveryService } from './deliveries/service'
import { DeliverySettler } from './deliveries/settler'
import { presenceRoutes } from './presence/routes'
import { Presence } from './presence/service'
import { draftRoutes } from './drafts/routes'
import { DraftService } from './drafts/service'
import { Guards } from './guards/service'
import type { Mount } from './http/route'
import { inboxRoutes } from './inbox/routes'
import { InboxService } from './inbox/service'
import { memoryRoutes } from './memory/routes'
import { MemoryService } from './memory/service'
import { MessageHistory } from './messages/history'
import { NOTICE } from './messages/notices'
import { MessageSource } from './messages/searching'
import { messageRoutes } from './messages/routes'
import { MessageService } from './messages/service'
import { MessageWriter } from './messages/writer'
import { PromptService } from './prompts/service'
import { ReminderClock } from './reminders/fire'
import { reminderRoutes } from './reminders/routes'
import { ReminderService } from './reminders/service'
import { ResourceService } from './resources/service'
import { RunActions } from './runs/actions'
import { RunCleanup } from './runs/cleanup'
import { PermitService } from './runs/permits'
import { StepPages } from './runs/pages'
import { RunReaper } from './runs/reaper'
import { runRoutes } from './runs/routes'
import { RunService } from './runs/service'
import { RunStarter } from './runs/starter'
import { StepService } from './runs/steps'
import { WorkInProgress } from './runs/work'
import { usageRoutes } from './usage/routes'
import { UsageService } from './usage/service'
import { PRESETS } from './runtimes/presets'
import { savedRoutes } from './saved/routes'
import { SavedService } from './saved/service'
import { searchRoutes } from './search/routes'
import { SearchService } from './search/service'
import { snapshotRoutes } from './snapshot/routes'
import { SnapshotService } from './snapshot/service'
import { threadRoutes } from './threads/routes'
import { ThreadService } from './threads/service'
import { TunnelService } from './tunnels/service'
import { fromRecord } from './gates/evidence'
import { gateRoutes } from './gates/routes'
import { GateService } from './gates/service'
import { graphRoutes } from './graph/routes'
import { GraphService } from './graph/service'
import { SplitService } from './graph/splits'
import { type Tasks, createTasks } from './tasks/create'
import { topicRoutes } from './topics/routes'
import { TopicService } from './topics/service'
import { PublishedService } from './published/service'
import { taskRoutes } from './tasks/routes'
import { viewRoutes } from './views/routes'
import { ViewService } from './views/service'

/** What a conversation with agents consists of: everything between a message and its answer. */
export interface Conversation {
  channels: ChannelService
  messages: MessageService
  threads: ThreadService
  inbox: InboxService
  saved: SavedService
  drafts: DraftService
  presence: Presence
  deliveries: DeliveryService
  runs: RunService
  usage: UsageService
  steps: StepService
  pages: StepPages
  permits: PermitService
  actions: RunActions
  approvals: ApprovalService
  agents: AgentService
  prompts: PromptService
  reaper: RunReaper
  snapshots: SnapshotService
  search: SearchService
  files: Files
  published: PublishedService
  tasks: Tasks
  views: ViewService
  graph: GraphService
  splits: SplitService
  gates: GateService
  tunnels: TunnelService
  decisions: DecisionService
  coordination: CoordinationService
  memory: MemoryService
  resources: ResourceService
  archive: ArchiveService
  reminders: ReminderService
  reminderClock: ReminderClock
  digests: Digests
  agentInbox: AgentInbox
  debates: DebateService
  topics: TopicService
}

/** Decisions in force that an agent is told at the start of a turn in a channel. */
const DECISIONS_TOLD = 10

/** Builds the services and ties them together; nothing here decides anything. */
export function createConversation(core: Core, computers: Computers, storage: FilesOptions): Conversation {
  const { commands } = computers
  const channels = new ChannelService(core)
  const search = new SearchService(core)
  search.addSource(new MessageSource(core.db))
  const files = createFiles(core, search, storage)
  const writer = new MessageWriter(core, search)
  const starter = new RunStarter(core, computers)
  const router = new DeliveryRouter(core, new Guards(core), starter, writer)
  const settler = new DeliverySettler(core, writer, router, computers)
  const book = new ApprovalBook(core)
  const runs = new RunService(core, book, settler)
  const deliveries = new DeliveryService(core, router, starter, runs)
  const cleanup = new RunCleanup(core, runs, commands)
  const approvals = new ApprovalService(core, book, runs, commands)
  const tunnels = new TunnelService(core, {
    writer,
    approvals: book,
    isKnown: computers.isKnown,
    currentRun: (id) => runs.current(id),
  })
  approvals.whenTunnel((p, id, { allow, message }) => (allow ? tunnels.approve(p, id) : tunnels.reject(p, id, message)))
  const published = new PublishedService(core, {
    attachments: files.attachments,
    writer,
    currentRun: (id) => runs.current(id),
    baseUrl: storage.baseUrl,
  })
  const lookup = {
    runtimeKinds: async (id: string) => {
      const { lastSeenAt, runtimes } = await computers.get(id)
      // Before its daemon has come for the first time, a computer may turn out to have any of them.
      const kinds = lastSeenAt === null && !runtimes.length ? PRESETS : runtimes
      return new Set(kinds.map(({ kind }) => kind))
    },
  }
  const agents = new AgentService(core, { channels, commands, computers: lookup, presence: computers, cleanup, runs })
  const work = new WorkInProgress(core, deliveries)
  const messages = new MessageService(core, {
    writer,
    router,
    channels,
    outcomes: deliveries,
    search,
    work,
    cleanup,
    attachments: files.attachments,
  })
  const reminders = new ReminderService(core, {
    message: async (p, id) => (await messages.get(p, id)).message,
    current: (tx, agentId, channelId) => work.current(tx, agentId, channelId),
  })
  const debates = new DebateService(core, { writer, router, cleanup })
  const usage = new UsageService(core)
  runs.whenOver((tx, run) => usage.note(tx, run))
  settler.whenSettled((tx, delivery) => debates.settled(tx, delivery))
  const decisions = new DecisionService(core, { messages, writer })
  const memory = new MemoryService(core)
  agents.whenDeleted((tx, agentId) => memory.forget(tx, agentId))
  channels.noteWith((tx, channel, system) =>
    writer.write(tx, {
      channel,
      threadId: null,
      sender: NOTICE,
      content: '',
      kind: 'status',
      system,
      outbound: 'none',
    }),
  )
  const tasks = createTasks(core, { writer, router, work, runs }, messages, search)
  writer.tellWith((tx, reply, root, silent) => tasks.comments.said(tx, reply, root, silent))
  const inbox = new InboxService(core, {
    approvals,
    messages,
    tasks: async (ids) => tasks.book.views(await tasks.book.named(ids)),
    taskId: async (p, ref) => (await tasks.tasks.get(p, ref)).id,
  })
  channels.whenRead((tx, userId, channelId, upTo) => inbox.channelRead(tx, userId, channelId, upTo))
  const graph = new GraphService(core, tasks)
  const gates = new GateService(core, tasks)

  channels.whenAgentLeaves(async (tx, agentId, channel, by) => {
    await tasks.claims.leave(tx, agentId, channel.id, by)
    const message = `@${by.name} took the agent out of ${channel.target}.`
    await cleanup.leave(tx, agentId, channel.id, { reason: 'killed', message }, by)
  })
  channels.whenArchived((tx, channel, by) =>
    cleanup.archived(tx, channel.id, { reason: 'killed', message: `@${by.name} archived ${channel.target}.` }, by),
  )
  computers.onRemoved((tx, computerId, by) => cleanup.computerRemoved(tx, computerId, by))
  core.db.onCommit((events) => {
    for (const e of events) {
      if (e.kind === 'user' || e.kind === 'agent' || e.kind === 'computer') core.credentials.changed(e.aggregateId)
      // Not awaited: it needs a transaction of its own, after this one.
      if (e.kind === 'computer')
        deliveries
          .computerChanged(e.aggregateId, computers.isOnline(e.aggregateId))
          .catch((error: unknown) => core.log.error('waiting deliveries were not updated', { error }))
    }
  })
  return {
    channels,
    messages,
    inbox,
    threads: new ThreadService(core, { messages, inbox }),
    saved: new SavedService(core, messages),
    drafts: new DraftService(core, messages),
    presence: new Presence(core),
    tasks,
    views: new ViewService(core),
    graph,
    splits: new SplitService(core, tasks, graph),
    gates,
    decisions,
    coordination: new CoordinationService(core, {
      messages,
      writer,
      taskId: async (p, ref) => (await tasks.tasks.get(p, ref)).id,
      evidence: (tx, p, taskId, evidence) => gates.record(tx, p, taskId, fromRecord(evidence)),
    }),
    memory,
    archive: new ArchiveService(core, runs, search),
    resources: new ResourceService(core, { task: (p, ref) => tasks.tasks.get(p, ref) }),
    debates,
    topics: new TopicService(core, messages),
    agentInbox: new AgentInbox(core, runs, new MessageSource(core.db)),
    digests: new Digests(core, router),
    reminders,
    reminderClock: new ReminderClock(core, reminders, { writer, router }),
    search,
    files,
    published,
    tunnels,
    usage,
    deliveries,
    runs,
    steps: new StepService(core, runs, book),
    pages: new StepPages(core, runs),
    permits: new PermitService(core),
    actions: new RunActions(core, runs, deliveries, commands, computers),
    approvals,
    agents,
    prompts: new PromptService(
      core,
      runs,
      new MessageHistory(core),
      async (id) => (await computers.get(id)).displayName,
      (channelId) => decisions.inForce(channelId, DECISIONS_TOLD),
      (deliveryId) => deliveries.digestSince(deliveryId),
    ),
    reaper: new RunReaper(core, runs),
    snapshots: new SnapshotService(core, { channels, agents, approvals, computers }),
  }
}

export function conversationRoutes(mount: Mount, core: Core, c: Conversation): void {
  channelRoutes(mount, c.channels)
  // Before the routes of one message: they have the shape of an id.
  savedRoutes(mount, c.saved)
  messageRoutes(mount, c.messages, core.directory)
  threadRoutes(mount, c.threads)
  inboxRoutes(mount, c.inbox)
  draftRoutes(mount, c.drafts)
  presenceRoutes(mount, c.presence)
  deliveryRoutes(mount, c.deliveries, c.agentInbox, core.directory)
  runRoutes(mount, { ...c, taskOf: (p, run) => c.tasks.claims.taskOf(p, run) })
  usageRoutes(mount, c.usage)
  approvalRoutes(mount, c.approvals)
  agentRoutes(mount, c.agents, c.channels, c.messages, core.directory)
  snapshotRoutes(mount, c.snapshots)
  searchRoutes(mount, c.search)
  taskRoutes(mount, core, c.tasks)
  viewRoutes(mount, c.views)
  graphRoutes(mount, core, c.graph, c.splits)
  gateRoutes(mount, c.gates)
  decisionRoutes(mount, c.decisions, core.idempotency)
  coordinationRoutes(mount, c.coordination, core.idempotency)
  memoryRoutes(mount, c.memory, core.idempotency)
  archiveRoutes(mount, core, c.archive)
  reminderRoutes(mount, c.reminders, core.idempotency)
  debateRoutes(mount, c.debates, core.idempotency)
  topicRoutes(mount, c.topics, core.idempotency)
}
