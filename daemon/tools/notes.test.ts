import { afterAll, beforeAll, expect, test } from 'bun:test'
import { type ToolBench, startToolBench } from '../../test/fixtures/tools'

let bench: ToolBench
beforeAll(async () => {
  bench = await startToolBench()
})
afterAll(() => bench[Symbol.asyncDispose]())

const said = (work: Promise<string>): Promise<string> => work.catch((error: Error) => `refused: ${error.message}`)

test('a note is written with the version that was read, found again, and seen by people', async () => {
  expect(await bench.call('list_memory', {})).toBe('There are no notes.')
  const note = { path: 'notes/release.md', text: 'Tag first, then build.', version: 0, title: 'Release', tags: ['ops'] }
  expect(await bench.call('set_memory', note)).toBe('Written: notes/release.md (version 1, 22 bytes) Release')
  expect(await said(bench.call('set_memory', { ...note, text: 'other' }))).toStartWith('refused: This note has changed')
  await bench.call('set_memory', { path: 'notes/release.md', text: 'Tag, build, ship.', version: 1 })
  expect(await bench.call('list_memory', {})).toBe('notes/release.md (version 2, 17 bytes) Release')
  expect(await bench.call('search_memory', { query: 'SHIP' })).toEndWith('\n\nTag, build, ship.')
  expect(await bench.call('search_memory', { query: 'notes/release.md' })).toEndWith('\n\nTag, build, ship.')
  expect(await bench.call('search_memory', { query: 'nothing' })).toBe('No note matches “nothing”.')
  const { items } = await bench.owner.call('GET /api/agents/{id}/memory', { params: { id: bench.ada.id } })
  expect(items).toMatchObject([{ path: 'notes/release.md', version: 2, scope: 'global', tags: ['ops'] }])
})

test('a note about a channel is for those in it, and one about a channel that the agent is not in is refused', async () => {
  await bench.call('set_memory', { path: 'g.md', text: 'shared', version: 0, target: '#general' })
  const member = await bench.server.as('member')
  const seen = await member.call('GET /api/agents/{id}/memory', { params: { id: bench.ada.id } })
  expect(seen.items.map((each) => [each.path, each.target])).toEqual([['g.md', '#general']])
  await bench.owner.call('POST /api/channels', { body: { name: 'den', visibility: 'private' } })
  const den = { path: 'd.md', text: 'x', version: 0, target: '#den' }
  expect(await said(bench.call('set_memory', den))).toStartWith('refused: There is no channel #den')
})

test('an agent reaches only its own notes, whatever computer it shares', async () => {
  const other = await bench.colleague('other')
  expect(await bench.call('list_memory', {}, other)).toBe('There are no notes.')
  expect(await bench.call('search_memory', { query: 'ship' }, other)).toBe('No note matches “ship”.')
})

test('long notes are shown in part by a search and whole by their path', async () => {
  await bench.call('set_memory', { path: 'long.md', text: `start ${'x'.repeat(5000)} end`, version: 0 })
  const found = await bench.call('search_memory', { query: 'start x' })
  expect(found).toEndWith('… (search for "long.md" to read all of it)')
  expect(await bench.call('search_memory', { query: 'long.md' })).toEndWith(' end')
})

test.each([
  ['a path that leads out', { path: '../x', text: '', version: 0 }],
  ['no version', { path: 'x', text: '' }],
  ['too much text', { path: 'x', text: 'x'.repeat(70_000), version: 0 }],
  ['a field that does not exist', { path: 'x', text: '', version: 0, agent: 'bob' }],
])('%s is refused before anything is sent', async (_, input) => {
  const before = await bench.server.events()
  expect(await said(bench.call('set_memory', input))).toStartWith('refused: ')
  expect(await bench.server.events()).toBe(before)
})
