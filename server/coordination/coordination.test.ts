import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { type CoordinationRecord, HandoffResponse, HandoffStatus, NewCoordination } from '@shared/contract'
import { type World, createWorld } from '../../test/fixtures/world'
import { type Scratch, storages } from '../../test/storages'
import type { AgentPrincipal, UserPrincipal } from '../access/principal'
import { HANDOFF, checkItems } from './rules'
import type { CoordinationService } from './service'

/** What may be said to a hand-off and by whom, written down once more. */
const SAID = new Map([
  ['proposed accepted', 'receiver'],
  ['proposed declined', 'receiver'],
  ['proposed canceled', 'giver'],
  ['accepted completed', 'receiver'],
])
describe.each(HandoffStatus.options)('a hand-off that is %s', (status) => {
  test.each(HandoffResponse.options)('may be %s as the table says', (response) => {
    expect<string | undefined>(HANDOFF[status][response]).toBe(SAID.get(`${status} ${response}`))
  })
})

const item = (itemId: string, ...dependsOnItemIds: string[]) =>
  ({
    itemId,
    summary: itemId,
    status: 'pending',
    ownerId: null,
    taskId: '',
    filePaths: [],
    acceptanceCriteria: [],
    dependsOnItemIds,
  }) as const

test.each<[what: string, items: ReturnType<typeof item>[], wrong: string | undefined]>([
  ['a chain', [item('a'), item('b', 'a'), item('c', 'b', 'a')], undefined],
  ['a circle', [item('a', 'c'), item('b', 'a'), item('c', 'b')], 'depends on itself'],
  ['itself', [item('a', 'a')], 'depends on itself'],
  ['nothing there', [item('a', 'z')], 'has no item z'],
  ['the same id twice', [item('a'), item('a')], 'the same id'],
])('items of a plan that depend on %s', (_, items, wrong) => {
  const check = () =>
    checkItems(
      items.map((each) => ({
        ...each,
        dependsOnItemIds: [...each.dependsOnItemIds],
        filePaths: [],
        acceptanceCriteria: [],
      })),
    )
  if (wrong) expect(check).toThrow(wrong)
  else check()
})

for (const storage of storages.filter((s) => s.available))
  describe(`on ${storage.name}`, () => {
    let scratch: Scratch
    let world: World
    let ada: UserPrincipal
    let bob: UserPrincipal
    let eve: UserPrincipal
    let giver: AgentPrincipal
    let taker: AgentPrincipal
    let third: AgentPrincipal
    let coordination: CoordinationService

    beforeAll(async () => {
      scratch = await storage.scratch()
      world = await createWorld(scratch.dsn)
      ada = await world.user('ada', 'owner')
      bob = await world.user('bob')
      eve = await world.user('eve')
      const box = await world.computer()
      giver = await world.agent(ada, box, 'giver')
      taker = await world.agent(ada, box, 'taker')
      third = await world.agent(ada, box, 'third')
      coordination = world.talk.coordination
      await world.talk.channels.create(ada, { name: 'den', visibility: 'private' })
      await world.talk.channels.addMember(ada, '#den', { kind: 'human', memberId: bob.id })
      for (const { id } of [giver, taker, third])
        await world.talk.channels.addMember(ada, '#den', { kind: 'agent', memberId: id })
    }, 60_000)
    afterAll(async () => {
      await world?.close()
      await scratch?.drop()
    })

    const publish = (
      p: UserPrincipal | AgentPrincipal,
      record: object,
      more: object = {},
    ): Promise<CoordinationRecord> =>
      coordination.publish(p, '#den', { record: NewCoordination.parse(record), ...more })
    const task = async (): Promise<string> =>
      (await world.talk.tasks.tasks.create(ada, { target: '#den', summary: 'work' })).id
    const code = async (work: Promise<unknown>): Promise<string> => {
      try {
        await work
        return 'ok'
      } catch (error) {
        return (error as { code: string }).code
      }
    }
    const hand = (more: object = {}) =>
      publish(giver, {
        kind: 'role_handoff',
        toAgentId: taker.id,
        role: 'reviewer',
        contextSummary: 'see the diff',
        ...more,
      })
    const deadline = (p: UserPrincipal | AgentPrincipal = giver, more: object = {}, at: object = {}) =>
      publish(p, { kind: 'deadline_negotiation', proposedDeadlineAt: 2_000_000_000_000, reason: 'tests', ...more }, at)
    const offer = { reason: 'sooner', proposedDeadlineAt: 1_900_000_000_000, includedScope: [], deferredScope: [] }

    test('a plan is published with its event and continued by its owner, each state a record of its own', async () => {
      world.events()
      const first = await publish(giver, { kind: 'work_plan', summary: 's', items: [{ itemId: 'a', summary: 'A' }] })
      expect(world.events().map((e) => `${e.kind} ${e.operation} ${e.actor.id}`)).toEqual([
        `coordination created ${giver.id}`,
      ])
      expect(first).toMatchObject({
        kind: 'work_plan',
        current: true,
        payload: { ownerAgentId: giver.id, status: 'active' },
      })
      const planId = first.subjectId
      const done = { kind: 'work_plan', planId, status: 'completed', items: [] }
      expect(await code(publish(taker, done))).toBe('not_addressed_to_you')
      const second = await publish(giver, done)
      expect([second.subjectId, second.id === first.id]).toEqual([planId, false])
      expect(await code(publish(giver, { ...done, status: 'active' }))).toBe('illegal_transition')
      expect((await coordination.get(bob, planId)).id).toBe(second.id)
      expect((await coordination.get(bob, first.id)).current).toBe(false)
      const all = await coordination.list(bob, { target: '#den', subjectId: planId })
      expect(all.items.map((r) => r.id)).toEqual([second.id, first.id])
      expect((await coordination.list(bob, { target: '#den', subjectId: planId, current: true })).items).toHaveLength(1)
    })

    test('a newer plan of the same agent for a task takes the place of the earlier one', async () => {
      const taskId = await task()
      const old = await publish(giver, { kind: 'work_plan', items: [] }, { taskId })
      const others = await publish(taker, { kind: 'work_plan', items: [] }, { taskId })
      await publish(giver, { kind: 'work_plan', items: [] }, { taskId })
      expect((await coordination.get(bob, old.subjectId)).payload).toMatchObject({ status: 'superseded' })
      expect((await coordination.get(bob, others.subjectId)).payload).toMatchObject({ status: 'active' })
    })

    test('progress and evidence are kept as they were said', async () => {
      const taskId = await task()
      await publish(
        giver,
        { kind: 'progress_update', status: 'blocked', summary: 'no database', blockedItemIds: ['a'] },
        { taskId },
      )
      const checks = [{ kind: 'test', status: 'passed', command: 'bun test', summary: '12 pass' }]
      await publish(
        giver,
        { kind: 'acceptance_evidence', summary: 'works', verificationResults: checks, commitIds: ['abcdef1'] },
        { taskId },
      )
      const { items } = await coordination.list(bob, { target: '#den', taskId })
      expect(items.map((r) => [r.kind, r.payload])).toMatchObject([
        ['acceptance_evidence', { summary: 'works', verificationResults: checks, commitIds: ['abcdef1'] }],
        ['progress_update', { status: 'blocked', blockedItemIds: ['a'] }],
      ])
      expect(
        NewCoordination.safeParse({ kind: 'acceptance_evidence', summary: 's', commitIds: ['; rm'] }).success,
      ).toBe(false)
    })

    test('a hand-off is a message to its receiver, who alone answers it', async () => {
      const made = await hand()
      const id = made.subjectId
      const root = await world.talk.messages.get(ada, made.threadId!)
      expect(root.message.content).toStartWith('@taker please take over the role of reviewer')
      expect(root.deliveries.map((d) => d.agentId)).toEqual([taker.id])
      for (const p of [giver, third, bob, ada])
        expect(await code(coordination.respond(p, id, { response: 'accepted' }))).toBe('not_addressed_to_you')
      expect(await code(coordination.respond(taker, id, { response: 'completed' }))).toBe('illegal_transition')
      const accepted = await coordination.respond(taker, id, { response: 'accepted', note: 'on it' })
      expect(accepted.payload).toMatchObject({ status: 'accepted', note: 'on it' })
      expect(await code(coordination.respond(giver, id, { response: 'canceled' }))).toBe('illegal_transition')
      await coordination.respond(taker, id, { response: 'completed' })
      const thread = await world.talk.messages.list(ada, { target: '#den', threadId: made.threadId! })
      expect(thread.items.map((m) => m.sender.kind)).toEqual(['agent', 'system', 'agent'])
      expect(thread.items[0]!.content).toStartWith('@giver the hand-off of the role of reviewer is completed')
      expect(await code(coordination.respond(taker, id, { response: 'declined' }))).toBe('illegal_transition')
    })

    test('a hand-off is taken back by its giver or an admin of the channel, and is to somebody who is there', async () => {
      const one = await hand()
      expect(await code(coordination.respond(taker, one.subjectId, { response: 'canceled' }))).toBe(
        'not_addressed_to_you',
      )
      expect((await coordination.respond(giver, one.subjectId, { response: 'canceled' })).payload).toMatchObject({
        status: 'canceled',
      })
      const two = await hand()
      expect((await coordination.respond(ada, two.subjectId, { response: 'canceled' })).actor.id).toBe(ada.id)
      expect(await code(hand({ toAgentId: giver.id }))).toBe('invalid_request')
      const outside = await world.agent(ada, await world.computer(), `o${storage.name}`)
      expect(await code(hand({ toAgentId: outside.id }))).toBe('agent_unknown')
    })

    test('offers take turns between two sides, and the other side decides on the last one', async () => {
      const { subjectId: id } = await deadline()
      expect(await code(coordination.counter(giver, id, offer))).toBe('not_addressed_to_you')
      expect(await code(coordination.decide(giver, id, { accept: true }))).toBe('not_addressed_to_you')
      const first = await coordination.counter(taker, id, offer)
      expect(first.payload).toMatchObject({ addresseeId: taker.id, status: 'proposed' })
      expect(await code(coordination.counter(taker, id, offer))).toBe('not_addressed_to_you')
      expect(await code(coordination.counter(third, id, offer))).toBe('not_addressed_to_you')
      expect(await code(coordination.decide(third, id, { accept: true }))).toBe('not_addressed_to_you')
      expect(await code(coordination.decide(giver, id, { accept: true, counterProposalId: null }))).toBe(
        'offer_changed',
      )
      const done = await coordination.decide(giver, id, { accept: true })
      const { payload } = first
      const last = 'counterProposals' in payload ? payload.counterProposals[0]!.counterProposalId : ''
      expect(done.payload).toMatchObject({
        status: 'accepted',
        acceptedCounterProposalId: last,
        decidedBy: { id: giver.id },
      })
      expect(await code(coordination.counter(taker, id, offer))).toBe('illegal_transition')
      expect(await code(coordination.decide(taker, id, { accept: false }))).toBe('illegal_transition')
    })

    test('of two offers at the same moment one is made', async () => {
      const { subjectId: id } = await deadline()
      const both = await Promise.all([taker, third].map((p) => code(coordination.counter(p, id, offer))))
      expect(both.toSorted()).toEqual(['not_addressed_to_you', 'ok'])
    })

    test('a negotiation that is with somebody is not for others', async () => {
      const { subjectId: id } = await deadline(giver, { addresseeId: bob.id })
      expect(await code(coordination.decide(taker, id, { accept: true }))).toBe('not_addressed_to_you')
      expect((await coordination.decide(bob, id, { accept: false })).payload).toMatchObject({ status: 'rejected' })
      expect(await code(deadline(giver, { addresseeId: eve.id }))).toBe('invalid_request')
    })

    test('when the rounds are used up a person decides', async () => {
      const { subjectId: id } = await deadline(giver, { maxRounds: 2 })
      await coordination.counter(taker, id, offer)
      await coordination.counter(giver, id, offer)
      expect(await code(coordination.counter(taker, id, offer))).toBe('rounds_used_up')
      expect(await code(coordination.decide(taker, id, { accept: true }))).toBe('not_addressed_to_you')
      expect((await coordination.decide(bob, id, { accept: true })).payload).toMatchObject({ status: 'accepted' })
    })

    test('one that nobody decides in time is rejected by the server', async () => {
      const expiresAt = Date.now() + 60_000
      const { subjectId: id } = await deadline(giver, { expiresAt })
      await coordination.counter(taker, id, offer)
      const open = await deadline()
      expect(await coordination.expire(expiresAt - 1)).toBe(0)
      expect(await coordination.expire(expiresAt)).toBe(1)
      expect(await coordination.expire(expiresAt)).toBe(0)
      expect(await coordination.get(bob, id)).toMatchObject({
        actor: { kind: 'system' },
        payload: { status: 'rejected', decidedBy: null },
      })
      expect((await coordination.get(bob, open.subjectId)).payload).toMatchObject({ status: 'proposed' })
      expect(await code(deadline(giver, { expiresAt: Date.now() - 1 }))).toBe('invalid_request')
      expect(await code(deadline(giver, { expiresAt: Date.now() + 100 * 86_400_000 }))).toBe('invalid_request')
    })

    test('a newer negotiation about a task takes the place of the one between the same two', async () => {
      const taskId = await task()
      const { subjectId: id } = await deadline(giver, { addresseeId: taker.id }, { taskId })
      expect(await code(deadline(third, {}, { taskId }))).toBe('negotiation_open')
      await deadline(taker, {}, { taskId })
      expect((await coordination.get(bob, id)).payload).toMatchObject({ status: 'superseded' })
    })

    test('offers about scope say what is in or out', async () => {
      expect(await code(publish(giver, { kind: 'scope_negotiation' }))).toBe('invalid_request')
      const { subjectId: id } = await publish(giver, {
        kind: 'scope_negotiation',
        includedScope: ['a'],
        deferredScope: ['b'],
      })
      expect(await code(coordination.counter(taker, id, { ...offer, proposedDeadlineAt: null }))).toBe(
        'invalid_request',
      )
      const { payload } = await coordination.counter(taker, id, { ...offer, includedScope: ['a', 'b'] })
      expect(payload).toMatchObject({ counterProposals: [{ includedScope: ['a', 'b'] }] })
      const { subjectId } = await hand()
      expect(await code(coordination.counter(taker, subjectId, offer))).toBe('invalid_request')
      expect(await code(coordination.respond(taker, id, { response: 'accepted' }))).toBe('invalid_request')
    })

    test('nobody outside of the channel learns of a record, or refers to what they may not see', async () => {
      const made = await deadline()
      world.events()
      for (const work of [
        () => coordination.list(eve, { target: '#den' }),
        () => coordination.get(eve, made.id),
        () => coordination.get(eve, made.subjectId),
        () => coordination.counter(eve, made.subjectId, offer),
        () => coordination.decide(eve, made.subjectId, { accept: true }),
        () => coordination.publish(eve, '#den', { record: NewCoordination.parse({ kind: 'work_plan', items: [] }) }),
      ])
        expect(await code(work())).toBe('not_found')
      expect((await coordination.list(eve, {})).items.filter((r) => r.target === '#den')).toEqual([])
      const taskId = await task()
      const update = NewCoordination.parse({ kind: 'progress_update', status: 'started', summary: 's' })
      expect(await code(coordination.publish(eve, '#general', { record: update, taskId }))).not.toBe('ok')
      expect(
        await code(publish(bob, { kind: 'progress_update', status: 'started', summary: 's' }, { taskId: 'tsk_0' })),
      ).not.toBe('ok')
      expect(
        await code(publish(bob, { kind: 'progress_update', status: 'started', summary: 's' }, { threadId: 'msg_0' })),
      ).toBe('not_found')
    })

    test('lists are pages, newest first, by kind and author', async () => {
      const made: string[] = []
      for (const summary of ['1', '2', '3', '4', '5'])
        made.push((await publish(third, { kind: 'progress_update', status: 'in_progress', summary })).id)
      const seen: string[] = []
      let cursor: string | undefined
      do {
        const page = await coordination.list(bob, {
          target: '#den',
          kind: 'progress_update',
          actorId: third.id,
          limit: 2,
          cursor,
        })
        seen.push(...page.items.map((r) => r.id))
        cursor = page.nextCursor
      } while (cursor !== undefined)
      expect(seen).toEqual(made.toReversed())
    })
  })
