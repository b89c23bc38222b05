import { DEFAULT_POLICY, type StepDetail } from '@shared/contract'
import { NekodeError } from '@shared/errors'
import { newId } from '@shared/ids'
import { expect, test } from 'bun:test'
import { asc } from 'drizzle-orm'
import { createWorld, type World } from '../../test/fixtures/world'
import { storages } from '../../test/storages'
import type { AgentPrincipal, ComputerPrincipal, UserPrincipal } from '../access/principal'
import { approvalView } from '../approvals/view'
import { deliveryView } from '../deliveries/view'
import { messageView } from '../messages/view'
import { ACTIVE } from './store'
import { type RunRow, type RunState, isOver, runView } from './view'

/** Each is one story, told again with the same numbers. The other databases are slower, and share all but the storage. */
const SEEDS = { sqlite: [1, 2, 3], postgres: [4], mysql: [5] }
const ROUNDS = 60
/** Things that happen at the same moment. */
const AT_ONCE = 12

/** Mulberry32: small, and the same everywhere. */
function dice(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32
  }
}

const LIMITS = { turnsPerHour: null, costPerDayUsd: null }
const REPORTED: RunState[] = ['running', 'running', 'running', 'completed', 'completed', 'failed', 'queued', 'canceled']

/** People, agents and computers who do everything that they can do, and much that they may not, at random and at the same time. */
class Chaos {
  readonly #random: () => number
  /** What happened, for reading after a failure. */
  readonly story: string[] = []
  /** What the services do by themselves after a commit, which nobody waits for. */
  readonly #afterwards: Promise<unknown>[] = []
  #made = 0

  private constructor(
    seed: number,
    readonly world: World,
    readonly people: UserPrincipal[],
    readonly computers: ComputerPrincipal[],
  ) {
    this.#random = dice(seed)
    const { deliveries } = world.talk
    const told = deliveries.computerChanged.bind(deliveries)
    deliveries.computerChanged = (...about) => {
      const work = told(...about)
      this.#afterwards.push(work)
      return work
    }
  }

  static async start(seed: number, dsn: string): Promise<Chaos> {
    const world = await createWorld(dsn)
    const people = [await world.user('ada', 'owner'), await world.user('bob'), await world.user('cyd', 'viewer')]
    const computers = [await world.computer(), await world.computer()]
    const chaos = new Chaos(seed, world, people, computers)
    for (const [i, computer] of computers.entries())
      for (const n of [1, 2]) await world.agent(chaos.owner, computer, `bot${i}${n}`, { limits: LIMITS })
    await world.talk.channels.create(chaos.owner, { name: 'secret', visibility: 'private' })
    for (const agent of world.core.directory.agents()) {
      await world.talk.channels.addMember(chaos.owner, '#secret', { kind: 'agent', memberId: agent.id })
      await world.talk.channels.openDm(people[1]!, 'agent', agent.id)
    }
    return chaos
  }

  get owner(): UserPrincipal {
    return this.people[0]!
  }

  #pick<T>(from: readonly T[]): T | undefined {
    return from[Math.floor(this.#random() * from.length)]
  }

  #chance = (of: number): boolean => this.#random() < of

  /** Many at once. What is refused is refused in words; anything else is a defect. */
  async round(): Promise<void> {
    const { q, t } = this.world.core.db
    const recent = (await q.select().from(t.runs).orderBy(asc(t.runs.id))).slice(-30)
    const acts = Array.from({ length: AT_ONCE }, () => this.#act(recent))
    const done = await Promise.allSettled(acts)
    for (const result of [...done, ...(await Promise.allSettled(this.#afterwards.splice(0)))])
      if (result.status === 'rejected' && !(result.reason instanceof NekodeError && result.reason.kind !== 'internal'))
        throw result.reason
  }

  #act(runs: RunRow[]): Promise<unknown> {
    const active = runs.filter((run) => !isOver(run.state))
    // Mostly what is under way; now and then what is over.
    const run = this.#pick(active.length && this.#chance(0.85) ? active : runs)
    const acts: [weight: number, name: string, act: () => Promise<unknown> | undefined][] = [
      [10, 'write', () => this.#write()],
      [3, 'agent writes', () => this.#agentWrites()],
      [12, 'permit', () => run && this.#permit(run)],
      [24, 'report', () => run && this.#report(run)],
      [20, 'step', () => run && this.#step(run)],
      [14, 'decide', () => this.#decide()],
      [3, 'action', () => run && this.#action(run)],
      [4, 'retry', () => this.#retry()],
      [0.6, 'reap', () => this.world.talk.reaper.reap(Date.now() + (this.#chance(0.5) ? 310_000 : 0))],
      [2, 'come and go', () => this.#comeAndGo()],
      [1, 'agent settings', () => this.#changeAgent()],
      [1, 'members', () => this.#changeMembers()],
      [0.4, 'channels', () => this.#changeChannels()],
      [0.2, 'computers', () => this.#replaceComputer()],
    ]
    let at = this.#random() * acts.reduce((sum, [weight]) => sum + weight, 0)
    const [, name, act] = acts.find(([weight]) => (at -= weight) < 0) ?? acts[0]!
    this.story.push(`${name} ${run?.id.slice(-6) ?? ''} ${run?.state ?? ''}`)
    return act() ?? Promise.resolve()
  }

  #write(): Promise<unknown> {
    const { core, talk } = this.world
    const channel = this.#pick(core.directory.channels())!
    const named = core.directory.agents().filter(() => this.#chance(0.4))
    const content = `${named.map((a) => `@${a.name}`).join(' ')} please`
    const requestId = this.#chance(0.2) ? `key${Math.floor(this.#random() * 5)}` : undefined
    return talk.messages.post(this.#pick(this.people)!, { target: channel.target, content, requestId })
  }

  #principal(id: string): AgentPrincipal {
    return { ...this.owner, kind: 'agent', id, name: id, displayName: id }
  }

  #agentWrites(): Promise<unknown> | undefined {
    const { core, talk } = this.world
    const agent = this.#pick(core.directory.agents())
    const channel = this.#pick(core.directory.channels())
    const other = this.#pick(core.directory.agents())
    if (!agent || !channel || !other) return undefined
    return talk.messages.post(this.#principal(agent.id), { target: channel.target, content: `@${other.name} look` })
  }

  /** Its own computer, mostly; another one now and then. */
  #computerOf(run: RunRow): ComputerPrincipal {
    const own = this.computers.find((c) => c.id === run.computerId)
    return own && this.#chance(0.95) ? own : this.#pick(this.computers)!
  }

  #leaseOf = (run: RunRow): string => (this.#chance(0.9) ? (run.leaseId ?? '') : newId('lease'))

  async #permit(run: RunRow): Promise<void> {
    const { permits } = this.world.talk
    const p = this.#computerOf(run)
    const permit = await permits.acquire(p, run.agentId, 60)
    if (permit.granted && this.#chance(0.8)) await permits.release(p, permit.leaseId)
  }

  #report(run: RunRow): Promise<unknown> {
    const state = this.#pick(REPORTED)!
    const done = state === 'completed' || state === 'canceled'
    const joined = this.#chance(0.1) ? { joinedRunId: run.id } : {}
    return this.world.talk.runs.report(this.#computerOf(run), {
      runId: run.id,
      state,
      leaseId: this.#leaseOf(run),
      summary: '',
      resultMessage: done && this.#chance(0.8) ? `answer of ${run.id}` : '',
      result: joined,
      error: '',
    })
  }

  #step(run: RunRow): Promise<unknown> {
    const usage = { input: 1, cacheRead: 0, cacheWrite: 0, output: 2, reasoning: 0 }
    const asks = { name: 'shell', kind: 'execute', title: 'rm', canRemember: true } as const
    const details: StepDetail[] = [
      { type: 'text', offset: 0, text: 'hello' },
      { type: 'usage', usage, costUsd: 0.01 },
      { type: 'approval', requestId: 'r', ...asks },
      { type: 'approval', requestId: 'r', ...asks },
    ]
    const detail = this.#pick(details)!
    return this.world.talk.steps.append(this.#computerOf(run), {
      // One step of each kind and run, so that it is also changed and closed.
      id: `step_${detail.type}_${run.id.slice(-20)}`,
      runId: run.id,
      leaseId: this.#leaseOf(run),
      sequence: 1,
      status: this.#chance(0.6) ? 'running' : 'completed',
      detail,
      startedAt: 1,
      completedAt: null,
    })
  }

  async #decide(): Promise<void> {
    const { approvals } = this.world.talk
    const { items } = await approvals.list(this.owner, { limit: 20 })
    const asked = this.#pick(items.filter((a) => a.state === 'pending')) ?? this.#pick(items)
    if (asked) await approvals.decide(this.#pick(this.people)!, asked.id, { allow: this.#chance(0.5) })
  }

  #action(run: RunRow): Promise<unknown> {
    const action = this.#pick(['interrupt', 'kill', 'restart', 'retry'] as const)!
    return this.world.talk.actions.perform(this.#pick(this.people)!, run.id, action)
  }

  async #retry(): Promise<void> {
    const { items } = await this.world.talk.deliveries.list(this.owner, { limit: 50 })
    const delivery = this.#pick(items)
    if (delivery) await this.world.talk.deliveries.retry(this.owner, delivery.id)
  }

  async #comeAndGo(): Promise<void> {
    const computer = this.#pick(this.computers)!
    if (this.#chance(0.5)) await this.world.computers.heartbeat(computer, { leaseId: '' })
    else await this.world.offline(computer)
  }

  async #changeAgent(): Promise<void> {
    const { core, talk } = this.world
    const agent = this.#pick(core.directory.agents())
    const computer = this.#pick(this.computers)!
    const change = Math.floor(this.#random() * 6)
    if (!agent || change === 0)
      await this.world.agent(this.owner, computer, `new${++this.#made}`, { limits: LIMITS, approvals: DEFAULT_POLICY })
    else if (change === 1) await talk.agents.delete(this.owner, agent.id)
    else if (change === 2) await talk.agents.update(this.owner, agent.id, { enabled: !agent.enabled })
    else if (change === 3) await talk.agents.control(this.owner, agent.id, 'terminate', '')
    else await talk.agents.update(this.owner, agent.id, { computerId: computer.id })
  }

  async #replaceComputer(): Promise<void> {
    const gone = this.#pick(this.computers)!
    this.computers.splice(this.computers.indexOf(gone), 1, await this.world.computer())
    await this.world.computers.remove(this.owner, gone.id)
  }

  async #changeMembers(): Promise<void> {
    const { core, talk } = this.world
    const channel = this.#pick(core.directory.channels().filter((c) => c.kind === 'channel'))
    const agent = this.#pick(core.directory.agents())
    if (!channel || !agent) return
    const { target } = channel
    if (this.#chance(0.5)) return talk.channels.removeMember(this.owner, target, 'agent', agent.id)
    await talk.channels.addMember(this.owner, target, {
      kind: 'agent',
      memberId: agent.id,
      deliveryMode: this.#chance(0.3) ? 'all' : 'mentions',
    })
  }

  async #changeChannels(): Promise<void> {
    const { core, talk } = this.world
    const channel = this.#pick(core.directory.channels().filter((c) => c.kind === 'channel' && !c.archivedAt))
    if (channel && this.#chance(0.5)) return talk.channels.archive(this.owner, channel.target)
    await talk.channels.create(this.owner, { name: `made${++this.#made}` })
  }
}

/** The rows as they are, and what the log says about them. */
async function stateOf({ core: { db, directory } }: World) {
  const { q, t } = db
  return {
    directory,
    deliveries: await q.select().from(t.deliveries),
    runs: await q.select().from(t.runs),
    steps: await q.select().from(t.runSteps),
    approvals: await q.select().from(t.approvals),
    messages: await q.select().from(t.messages),
    channels: await q.select().from(t.channels),
    computers: await q.select().from(t.computers),
    members: await q.select().from(t.members),
    events: await q.select().from(t.events).orderBy(asc(t.events.sequence)),
  }
}
type State = Awaited<ReturnType<typeof stateOf>>

/** What does not agree, in words. */
function* wrongDeliveries({ deliveries, runs, messages }: State): Generator<string> {
  const byDelivery = Map.groupBy(runs, (run) => run.deliveryId)
  const channelOf = new Map(messages.map((m) => [m.id, m.channelId]))
  for (const d of deliveries) {
    const active = (byDelivery.get(d.id) ?? []).filter((run) => ACTIVE.includes(run.state))
    const [run] = active
    if (d.state === 'pending' || d.state === 'claimed') {
      const meant: RunState[] = d.state === 'pending' ? ['queued', 'starting'] : ['running', 'waiting_approval']
      if (active.length !== 1 || !run) yield `${d.id} is ${d.state} and has ${active.length} active runs`
      else if (!meant.includes(run.state)) yield `${d.id} is ${d.state} and its run ${run.id} is ${run.state}`
      else if (d.runId !== run.id) yield `${d.id} names the run ${d.runId}, and ${run.id} is active`
    } else if (run) yield `${d.id} is ${d.state}, and its run ${run.id} is ${run.state}`
    if (d.state === 'failed' && !d.failure) yield `${d.id} failed without a reason`
    if (d.state === 'answered' && channelOf.get(d.answerMessageId ?? '') !== d.channelId)
      yield `${d.id} is answered by a message that is not there`
  }
}

function* wrongRuns({ directory, runs, steps, approvals, messages, computers }: State): Generator<string> {
  const asking = new Set(approvals.flatMap((a) => (a.state === 'pending' ? a.runId : [])))
  const working = new Set(steps.flatMap((s) => (s.status === 'running' ? s.runId : [])))
  const answers = Map.groupBy(messages, (m) => m.content)
  const removed = new Set(computers.flatMap((c) => (c.removedAt === null ? [] : c.id)))
  for (const run of runs) {
    const is = `${run.id} (attempt ${run.attempt}) is ${run.state}`
    const count = answers.get(`answer of ${run.id}`)?.length ?? 0
    if (count > (isOver(run.state) ? 1 : 0)) yield `${is} and was answered ${count} times`
    if (run.attempt > run.maxAttempts) yield `${is}, which is one attempt too many`
    if (isOver(run.state)) {
      if (working.has(run.id)) yield `${is} and has a step under way`
      if (asking.has(run.id)) yield `${is} and asks for permission`
      if (run.completedAt === null || run.leaseExpiresAt !== null) yield `${is} and has no end, or a lease`
      continue
    }
    if (run.state === 'queued' && (run.leaseId !== null || run.leaseExpiresAt !== null)) yield `${is} with a lease`
    if (run.state === 'queued' && asking.has(run.id)) yield `${is} and asks for permission`
    if (run.state === 'waiting_approval' && !asking.has(run.id)) yield `${is} and asks for nothing`
    if (removed.has(run.computerId)) yield `${is} on a computer that was removed`
    const agent = directory.agent(run.agentId)
    if (!agent) yield `${is}, of an agent that is not there`
    else if (agent.computerId !== run.computerId) yield `${is} on a computer that is not its agent’s`
    if (!directory.member(run.channelId, 'agent', run.agentId)) yield `${is} in a channel that its agent is not in`
    if (directory.channel(run.channelId)?.archivedAt) yield `${is} in a channel that is archived`
  }
}

/** Whoever follows the log from its start ends up with what the tables hold. */
function* wrongLog({ events, deliveries, runs, approvals, messages, members, channels }: State): Generator<string> {
  const told = new Map<string, unknown>()
  const inside = new Set<string>()
  const over = new Set<string>()
  for (const [i, e] of events.entries()) {
    if (e.sequence !== i + 1) yield `the log goes from ${i} to ${e.sequence}`
    const payload = JSON.parse(e.payload)
    // Each is told to its channel; a run is told to its computer as well.
    if (e.kind === 'approval' || (e.kind === 'run' && e.audience.startsWith('channel:'))) {
      if (over.has(e.aggregateId)) yield `${e.aggregateId} was over and becomes ${payload.state}`
      if (e.kind === 'run' ? isOver(payload.state) : payload.state !== 'pending') over.add(e.aggregateId)
    }
    if (e.kind !== 'member') told.set(e.aggregateId, payload)
    else inside[payload.removed ? 'delete' : 'add'](`${e.aggregateId} ${payload.kind} ${payload.memberId}`)
  }
  const rows = [
    ...runs.map(runView),
    ...deliveries.map(deliveryView),
    ...approvals.map(approvalView),
    ...messages.map(messageView),
  ]
  for (const row of rows) {
    const last = told.get(row.id)
    if (!Bun.deepEquals(calm(last), calm(row)))
      yield `the log says ${JSON.stringify(last)} and the table ${JSON.stringify(row)}`
  }
  for (const { id, target, archivedAt } of channels) {
    // The end of one is told under the name that everybody knows it by; the row gives that name back.
    const name = archivedAt === null ? target : target.replace(/~[0-9a-f]{8}$/, '')
    if (Reflect.get(Object(told.get(id)), 'target') !== name) yield `the log does not call ${id} ${name}`
  }
  const are = new Set(members.map((m) => `${m.channelId} ${m.kind} ${m.memberId}`))
  for (const one of are.symmetricDifference(inside)) yield `the log and the table do not agree about ${one}`
}

/** Without the time of the last sign of life, which nobody has to be told. */
const calm = (entity: unknown): object => ({ ...Object(entity), updatedAt: 0 })

for (const storage of storages.filter(({ available }) => available))
  test.each(SEEDS[storage.name])(
    `on ${storage.name} deliveries, runs, approvals and the log agree, whatever happens at the same time (story %p)`,
    async (seed) => {
      const scratch = await storage.scratch()
      const chaos = await Chaos.start(seed, scratch.dsn)
      try {
        for (let round = 1; round <= ROUNDS; round++) {
          await chaos.round()
          const state = await stateOf(chaos.world)
          const wrong = [...wrongDeliveries(state), ...wrongRuns(state), ...(round % 10 ? [] : wrongLog(state))]
          expect({ story: wrong.length ? chaos.story.slice(-2 * AT_ONCE) : [], wrong }).toEqual({
            story: [],
            wrong: [],
          })
        }
      } finally {
        await chaos.world.close()
        await scratch.drop()
      }
    },
    60_000,
  )
