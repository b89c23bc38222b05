import { create, type MessageInitShape } from '@bufbuild/protobuf'
import { expect, test } from 'bun:test'
import { AgentProfileSchema } from '@shared/gen/nekode/daemon/v1/agents_pb'
import { UNCONFINED } from '@shared/contract/agents'
import { settingsOf } from './profile'

const settings = (init: MessageInitShape<typeof AgentProfileSchema>, fallback: string[] = []) =>
  settingsOf(create(AgentProfileSchema, { agentId: 'agent_1', ...init }), fallback)

test.each([
  ['a JSON array', '["-p","two words"]', ['run-me', '-p', 'two words']],
  ['words, as earlier daemons have them', '-p two', ['run-me', '-p', 'two']],
  ['what only looks like JSON', '[x] y', ['run-me', '[x]', 'y']],
  ['nothing', '', ['run-me']],
])('the command of an agent takes its arguments from %s', (_, args, command) => {
  const env = [
    { name: 'NEKODE_EXECUTOR_COMMAND', value: 'run-me' },
    { name: 'NEKODE_EXECUTOR_ARGS', value: args },
    { name: 'OTHER', value: '1' },
  ]
  expect(settings({ env })).toMatchObject({ command, env: { OTHER: '1' } })
  expect(settings({ env }).env).not.toHaveProperty('NEKODE_EXECUTOR_COMMAND')
})

test("an agent without a command gets the computer's", () => {
  expect(settings({}, ['fallback', '-x']).command).toEqual(['fallback', '-x'])
  expect(settings({}).command).toEqual([])
})

test('an agent without a name goes by its id', () => {
  expect(settings({}).name).toBe('agent_1')
  expect(settings({ name: 'ada' }).name).toBe('ada')
})

test('secrets are taken out of texts, the longer one first; ordinary values and short ones stay', () => {
  const { clean } = settings({
    env: [
      { name: 'A', value: 'abcdefgh', secret: true },
      { name: 'B', value: 'abcdefgh-and-more', secret: true },
      { name: 'C', value: 'plain-value', secret: false },
      { name: 'D', value: 'yes', secret: true },
    ],
  })
  expect(clean('abcdefgh-and-more abcdefgh plain-value yes')).toBe('[redacted] [redacted] plain-value yes')
  expect(clean('nat_0123456789zyxwvutsrqpon')).toBe('[redacted]')
  expect(clean('run_0123456789zyxwvutsrqpon')).toBe('run_0123456789zyxwvutsrqpon')
})

const confined = (description: string) =>
  settings({ capabilities: [{ name: 'confinement', enabled: true, description }] })

test('what confines an agent is read from its profile; none is nothing of its own', () => {
  const own = { ...UNCONFINED, sandbox: true, memoryMb: 512, readable: ['/srv/docs'] }
  expect(confined(JSON.stringify(own)).confinement).toEqual(own)
  expect(settings({}).confinement).toEqual(UNCONFINED)
})

test.each([
  ['of a newer server', JSON.stringify({ ...UNCONFINED, moreOfIt: true })],
  ['damaged', '{"sandbox": tr'],
])('what is not understood, because it is %s, confines an agent rather than not', (_, text) => {
  expect(confined(text).confinement).toEqual({ ...UNCONFINED, sandbox: true })
})
