import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { createWorld, type World } from '../../test/fixtures/world'
import { type Scratch, storages } from '../../test/storages'
import type { ComputerPrincipal, UserPrincipal } from '../access/principal'
import type { NewStep } from './steps'

for (const storage of storages)
  describe.skipIf(!storage.available)(`steps on ${storage.name}`, () => {
    let scratch: Scratch
    let world: World
    let owner: UserPrincipal
    let computer: ComputerPrincipal

    beforeAll(async () => {
      scratch = await storage.scratch()
      world = await createWorld(scratch.dsn)
      owner = await world.user('ada', 'owner')
      computer = await world.computer()
      await world.agent(owner, computer, 'bot', { limits: { turnsPerHour: null, costPerDayUsd: null } })
    })
    afterAll(async () => {
      await world?.close()
      await scratch?.drop()
    })

    const running = async (): Promise<string> => {
      const { deliveries } = await world.talk.messages.post(owner, { target: '#general', content: '@bot go' })
      const runId = deliveries[0]!.runId!
      const none = { summary: '', resultMessage: '', result: {}, error: '' }
      await world.talk.runs.report(computer, { runId, state: 'running', leaseId: 'lease_1', ...none })
      world.events()
      return runId
    }
    const append = (runId: string, step: Partial<NewStep> & Pick<NewStep, 'id' | 'detail'>) =>
      world.talk.steps.append(computer, {
        runId,
        leaseId: 'lease_1',
        sequence: 1,
        status: 'running',
        startedAt: 1,
        completedAt: null,
        ...step,
      })
    const notice = (text: string): NewStep['detail'] => ({ type: 'notice', level: 'info', text })
    const page = (runId: string, query: Parameters<World['talk']['pages']['page']>[2] = {}) =>
      world.talk.pages.page(owner, runId, query)
    /** Every page of a run, as the sequences of its steps. */
    const walk = async (runId: string, query: { order?: 'asc' | 'desc'; limit?: number }) => {
      const pages: number[][] = []
      let cursor: string | undefined
      do {
        const { items, nextCursor } = await page(runId, { ...query, cursor })
        pages.push(items.map((step) => step.sequence))
        cursor = nextCursor
      } while (cursor !== undefined)
      return pages
    }
    const pieces = () => world.core.db.q.select().from(world.core.db.t.stepPieces)

    test('come in pages by their number, from either end, also those that have the same number', async () => {
      const runId = await running()
      for (const [n, sequence] of [1, 2, 2, 2, 3].entries())
        await append(runId, { id: `step_${runId.slice(-8)}_${n}`, sequence, detail: notice('x') })
      expect(await walk(runId, { limit: 2 })).toEqual([[1, 2], [2, 2], [3]])
      expect(await walk(runId, { limit: 2, order: 'desc' })).toEqual([[3, 2], [2, 2], [1]])
      expect(await walk(runId, {})).toEqual([[1, 2, 2, 2, 3]])
      expect(page(runId, { cursor: 'nonsense' })).rejects.toMatchObject({ code: 'invalid_request' })
    })

    test('come in pages by their bytes', async () => {
      const runId = await running()
      const tool = { type: 'tool', name: 'Bash', kind: 'execute', title: 'cat', output: 'x'.repeat(250_000) } as const
      for (let sequence = 1; sequence <= 20; sequence++)
        await append(runId, { id: `step_${runId.slice(-8)}_${sequence}`, sequence, detail: tool, status: 'completed' })
      const pages = await walk(runId, { limit: 200 })
      expect(pages.map((one) => one.length)).toEqual([8, 8, 4])
      expect(pages.flat()).toEqual(Array.from({ length: 20 }, (_, i) => i + 1))
    })

    test('are no larger than what a page can hold, whatever a daemon sends', async () => {
      const runId = await running()
      const id = `step_${runId.slice(-8)}`
      const much = 'ж'.repeat(1 << 20)
      await append(runId, {
        id,
        detail: {
          type: 'tool',
          name: much,
          kind: 'edit',
          title: much,
          input: { much },
          output: much,
          diff: Array.from({ length: 3 }, (_, n) => ({ path: `${n}`, diff: much })),
        },
      })
      const { items } = await page(runId)
      expect(JSON.stringify(items).length).toBeLessThan(700_000)
      expect(items).toMatchObject([{ detail: { output: expect.stringMatching(/… \(cut\)$/), diff: [{}, {}, {}] } }])
      const told = JSON.stringify(world.events().filter((e) => e.kind === 'run_step'))
      expect(told.length).toBeLessThan(100_000)
      expect(told).toContain('\\"clipped\\":true')
      expect(await world.talk.pages.one(owner, runId, id)).toEqual(items[0]!)
    })

    test('are read by whoever reads the channel of their run, and by no other', async () => {
      const runId = await running()
      const id = `step_${runId.slice(-8)}`
      await append(runId, { id, detail: notice('secret') })
      const stranger = await world.computer()
      const missing = { kind: 'not_found' }
      expect(world.talk.pages.page(stranger, runId, {})).rejects.toMatchObject(missing)
      expect(world.talk.pages.one(stranger, runId, id)).rejects.toMatchObject(missing)
      // Under the address of another run there is no such step either.
      expect(world.talk.pages.one(owner, await running(), id)).rejects.toMatchObject(missing)
      expect(page('run_0')).rejects.toMatchObject(missing)
    })

    test('of text are written piece by piece while they stream, and whole at their end', async () => {
      const runId = await running()
      const id = `step_${runId.slice(-8)}`
      const before = (await pieces()).length
      const send = (offset: number, text: string, status: NewStep['status'] = 'running') =>
        append(runId, { id, status, detail: { type: 'text', offset, text } })
      let text = ''
      for (const piece of ['Hel', 'lo ', 'w\u0000r', 'ld ', '\ud83d', '\ude80', ' over']) {
        expect(await send(text.length, piece)).toMatchObject({ accepted: true })
        text += piece
        expect((await page(runId)).items).toMatchObject([{ status: 'running', detail: { type: 'text', text } }])
      }
      // Only the first is in the step itself.
      expect((await pieces()).length - before).toBe(6)
      const row = (await world.core.db.q.select().from(world.core.db.t.runSteps)).find((step) => step.id === id)
      expect(row).toMatchObject({ detail: { text: 'Hel' } })
      expect(await send(text.length + 1, 'hole')).toMatchObject({ accepted: false, reason: 'step_gap' })

      world.events()
      expect(await send(3, 'lo ')).toMatchObject({ accepted: true })
      expect(world.events()).toEqual([])
      expect((await page(runId)).items).toMatchObject([{ detail: { text } }])

      await send(text.length, '!', 'completed')
      const told = world.events().map((e) => JSON.parse(e.payload))
      // What is told of is the piece, not all of the text.
      expect(told).toMatchObject([{ status: 'completed', detail: { type: 'text', offset: text.length, text: '!' } }])
      expect((await page(runId)).items).toMatchObject([
        { status: 'completed', detail: { offset: 0, text: `${text}!` } },
      ])
      expect((await pieces()).length).toBe(before)
    })

    test('of text that is written anew from its start replace what was there', async () => {
      const runId = await running()
      const id = `step_${runId.slice(-8)}`
      for (const [offset, text] of [
        [0, 'token '],
        [6, 'ghp_abc'],
        [13, ' done'],
      ] as const)
        await append(runId, { id, detail: { type: 'text', offset, text } })
      await append(runId, { id, status: 'completed', detail: { type: 'text', offset: 0, text: 'token *** used well' } })
      expect((await page(runId)).items).toMatchObject([{ detail: { text: 'token *** used well' } }])
    })

    test('of text that their run’s end cut short keep every piece that was accepted', async () => {
      const runId = await running()
      const id = `step_${runId.slice(-8)}`
      for (let n = 0; n < 40; n++) await append(runId, { id, detail: { type: 'thought', offset: n * 2, text: 'ab' } })
      const none = { summary: '', resultMessage: '', result: {}, error: '' }
      await world.talk.runs.report(computer, { runId, state: 'failed', leaseId: 'lease_1', ...none })
      expect((await page(runId)).items).toMatchObject([{ status: 'failed', detail: { text: 'ab'.repeat(40) } }])
    })
  })
