import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { type World, createWorld } from '../../test/fixtures/world'
import { type Scratch, storages } from '../../test/storages'
import type { AgentPrincipal, ComputerPrincipal, Principal, UserPrincipal } from '../access/principal'
import { Retention } from '../retention/service'
import type { ArchiveEvent, ArchiveService } from './service'

const DAY = 86_400_000

for (const storage of storages.filter((s) => s.available))
  describe(`on ${storage.name}`, () => {
    let scratch: Scratch
    let world: World
    let ada: UserPrincipal
    let bob: UserPrincipal
    let box: ComputerPrincipal
    let elsewhere: ComputerPrincipal
    let bot: AgentPrincipal
    let archive: ArchiveService
    let general: string
    let den: string

    const blank = { atNs: 0n, summary: '', payload: '', exitCode: 0, error: '' }
    const record = (runId: string, event: Partial<ArchiveEvent> & Pick<ArchiveEvent, 'phase'>) =>
      archive.record(box, { ...blank, runId, agentId: bot.id, ...event })
    const ask = async (target: string) =>
      (await world.talk.messages.post(ada, { target, content: '@bot hi' })).deliveries[0]!.runId!

    beforeAll(async () => {
      scratch = await storage.scratch()
      world = await createWorld(scratch.dsn)
      ada = await world.user('ada', 'owner')
      bob = await world.user('bob')
      box = await world.computer()
      elsewhere = await world.computer()
      bot = await world.agent(ada, box, 'bot')
      archive = world.talk.archive
      await world.talk.channels.create(ada, { name: 'den', visibility: 'private' })
      await world.talk.channels.addMember(ada, '#den', { kind: 'agent', memberId: bot.id })
      general = await ask('#general')
      den = await ask('#den')
      for (const runId of [general, den]) {
        await record(runId, { phase: 'start', summary: 'a build begins' })
        await record(runId, {
          phase: 'tool_call',
          payload: JSON.stringify({ command: 'make deploy', note: 'line one\nzebra 部署失败', n: 4711 }),
        })
        await record(runId, { phase: 'error', error: 'segmentation fault in the linker' })
      }
      await record(general, { phase: 'output', summary: 'deploy of the public site' })
      await record(den, { phase: 'end', summary: 'treasure found', exitCode: 3 })
    }, 60_000)
    afterAll(async () => {
      await world?.close()
      await scratch?.drop()
    })

    /** Runs and positions of what is found. */
    const found = async (p: Principal, q: string, more: object = {}) =>
      (await archive.search(p, { q, limit: 50, ...more })).map(({ event }) => [event.runId, event.position]).toSorted()
    const both = (position: number) =>
      [
        [general, position],
        [den, position],
      ].toSorted()

    test.each([
      ['segmentation linker', 2],
      ['"segmentation fault"', 2],
      ['zebra', 1],
      ['部署', 1],
      ['4711', 1],
      ['command', 1],
      ['BUILD', 0],
    ])('%s is found in what happened, in any field of it', async (q, position) => {
      expect(await found(ada, q)).toEqual(both(position))
    })

    test('all the words have to be there, the exact ones next to each other, and the excluded ones not', async () => {
      expect(await found(ada, 'segmentation zebra')).toEqual([])
      expect(await found(ada, '"fault segmentation"')).toEqual([])
      expect(await found(ada, 'deploy -public')).toEqual(both(1))
    })

    test('whoever cannot read the channel finds nothing of its runs, and a computer only its own', async () => {
      expect(await found(bob, 'deploy')).toEqual(
        [
          [general, 1],
          [general, 3],
        ].toSorted(),
      )
      expect(await found(bob, 'treasure')).toEqual([])
      expect(await found(bot, 'treasure')).toEqual([[den, 3]])
      expect(await found(box, 'treasure')).toEqual([[den, 3]])
      expect(await found(elsewhere, 'treasure')).toEqual([])
      expect(await found(box, 'treasure', { computerId: elsewhere.id })).toEqual([])
      expect(await found(ada, 'treasure', { computerId: elsewhere.id })).toEqual([])
      expect(await found(ada, 'treasure', { agentId: bot.id, computerId: box.id })).toEqual([[den, 3]])
      expect(await found(ada, 'treasure', { agentId: 'agent_0' })).toEqual([])
    })

    test('a hit shows the run, the event and the text around the match', async () => {
      const [hit] = await archive.search(ada, { q: 'treasure', limit: 1 })
      expect(hit).toMatchObject({
        archive: { runId: den, exitCode: 3 },
        event: { phase: 'end' },
        highlight: 'treasure found',
      })
    })

    test('what agents did does not come up in the search for what was said', async () => {
      for (const q of ['treasure', 'zqxtreasure', 'zqx', 'from:@bot', 'segmentation'])
        expect((await world.talk.search.search(ada, { q })).items).toEqual([])
    })

    test.each(['from:@bot', 'in:#den deploy', '-deploy', '   '])('%j is no search of archives', async (q) => {
      await expect(archive.search(ada, { q, limit: 1 })).rejects.toMatchObject({ code: 'invalid_search' })
    })

    test('a run of an older daemon’s direct message is found by its computer alone', async () => {
      await record(`direct-msg_${'0'.repeat(32)}`, { phase: 'start', summary: 'whispering' })
      expect(await found(box, 'whispering')).toHaveLength(1)
      expect(await found(ada, 'whispering')).toEqual([])
      expect(await found(elsewhere, 'whispering')).toEqual([])
    })

    test('an index that is built anew finds the same', async () => {
      const before = await found(ada, 'deploy')
      await world.core.db.tx((tx) => world.core.settings.put(tx, 'search.version', '0'))
      await world.talk.search.ensure()
      expect(await found(ada, 'deploy')).toEqual(before)
      expect(await found(bob, 'treasure')).toEqual([])
      expect(await found(box, 'whispering')).toHaveLength(1)
      expect((await world.talk.search.search(ada, { q: 'hi' })).items).toHaveLength(2)
    })

    test('events come page after page in their order', async () => {
      const seen: number[] = []
      let cursor: string | undefined
      do {
        const page = await archive.events(ada, general, { limit: 3, cursor })
        seen.push(...page.items.map((event) => event.position))
        cursor = page.nextCursor
      } while (cursor !== undefined)
      expect(seen).toEqual([0, 1, 2, 3])
      await expect(archive.events(bob, den, {})).rejects.toMatchObject({ code: 'run_unknown' })
      await expect(archive.events(ada, general, { cursor: 'x' })).rejects.toMatchObject({ kind: 'invalid' })
    })

    test('what is removed because it is old is found no more', async () => {
      const { core } = world
      await new Retention(core.db, core.hub, { eventDays: 0, detailDays: 90 }).sweep(Date.now() + 100 * DAY)
      expect(await found(ada, 'deploy')).toEqual([])
      const { searchDocs } = core.db.t
      expect((await core.db.q.select().from(searchDocs)).filter((doc) => doc.kind === 'archive')).toEqual([])
    })
  })
