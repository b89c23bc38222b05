import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import type { Task } from '@shared/contract'
import { CollaborationEventKind } from '@shared/gen/nekode/daemon/v1/events_pb'
import { RunState } from '@shared/gen/nekode/daemon/v1/runs_pb'
import { TaskClaimMode, TaskState } from '@shared/gen/nekode/daemon/v1/tasks_pb'
import { type Rpc, refusal, rpcClient } from '../../test/fixtures/rpc'
import { type Scratch, storages } from '../../test/storages'
import { type Caller, type TestServer, startTestServer } from '../testing'

for (const storage of storages.filter((s) => s.available))
  describe(`on ${storage.name}`, () => {
    let scratch: Scratch
    let server: TestServer
    let ada: Caller
    let bot: Caller
    let other: Caller
    let box: Rpc
    let computerId: string

    beforeAll(async () => {
      scratch = await storage.scratch()
      server = await startTestServer({ dsn: scratch.dsn })
      ada = await server.as('owner', 'owner')
      const computer = await server.computer()
      computerId = computer.id
      bot = await server.agent({ name: 'bot', computerId: computer.id })
      other = await server.agent({ name: 'other', computerId: computer.id })
      box = rpcClient(server.url, computer.token)
      await box.registerComputer({ info: { daemonId: 'box' } })
    }, 60_000)
    afterAll(async () => {
      await server?.stop()
      await scratch?.drop()
    })

    const make = (summary: string, more: object = {}, by = ada): Promise<Task> =>
      by.call('POST /api/tasks', { body: { target: '#general', summary, ...more } })
    const set = (id: string, body: object, by = ada): Promise<Task> =>
      by.call('PATCH /api/tasks/{id}', { params: { id }, body })
    const get = (id: string): Promise<Task> => ada.call('GET /api/tasks/{id}', { params: { id } })
    const comments = async (id: string) =>
      (await ada.call('GET /api/tasks/{id}/comments', { params: { id } })).items.map((m) => [m.sender.name, m.content])
    /** The run that a task's delivery has now, and what a daemon says about it. */
    const runOf = async (task: Task): Promise<string> => {
      const { items } = await ada.call('GET /api/deliveries', { query: { limit: 200 } })
      return items.find((d) => d.id === task.deliveryId)!.runId!
    }
    const report = (runId: string, state: RunState, more: object = {}) =>
      box.updateRunStatus({ runId, state, leaseId: `lease_${runId}`, ...more })

    test('a task that is given to an agent is in its hands while it works, and to be looked at after that', async () => {
      const task = await make('fix the build', { assigneeId: bot.id, description: 'It is **red**.' })
      expect(task).toMatchObject({ state: 'todo', assigneeId: bot.id })
      const runId = await runOf(task)
      const { deliveries, message } = await ada.call('GET /api/messages/{id}', {
        params: { id: (await ada.call('GET /api/runs/{id}', { params: { id: runId } })).run.inputMessageId! },
      })
      expect(deliveries).toMatchObject([{ cause: 'task', state: 'pending', agentId: bot.id }])
      expect(message).toMatchObject({ threadId: task.threadId, system: { type: 'task.assigned' } })
      expect(message.content).toContain('It is **red**.')
      await report(runId, RunState.RUNNING)
      const held = await get(task.id)
      expect(held).toMatchObject({ state: 'in_progress', claims: [{ mode: 'owner', runId }] })
      // While its run is under way, the claim does not end.
      await server.services.tasks.claims.reap(Date.now() + 400_000)
      expect((await get(task.id)).state).toBe('in_progress')
      await report(runId, RunState.COMPLETED, { resultMessage: 'It is green now.' })
      expect(await get(task.id)).toMatchObject({ state: 'in_review', claims: [] })
      expect((await comments(task.id)).at(-1)).toEqual(['bot', 'It is green now.'])
    })

    test('what an agent could not do is blocked with the reason, and goes to it again when a person opens it', async () => {
      const task = await make('impossible', { assigneeId: bot.id })
      const runId = await runOf(task)
      await report(runId, RunState.RUNNING)
      await report(runId, RunState.FAILED, { error: 'no compiler here' })
      expect(await get(task.id)).toMatchObject({ state: 'blocked', blockedReason: 'no compiler here', claims: [] })
      const open = await set(task.id, { state: 'todo' })
      expect(open.deliveryId).not.toBe(task.deliveryId)
      expect(await runOf(open)).not.toBe(runId)
    })

    test('a run names the task that it is about, and a task has its runs', async () => {
      const task = await make('named', { assigneeId: bot.id })
      const runId = await runOf(task)
      const { runs } = await box.fetchAssignedRuns({})
      expect(runs.find((r) => r.runId === runId)?.taskId).toBe(task.id)
      await report(runId, RunState.RUNNING)
      expect((await box.getRun({ runId })).run?.taskId).toBe(task.id)
      const user = rpcClient(server.url, ada.token)
      expect((await user.listRuns({ taskId: task.id })).runs.map((r) => r.runId)).toEqual([runId])
      const stranger = rpcClient(server.url, (await server.computer()).token)
      expect((await stranger.listRuns({ taskId: task.id })).runs).toEqual([])
      await report(runId, RunState.COMPLETED)
    })

    test('a delivery that failed before it began blocks its task, and is tried once more from there', async () => {
      const task = await make('no runtime', { assigneeId: bot.id })
      await box.updateRunStatus({ runId: await runOf(task), state: RunState.FAILED, error: 'not installed' })
      expect(await get(task.id)).toMatchObject({ state: 'blocked', blockedReason: 'not installed' })
      await ada.call('POST /api/deliveries/{id}/retry', { params: { id: task.deliveryId! } })
      const runId = await runOf(task)
      await report(runId, RunState.RUNNING)
      expect(await get(task.id)).toMatchObject({ state: 'in_progress', blockedReason: '', claims: [{ runId }] })
    })

    test('a task that is handed on is taken from the one and given to the other', async () => {
      const task = await make('handed on', { assigneeId: bot.id })
      const first = await runOf(task)
      await report(first, RunState.RUNNING)
      const next = await set(task.id, { assigneeId: other.id })
      // Both runs are known to have worked on it, also the one that has lost it.
      for (const id of [first, await runOf(next)])
        expect((await ada.call('GET /api/runs/{id}', { params: { id } })).task).toEqual({
          id: task.id,
          number: task.number,
          summary: 'handed on',
        })
      expect((await ada.call('GET /api/runs/{id}', { params: { id: first } })).run.state).toBe('canceled')
      const { items } = await ada.call('GET /api/tasks/{id}/claims', { params: { id: task.id } })
      expect(items.map((c) => c.state)).toEqual(['handed_over'])
      await report(await runOf(next), RunState.RUNNING)
      expect((await get(task.id)).claims.map((c) => c.holder.name)).toEqual(['other'])
      const nobody = await set(task.id, { assigneeId: null })
      expect(nobody).toMatchObject({ assigneeId: null, deliveryId: null, claims: [] })
    })

    test('a task that waits for another goes to its agent when that one is done', async () => {
      const first = await make('the first')
      const then = await make('the second')
      const add = [{ from: then.id, to: first.id, kind: 'depends_on' as const }]
      await ada.call('PATCH /api/tasks/{id}/graph', { params: { id: then.id }, body: { add } })
      expect((await set(then.id, { assigneeId: bot.id })).deliveryId).toBeNull()
      await set(first.id, { state: 'in_progress' })
      await set(first.id, { state: 'done' })
      const now = await get(then.id)
      expect(now.deliveryId).not.toBeNull()
      expect(await runOf(now)).toStartWith('run_')
    })

    test('agents that give each other tasks are stopped by the same guard as agents that answer each other', async () => {
      // Of their own: the others have turns open, which began with a person.
      let giver = await server.agent({ name: 'ping', computerId })
      let taker = await server.agent({ name: 'pong', computerId })
      let task = await make('round and round', { assigneeId: giver.id })
      let last: string | null = null
      for (let i = 0; i < 8; i++) {
        const { items } = await ada.call('GET /api/deliveries', { query: { limit: 200 } })
        const delivery = items.find((d) => d.id === task.deliveryId)!
        last = delivery.failure?.reason ?? null
        if (last !== null) break
        await report(delivery.runId!, RunState.RUNNING)
        task = await make(`round ${i}`, { assigneeId: taker.id }, giver)
        await report(delivery.runId!, RunState.COMPLETED)
        ;[giver, taker] = [taker, giver]
      }
      expect(last).toBe('guard_hops')
    })

    test('a daemon of before creates, reads, moves, claims and keeps tasks in the name of its agents', async () => {
      const { task } = await box.createCollaborationTask({
        target: '#general',
        summary: 'by wire',
        agentId: '',
        context: { actor: { agentId: bot.id } },
      })
      const taskId = task!.taskId
      expect(task).toMatchObject({
        state: TaskState.TODO,
        createdByAgentId: bot.id,
        threadId: taskId,
        rootTaskId: taskId,
      })
      expect((await box.getTask({ taskId })).task).toEqual(task!)
      const mine = { taskId, agentId: bot.id }
      const claim = await box.claimCollaborationTask({ ...mine, claimMode: TaskClaimMode.OWNER, idempotencyKey: 'k1' })
      expect(claim).toMatchObject({ accepted: true, claimLease: { resourceType: 'task_claim', holderId: bot.id } })
      expect(
        await box.claimCollaborationTask({ ...mine, claimMode: TaskClaimMode.OWNER, idempotencyKey: 'k1' }),
      ).toEqual(claim)
      const late = await box.claimCollaborationTask({ taskId, agentId: other.id })
      expect(late).toMatchObject({
        accepted: false,
        conflictReason: 'already_claimed',
        currentAssigneeId: bot.id,
        currentLeaseId: claim.claimLease!.leaseId,
      })
      expect(late.currentLeaseExpiresUnix).toBeGreaterThan(0n)
      const { leaseId } = claim.claimLease!
      expect(await box.renewTaskClaimLease({ ...mine, leaseId, leaseTtlSeconds: 600 })).toMatchObject({
        accepted: true,
      })
      expect(await box.renewTaskClaimLease({ ...mine, leaseId: 'lease_0' })).toMatchObject({
        accepted: false,
        rejectionReason: 'lease_lost',
      })
      expect(await box.updateTask({ taskId, state: TaskState.DONE, expectedUpdatedTimeUnix: 1n })).toMatchObject({
        accepted: false,
        rejectionReason: 'stale',
      })
      expect(await box.updateTask({ taskId, state: TaskState.IN_REVIEW })).toMatchObject({
        accepted: true,
        task: { state: TaskState.IN_REVIEW },
      })
      expect(await box.updateTask({ taskId, state: TaskState.TODO })).toMatchObject({
        accepted: false,
        rejectionReason: 'invalid_state',
      })
      const { tasks } = await box.listCollaborationTasks({
        target: '#general',
        agentId: bot.id,
        states: [TaskState.IN_REVIEW],
      })
      expect(tasks.map((t) => t.taskId)).toContain(taskId)
      const { board } = await box.listTaskBoard({ target: '#general', column: 'in_review', limit: 1 })
      expect(board!.columns[0]!.tasks.map((t) => t.taskId)).toEqual([taskId])
      expect(board!.columnCounts.in_review).toBe(board!.columns[0]!.totalCount)
      const stranger = rpcClient(server.url, (await server.computer()).token)
      expect(await refusal(stranger.getTask({ taskId }))).toBe('not_found task_unknown')
      expect(await refusal(stranger.claimCollaborationTask(mine))).toBe('permission_denied foreign_agent')
    })

    test('the wire has graphs, splits and gates, and refuses as an answer', async () => {
      const actor = { actor: { agentId: bot.id } }
      const rootTask = { taskId: 'r', summary: 'wired', target: '#general' }
      const dependencies = [{ fromTaskId: 'b', toTaskId: 'a', kind: 1 }]
      const subtasks = [
        { taskId: 'a', summary: 'A' },
        { taskId: 'b', summary: 'B' },
      ]
      const { graph } = await box.createTaskGraph({ rootTask, subtasks, dependencies, context: actor })
      const { rootTaskId, graphVersion } = graph!
      expect(graph!.nodes.map((t) => t.summary)).toEqual(['wired', 'A', 'B'])
      const same = await box.listTaskGraph({ rootTaskId, sinceGraphVersion: graphVersion })
      expect(same.graph).toMatchObject({ graphVersion, nodes: [] })
      const [, a, b] = graph!.nodes.map((t) => t.taskId)
      const circle = [{ fromTaskId: a!, toTaskId: b!, kind: 1 }]
      expect(await box.updateTaskGraph({ taskId: a!, addDependencies: circle, context: actor })).toMatchObject({
        accepted: false,
        rejectionReason: 'cycle',
      })
      const stale = { taskId: a!, expectedGraphVersion: graphVersion + 9n, context: actor }
      expect(await box.updateTaskGraph(stale)).toMatchObject({ accepted: false, rejectionReason: 'stale' })
      const parts = { parentTaskId: a!, proposedTasks: [{ clientProposedId: 'x', summary: 'X' }], context: actor }
      const split = await box.proposeTaskSplit(parts)
      expect(split).toMatchObject({ accepted: true, proposedTasks: [{ summary: 'X', parentTaskId: a! }] })
      const apply = { parentTaskId: a!, proposalId: split.proposalId, context: actor }
      expect(await box.applyTaskSplit(apply)).toMatchObject({
        accepted: true,
        createdSubtasks: [{ taskId: split.proposedTasks[0]!.taskId }],
      })
      expect(await box.applyTaskSplit(apply)).toMatchObject({ accepted: false, rejectionReason: 'proposal_over' })
      expect(await box.cancelTaskSplitProposal(apply)).toMatchObject({ accepted: false })
      const second = await box.proposeTaskSplit(parts)
      const gone = { parentTaskId: a!, proposalId: second.proposalId, context: actor }
      expect(await box.cancelTaskSplitProposal(gone)).toMatchObject({ accepted: true })
      expect(await box.cancelTaskSplitProposal(gone)).toMatchObject({ accepted: true })
      const { task } = await box.getTask({ taskId: a! })
      const { releaseGate } = await box.getReleaseGate({ releaseGateId: task!.releaseGateId })
      expect(releaseGate).toMatchObject({ taskId: a!, passed: false })
      expect(await refusal(box.releaseTask({ taskId: a!, context: actor }))).toBe('failed_precondition gate_closed')
    })

    test('the log of the wire has every change of a task, whole', async () => {
      const head = { sequence: BigInt(server.core.hub.head) }
      const task = await make('logged')
      await set(task.id, { state: 'blocked' })
      const user = rpcClient(server.url, ada.token)
      const { events } = await user.listEventsSince({ cursor: head, kinds: [CollaborationEventKind.TASK] })
      expect(events.map((e) => [e.taskId, e.payload.case === 'task' && e.payload.value.state])).toEqual([
        [task.id, TaskState.TODO],
        [task.id, TaskState.BLOCKED],
      ])
    })

    test('to older clients a task’s own id is its thread', async () => {
      const task = await make('by its id')
      await ada.call('POST /api/tasks/{id}/comments', { params: { id: task.id }, body: { content: 'one' } })
      const user = rpcClient(server.url, ada.token)
      const target = `#general:${task.id}`
      await user.sendMessage({ target: '#general', content: 'two', replyToMessageId: task.id })
      await user.sendMessage({ target, content: 'three' })
      const { messages } = await user.readMessages({ target })
      expect(messages.map((m) => m.content).slice(0, 3)).toEqual(['three', 'two', 'one'])
    })
  })
