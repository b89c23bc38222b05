import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { MAX_MEMORIES, MAX_MEMORY, MAX_MEMORY_BYTES, MemoryPath } from '@shared/contract'
import { type World, createWorld } from '../../test/fixtures/world'
import { type Scratch, storages } from '../../test/storages'
import type { AgentPrincipal, ComputerPrincipal, UserPrincipal } from '../access/principal'
import { onceWith } from '../idempotency/service'
import type { MemoryService } from './service'

test.each<[path: string, good: boolean]>([
  ['MEMORY.md', true],
  ['notes/release.md', true],
  ['备忘/发布.md', true],
  ['a b.md', true],
  ['', false],
  ['../x.md', false],
  ['notes/../x.md', false],
  ['/etc/passwd', false],
  ['.hidden', false],
  ['a//b', false],
  ['a\\b', false],
  ['a\n# b', false],
  ['x'.repeat(201), false],
])('a note may stand at %j: %p', (path, good) => {
  expect(MemoryPath.safeParse(path).success).toBe(good)
})

for (const storage of storages.filter((s) => s.available))
  describe(`on ${storage.name}`, () => {
    let scratch: Scratch
    let world: World
    let ada: UserPrincipal
    let bob: UserPrincipal
    let root: UserPrincipal
    let box: ComputerPrincipal
    let bot: AgentPrincipal
    let stranger: AgentPrincipal
    let elsewhere: ComputerPrincipal
    let memory: MemoryService

    beforeAll(async () => {
      scratch = await storage.scratch()
      world = await createWorld(scratch.dsn)
      root = await world.user('root', 'owner')
      ada = await world.user('ada', 'admin')
      bob = await world.user('bob')
      box = await world.computer()
      elsewhere = await world.computer()
      bot = await world.agent(ada, box, 'bot')
      stranger = await world.agent(ada, box, 'stranger')
      memory = world.talk.memory
      await world.talk.channels.create(ada, { name: 'den', visibility: 'private' })
      await world.talk.channels.addMember(ada, '#den', { kind: 'agent', memberId: bot.id })
      await world.talk.channels.addMember(ada, '#den', { kind: 'human', memberId: bob.id })
    }, 60_000)
    afterAll(async () => {
      await world?.close()
      await scratch?.drop()
    })

    const note = (path: string, content = 'x', more: object = {}) => ({ path, content, expectedVersion: 0, ...more })
    const code = async (work: Promise<unknown>): Promise<string> => {
      try {
        await work
        return 'ok'
      } catch (error) {
        return (error as { code: string }).code
      }
    }
    const events = () => world.events().map((e) => `${e.kind} ${e.operation} ${e.audience}`)
    const paths = async (p: Parameters<MemoryService['list']>[0], more: object = {}) =>
      (await memory.list(p, { agentId: bot.id, ...more })).items.map((m) => m.path)

    test('a note is written when it is still what the writer has read, and not otherwise', async () => {
      const one = await memory.put(bot, bot.id, note('cas.md', 'one', { title: 'T', tags: ['a'] }))
      expect(one).toMatchObject({ version: 1, scope: 'global', target: null, sizeBytes: 3, format: 'markdown' })
      expect(one.checksum).toBe(new Bun.CryptoHasher('sha256').update('one').digest('hex'))
      const two = await memory.put(bot, bot.id, { path: 'cas.md', content: 'zwei – 二', expectedVersion: 1 })
      expect(two).toMatchObject({
        id: one.id,
        version: 2,
        title: 'T',
        tags: ['a'],
        createdAt: one.createdAt,
        sizeBytes: 12,
      })
      world.events()
      for (const expectedVersion of [0, 1, 3])
        expect(await code(memory.put(bot, bot.id, { path: 'cas.md', content: 'mine', expectedVersion }))).toBe(
          'version_conflict',
        )
      expect(await memory.upsert(bot, bot.id, note('cas.md', 'mine'))).toEqual({ accepted: false, record: two })
      expect(await code(memory.put(bot, bot.id, { path: 'none.md', content: 'x', expectedVersion: 4 }))).toBe(
        'not_found',
      )
      expect(events()).toEqual([])
      expect((await memory.get(bot, one.id)).content).toBe('zwei – 二')
    })

    test('of several who write the same version at once one does', async () => {
      await memory.put(bot, bot.id, note('race.md'))
      const all = await Promise.all(
        ['a', 'b', 'c'].map((content) => memory.upsert(bot, bot.id, { path: 'race.md', content, expectedVersion: 1 })),
      )
      const done = all.filter((each) => each.accepted)
      expect(done).toHaveLength(1)
      expect(await memory.get(bot, done[0]!.record.id)).toMatchObject({ version: 2, content: done[0]!.record.content })
    })

    test('the agent’s own notes are for it, its computer, and those who see how it is run', async () => {
      const { id } = await memory.put(bot, bot.id, note('own.md'))
      for (const p of [bot, box, root, ada]) expect((await memory.get(p, id)).path).toBe('own.md')
      world.events()
      for (const p of [bob, stranger, elsewhere]) {
        expect(await code(memory.get(p, id))).toBe('not_found')
        expect(await paths(p, { path: 'own.md' })).toEqual([])
        expect(await code(memory.put(p, bot.id, { path: 'own.md', content: 'no', expectedVersion: 1 }))).toBe(
          'forbidden',
        )
        expect(await code(memory.remove(p, id, 1))).toBe('not_found')
      }
      expect(events()).toEqual([])
    })

    test('what is about a channel is for its readers, and an admin outside of it is none', async () => {
      world.events()
      const { id, target } = await memory.put(
        bot,
        bot.id,
        note('den.md', 'plans', { scope: 'channel', target: '#den' }),
      )
      expect(target).toBe('#den')
      const den = world.core.directory.channelAt('#den')!
      expect(events()).toEqual([`memory created channel:${den.id}`, `memory created computer:${box.id}`])
      for (const p of [bot, box, ada, bob]) {
        expect((await memory.get(p, id)).content).toBe('plans')
        expect(await paths(p, { target: '#den' })).toEqual(['den.md'])
      }
      for (const p of [root, stranger, elsewhere]) {
        expect(await code(memory.get(p, id))).toBe('not_found')
        expect(await paths(p)).not.toContain('den.md')
      }
      for (const p of [root, stranger, elsewhere]) expect(await code(paths(p, { target: '#den' }))).toBe('not_found')
      // Reading is not writing.
      expect(await code(memory.put(bob, bot.id, note('mine.md', 'x', { scope: 'channel', target: '#den' })))).toBe(
        'forbidden',
      )
      expect(await code(memory.put(bot, bot.id, note('x.md', 'x', { scope: 'channel' })))).toBe('invalid_request')
      expect(await code(memory.put(bot, bot.id, note('x.md', 'x', { target: '#den' })))).toBe('invalid_request')
      expect(
        await code(memory.put(stranger, stranger.id, note('x.md', 'x', { scope: 'channel', target: '#den' }))),
      ).toBe('not_found')
    })

    test('events of private notes reach those who may see them and nobody else', async () => {
      world.events()
      await memory.put(box, bot.id, note('told.md'))
      expect(events()).toEqual([`memory created agent:${bot.id}`, `memory created computer:${box.id}`])
      const { access } = world.core
      const audience = `agent:${bot.id}`
      expect([bot, root, ada].every((p) => access.sees(p, audience))).toBe(true)
      expect([bob, stranger, elsewhere, box].some((p) => access.sees(p, audience))).toBe(false)
    })

    test('notes are found by path, title, tag and words in any case and script, and not by wildcards', async () => {
      await memory.put(bot, bot.id, note('find/Deploy.md', 'Run MIGRATE first 100%', { title: 'Steps', tags: ['ops'] }))
      await memory.put(bot, bot.id, note('find/zh.md', '先运行数据库迁移'))
      for (const q of ['migrate', 'DEPLOY', 'steps', 'ops', '100%'])
        expect(await paths(bot, { q })).toEqual(['find/Deploy.md'])
      expect(await paths(bot, { q: '数据库' })).toEqual(['find/zh.md'])
      for (const q of ['%', '_igrate', 'mig%te'])
        expect(await paths(bot, { q })).toEqual(q === '%' ? ['find/Deploy.md'] : [])
      expect(await paths(bob, { q: 'migrate' })).toEqual([])
    })

    test('lists are pages, latest change first', async () => {
      for (const [i, path] of ['p/1', 'p/2', 'p/3', 'p/4', 'p/5'].entries())
        await memory.put(stranger, stranger.id, note(path, String(i)))
      await memory.put(stranger, stranger.id, { path: 'p/2', content: 'again', expectedVersion: 1 })
      const seen: string[] = []
      const versions: number[] = []
      let cursor: string | undefined
      do {
        const page = await memory.list(stranger, { agentId: stranger.id, limit: 2, cursor })
        seen.push(...page.items.map((m) => m.path))
        versions.push(...page.items.map((m) => m.updatedAt))
        cursor = page.nextCursor
      } while (cursor !== undefined)
      expect(seen.toSorted()).toEqual(['p/1', 'p/2', 'p/3', 'p/4', 'p/5'])
      expect(versions).toEqual(versions.toSorted((a, b) => b - a))
      expect(await code(memory.list(stranger, { agentId: stranger.id, cursor: 'x' }))).toBe('invalid_request')
    })

    test('removing takes the version too, and frees the path', async () => {
      const { id } = await memory.put(bot, bot.id, note('gone.md'))
      expect(await code(memory.remove(bot, id, 2))).toBe('version_conflict')
      world.events()
      await memory.remove(box, id, 1)
      expect(events()).toEqual([`memory deleted agent:${bot.id}`, `memory deleted computer:${box.id}`])
      expect(await code(memory.get(bot, id))).toBe('not_found')
      expect((await memory.put(bot, bot.id, note('gone.md'))).version).toBe(1)
    })

    test('what stays on the computer has a size and no content here', async () => {
      const localOnly = { sizeBytes: 5_000_000, checksum: 'a'.repeat(64) }
      const record = await memory.put(box, bot.id, note('local.bin', '', { localOnly }))
      expect(record).toMatchObject({ localOnly: true, content: '', ...localOnly })
      expect(await code(memory.put(box, bot.id, note('local2.bin', 'x', { localOnly })))).toBe('invalid_request')
    })

    test('an agent’s memory is bounded in bytes and in number', async () => {
      const hoarder = await world.agent(ada, box, 'hoarder')
      const content = 'x'.repeat(MAX_MEMORY)
      const most = Math.floor(MAX_MEMORY_BYTES / MAX_MEMORY)
      for (let i = 0; i < most; i++) await memory.put(hoarder, hoarder.id, note(`big/${i}`, content))
      expect(await code(memory.put(hoarder, hoarder.id, note('one-more', content)))).toBe('memory_full')
      // A note may be written anew, it is counted once.
      expect((await memory.put(hoarder, hoarder.id, { path: 'big/0', content, expectedVersion: 1 })).version).toBe(2)
      const { db } = world.core
      const [known] = (await memory.list(hoarder, { agentId: hoarder.id, limit: 1 })).items
      const row = { ...known!, channelId: '', sizeBytes: 0, content: '' }
      const { target: _, ...columns } = row
      await db.tx(async (tx) => {
        for (let i = most; i < MAX_MEMORIES; i++)
          await tx.insert(db.t.memories, { ...columns, id: `mem_filler${i}`, path: `filler/${i}` })
      })
      expect(await code(memory.put(hoarder, hoarder.id, note('empty', '')))).toBe('memory_full')
    })

    test('notes go with their agent', async () => {
      const gone = await world.agent(ada, box, 'gone')
      await memory.put(gone, gone.id, note('a.md'))
      await memory.put(bot, bot.id, note('stays.md'))
      await world.talk.agents.delete(ada, gone.id)
      const { db } = world.core
      const rows = await db.q.select().from(db.t.memories)
      expect(rows.filter((row) => row.agentId === gone.id)).toEqual([])
      expect(rows.some((row) => row.path === 'stays.md')).toBe(true)
      expect(await code(memory.list(ada, { agentId: gone.id }))).toBe('not_found')
    })

    test('a repeated write with the same key is done once', async () => {
      const input = note('keyed.md')
      const write = () => memory.put(bot, bot.id, input, onceWith(world.core.idempotency, bot, 'memory', 'k1', input))
      expect(await write()).toEqual(await write())
      expect(await memory.list(bot, { agentId: bot.id, path: 'keyed.md' })).toMatchObject({ items: [{ version: 1 }] })
    })
  })
