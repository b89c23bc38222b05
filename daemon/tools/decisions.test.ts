import { afterAll, beforeAll, expect, test } from 'bun:test'
import { type ToolBench, startToolBench } from '../../test/fixtures/tools'

let bench: ToolBench
beforeAll(async () => {
  bench = await startToolBench()
})
afterAll(() => bench[Symbol.asyncDispose]())

const said = (work: Promise<string>): Promise<string> => work.catch((error: Error) => `refused: ${error.message}`)
const idIn = (text: string): string => /dec_\w+/.exec(text)?.[0] ?? ''

test('agents propose, vote and read what is in force', async () => {
  const other = await bench.colleague('other')
  expect(await bench.call('list_decisions', { target: '#general' })).toBe('There are no such decisions in #general.')
  const proposed = await bench.call('propose_decision', { target: '#general', title: 'Use Bun', body: 'It is fast.' })
  expect(proposed).toMatch(/^Proposed as dec_\w+; it takes 2 to approve\.$/)
  const id = idIn(proposed)
  expect(await bench.call('vote_decision', { id, vote: 'approve', reason: 'mine' })).toContain('It is proposed.')
  expect(await bench.call('vote_decision', { id, vote: 'approve' }, other)).toBe(
    'Counted. 2 for, 0 against, 0 without an opinion; it takes 2. It is ratified.',
  )
  const list = await bench.call('list_decisions', { target: '#general' }, other)
  expect(list).toStartWith(`${id} [ratified] Use Bun (by @ada; 2 for`)
  expect(await said(bench.call('vote_decision', { id, vote: 'reject' }))).toStartWith(
    'refused: This decision is ratified',
  )
  const next = await bench.call('propose_decision', { target: '#general', title: 'T', body: 'b', supersedes: id })
  const { items } = await bench.owner.call('GET /api/channels/{target}/decisions', { params: { target: '#general' } })
  expect(items[0]).toMatchObject({
    id: idIn(next),
    supersedesDecisionId: id,
    proposer: { kind: 'agent', id: bench.ada.id },
  })
})

test('a channel that the agent is not in does not exist for it', async () => {
  await bench.owner.call('POST /api/channels', { body: { name: 'plaza' } })
  const proposal = { target: '#plaza', title: 'T', body: 'b' }
  expect(await said(bench.call('propose_decision', proposal))).toStartWith('refused: There is no channel #plaza')
  expect(await said(bench.call('list_decisions', { target: '#plaza' }))).toStartWith('refused: There is no channel')
})

test.each([
  ['propose_decision', { target: '#general', title: '', body: 'b' }],
  ['propose_decision', { target: '#general', title: 'x'.repeat(300), body: 'b' }],
  ['vote_decision', { id: 'dec_1', vote: 'perhaps' }],
  ['list_decisions', { target: '#general', status: 'open' }],
])('%s with %j is refused before anything is sent', async (name, input) => {
  const before = await bench.server.events()
  expect(await said(bench.call(name, input))).toStartWith('refused: ')
  expect(await bench.server.events()).toBe(before)
})
