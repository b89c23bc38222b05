import { Code, ConnectError } from '@connectrpc/connect'
import { afterEach, beforeEach, describe, expect, test } from 'bun:test'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { FakeControl } from '../../test/fixtures/control'
import { dial } from '../control/client'
import { Link } from '../control/link'
import { AgentCalls } from './calls'
import { readMemory, updateMemory } from './memory'
import { AGENT_TOOLS } from './names'
import { AgentTokens } from './tokens'
import { agentTools } from './tools'

let folder: string
let workspace: string
let server: FakeControl
let link: Link
let tokens: AgentTokens
const statuses: string[] = []
const closing: (() => void)[] = []
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'nekode-tools-'))
  workspace = join(folder, 'work')
  mkdirSync(join(workspace, 'notes'), { recursive: true })
  server = new FakeControl().start()
  link = new Link()
  const connection = await dial({ serverUrl: server.url, token: server.token })
  closing.push(() => connection.close())
  link.up(connection)
  tokens = new AgentTokens({ serverUrl: server.url, token: server.token, folder: join(folder, 'credentials') })
})
afterEach(async () => {
  for (const close of closing.splice(0)) close()
  await server.stop()
  rmSync(folder, { recursive: true })
})

function call(name: string, input: unknown, more: { workspaceOf?: () => string | undefined } = {}) {
  const tools = agentTools({
    calls: new AgentCalls(link, tokens, { serverUrl: server.url }),
    workspaceOf: () => workspace,
    sayStatus: (_, text) => statuses.push(text),
    portRefusal: async () => undefined,
    ...more,
  })
  const tool = tools.find((candidate) => candidate.name === name)
  if (!tool) throw new Error(`there is no tool ${name}`)
  return tool.call(input, 'ada')
}

test('there is a tool for each name that launch prompts promise, with words for the model', () => {
  const tools = agentTools({
    calls: new AgentCalls(link, tokens, { serverUrl: server.url }),
    workspaceOf: () => workspace,
    sayStatus: () => undefined,
    portRefusal: async () => undefined,
  })
  expect(tools.map(({ name }) => name)).toEqual([...AGENT_TOOLS])
  for (const { description } of tools) expect(description.length).toBeGreaterThan(30)
  expect(tools.filter(({ readOnly }) => readOnly).map(({ name }) => name)).toEqual([
    'read_messages',
    'search_messages',
    'list_channels',
    'list_members',
    'read_memory',
    'list_memory',
    'search_memory',
    'list_decisions',
    'list_reminders',
  ])
})

describe('talking', () => {
  test("a message is sent with the agent's own token", async () => {
    expect(await call('send_message', { target: '#general', text: 'hello' })).toStartWith('Sent to #general')
    expect(server.messages).toEqual([{ agentToken: 'nat_ada', target: '#general', content: 'hello' }])
  })

  test.each([
    ['an empty text', { target: '#general', text: '' }],
    ['no target', { text: 'hello' }],
    ['a field that does not exist', { target: '#general', text: 'x', sender: 'ann' }],
    ['a text that is too long', { target: '#general', text: 'x'.repeat(50_000) }],
  ])('%s is refused before anything is sent', async (_, input) => {
    await expect(call('send_message', input)).rejects.toThrow()
    expect(server.messages).toEqual([])
  })

  test('what the server has against it reaches the agent in its words', async () => {
    server.fault = (method) =>
      method === 'sendMessage' ? new ConnectError('You are not a member of #secret.', Code.PermissionDenied) : undefined
    // Not `rejects`: it runs the event loop inside of itself, in which an answered stream of node:http2 looks cut off.
    const error = await call('send_message', { target: '#secret', text: 'hi' }).catch((thrown: Error) => thrown)
    expect(String(error)).toContain('You are not a member of #secret.')
  })

  test('a token that is refused is renewed once; after that the agent hears nothing of credentials', async () => {
    let refusals = 1
    server.fault = (method) =>
      method === 'sendMessage' && refusals-- > 0 ? new ConnectError('token expired', Code.Unauthenticated) : undefined
    await call('send_message', { target: '#general', text: 'hello' })
    expect(server.messages).toHaveLength(1)
    server.fault = (method) =>
      method === 'sendMessage' ? new ConnectError('bad token', Code.Unauthenticated) : undefined
    const error = await call('send_message', { target: '#general', text: 'hello' }).catch((thrown: Error) => thrown)
    expect(String(error)).toContain('does not let you')
    expect(String(error)).not.toMatch(/token|credential|log ?in/i)
  })

  test('a server that is away is told as that', async () => {
    server.fault = (method) => (method === 'sendMessage' ? new ConnectError('x', Code.Unavailable) : undefined)
    const error = await call('send_message', { target: '#general', text: 'hi' }).catch((thrown: Error) => thrown)
    expect(String(error)).toContain('cannot be reached just now')
  })

  test('a status is shown, not sent', async () => {
    await call('update_status', { text: 'reading the tests' })
    expect(statuses).toEqual(['reading the tests'])
    expect(server.messages).toEqual([])
  })
})

describe('memory', () => {
  const hashIn = (text: string) => /hash: (\w+)/.exec(text)?.[1] ?? ''

  test('is read with the hash that an update needs, and replaced as a whole', async () => {
    writeFileSync(join(workspace, 'MEMORY.md'), 'old')
    const read = await call('read_memory', {})
    expect(read).toEndWith('\n\nold')
    const written = await call('update_memory', { text: 'new', hash: hashIn(read) })
    expect(readFileSync(join(workspace, 'MEMORY.md'), 'utf8')).toBe('new')
    expect(hashIn(written)).toBe(readMemory(workspace).hash)
  })

  test('that has changed since is not overwritten; the agent gets the present text', () => {
    writeFileSync(join(workspace, 'MEMORY.md'), 'first')
    const { hash } = readMemory(workspace)
    writeFileSync(join(workspace, 'MEMORY.md'), 'second, by a person')
    expect(() => updateMemory(workspace, { text: 'mine', hash })).toThrow('MEMORY.md has changed since you read it.')
    expect(readFileSync(join(workspace, 'MEMORY.md'), 'utf8')).toBe('second, by a person')
  })

  test('has notes, which are listed', () => {
    const { hash } = readMemory(workspace)
    updateMemory(workspace, { file: 'notes/release/how-to.md', text: 'steps', hash })
    expect(readMemory(workspace).notes).toEqual(['notes/release/how-to.md'])
    expect(readMemory(workspace, 'notes/release/how-to.md').text).toBe('steps')
  })

  test.each([
    '../secret.md',
    '/etc/passwd',
    'notes/../../x.md',
    'src/main.ts',
    'notes/x.sh',
    'notes/.hidden.md',
    'notes/out/x.md',
  ])('is nothing but MEMORY.md and notes: %p is refused', (file) => {
    mkdirSync(join(folder, 'elsewhere'))
    symlinkSync(join(folder, 'elsewhere'), join(workspace, 'notes/out'))
    expect(() => readMemory(workspace, file)).toThrow()
    expect(() => updateMemory(workspace, { file, text: 'x', hash: 'x' })).toThrow('is not memory')
    expect(existsSync(join(folder, 'elsewhere/x.md'))).toBe(false)
  })

  test('that is missing is empty, and a note that is missing is said to be', () => {
    expect(readMemory(workspace).text).toBe('')
    expect(() => readMemory(workspace, 'notes/none.md')).toThrow('There is no notes/none.md')
  })

  test('has a length', () => {
    const { hash } = readMemory(workspace)
    expect(() => updateMemory(workspace, { text: 'x'.repeat(200_000), hash })).toThrow('at most 100000 characters')
  })

  test('of an agent without a workspace is not there', async () => {
    await expect(call('read_memory', {}, { workspaceOf: () => undefined })).rejects.toThrow('no workspace')
  })
})

describe('tokens', () => {
  test('are asked for once, kept in a file that only this user may read, and found again by the next process', async () => {
    const [first, second] = await Promise.all([tokens.get('ada'), tokens.get('ada')])
    expect([first, second]).toEqual(['nat_ada', 'nat_ada'])
    const path = join(folder, 'credentials/ada.json')
    expect(statSync(path).mode & 0o777).toBe(0o600)
    await server.stop()
    const next = new AgentTokens({ serverUrl: server.url, token: server.token, folder: join(folder, 'credentials') })
    expect(await next.get('ada')).toBe('nat_ada')
    server.start()
  })

  test('of another server, or that end soon, are not used', async () => {
    await tokens.get('ada')
    const path = join(folder, 'credentials/ada.json')
    const stored = JSON.parse(readFileSync(path, 'utf8'))
    for (const change of [{ serverUrl: 'http://other' }, { expiresAt: Date.now() + 1000 }]) {
      writeFileSync(path, JSON.stringify({ ...stored, ...change, token: 'nat_stale' }))
      const next = new AgentTokens({ serverUrl: server.url, token: server.token, folder: join(folder, 'credentials') })
      expect(await next.get('ada')).toBe('nat_ada')
    }
  })

  test('are forgotten with their agent', async () => {
    await tokens.get('ada')
    tokens.forget('ada')
    expect(existsSync(join(folder, 'credentials/ada.json'))).toBe(false)
  })
})
