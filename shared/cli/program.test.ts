import { afterEach, expect, test } from 'bun:test'
import { NekodeError } from '@shared/errors'
import { command, group } from './command'
import type { Program } from './program'
import { TestHost } from './testing'

const say = command({
  name: 'say',
  description: 'Says it',
  args: { who: { type: 'positional', required: true }, times: { type: 'string' } },
  examples: ['nekode say ann', 'nekode login', 'nekode tunnels', '/opt/nekode say'],
  notes: ['See nekode say and nekode serve.'],
  repeated: ['times'],
  run: async ({ args, every, out, program, connect }) => {
    const { self } = await connect()
    out.show({ who: args.who, times: every('times'), program, self }, () => 'said')
    out.note('Go on with nekode say, or nekode serve.')
  },
})
const fail = command({
  name: 'fail',
  description: 'Fails',
  args: {},
  examples: [],
  offline: true,
  run: () => Promise.reject(new NekodeError('not_found', 'Gone.', { next: 'Look: nekode say' })),
})
const wrap = command({
  name: 'wrap',
  description: 'Runs another',
  args: {},
  examples: [],
  offline: true,
  rest: true,
  run: async ({ rest, out }) => out.show({ rest }, () => rest.join(' ')),
})
const program: Program = {
  name: 'other',
  version: '1',
  description: '',
  examples: [],
  commands: {
    say,
    fail,
    wrap,
    tunnel: say,
    all: group({ name: 'all', description: '', examples: [], default: 'say', open: true, subCommands: { say, fail } }),
  },
  renamed: { tunnels: 'tunnel' },
  exits: { codes: [[9, 'mine']], of: () => 9 },
  oneDash: true,
  speaker: {
    args: { as: { type: 'string', alias: 'from' } },
    connect: async (_, { as }) => ({
      server: 'x',
      call: () => Promise.reject(new Error('not called')),
      headers: () => ({}),
      self: { id: String(as), name: String(as) },
    }),
  },
}
const host = new TestHost(program)
afterEach(() => {
  host.stdout = ''
  host.stderr = ''
})

test('a command speaks as whom its program says, with the options of the program', async () => {
  expect(await host.run('say', 'ann', '-times', '1', '--times=-2', '-from', 'coder', '--json')).toBe(0)
  expect(host.json()).toEqual({
    who: 'ann',
    times: ['1', '-2'],
    program: 'other',
    self: { id: 'coder', name: 'coder' },
  })
  expect(await host.run('fail', '--as', 'x')).toBe(9)
})

test('what is said of commands names the program that has them', async () => {
  await host.run('say', 'ann')
  expect(host.stderr).toBe('Go on with other say, or nekode serve.\n')
  await host.run('fail')
  expect(host.stderr).toContain('next: Look: other say')
  await host.run('say', '--help')
  for (const text of [
    'other say ann',
    'nekode login',
    'other tunnel',
    '/opt/nekode say',
    'See other say and nekode serve.',
  ])
    expect(host.stdout).toContain(text)
})

test('each command has the exit codes of what it does', async () => {
  expect(await host.run('fail')).toBe(9)
  expect(await host.run('say')).toBe(2)
  await host.run('fail', '--help')
  expect(host.stdout).toContain('9  mine')
  await host.run('say', '--help')
  expect(host.stdout).toContain('3  not logged in')
})

test('what follows “--” is another’s, its --json and --help too', async () => {
  expect(await host.run('wrap', '--', 'cmd', '--json', '--help')).toBe(0)
  expect(host.stdout).toBe('cmd --json --help\n')
})

test('a group may leave words that it does not know to its default', async () => {
  expect(await host.run('all', 'ann', '--json')).toBe(0)
  expect(host.json()).toMatchObject({ who: 'ann' })
  expect(await host.run('all', 'fail')).toBe(9)
  expect(await host.run('all', 'toString', '--json')).toBe(0)
  expect(host.json()).toMatchObject({ who: 'toString' })
})
