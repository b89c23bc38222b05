import { afterEach, beforeEach, describe, expect, test } from 'bun:test'
import { create } from '@bufbuild/protobuf'
import { PermissionScope } from '@shared/gen/nekode/daemon/v1/common_pb'
import { type MemoryRecord, MemoryRecordSchema } from '@shared/gen/nekode/daemon/v1/memory_pb'
import { createLogger } from '@shared/log'
import {
  existsSync,
  lstatSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { FakeControl, until } from '../../test/fixtures/control'
import { type Connection, dial } from '../control/client'
import { COPY, MemoryCopies, copyText, writeCopy } from './copy'

let workspace: string
beforeEach(() => {
  workspace = mkdtempSync(join(tmpdir(), 'nekode-copy-'))
})
afterEach(() => rmSync(workspace, { recursive: true }))

const note = (path: string, content: string, more: object = {}): MemoryRecord =>
  create(MemoryRecordSchema, { agentId: 'ada', path, content, scope: PermissionScope.GLOBAL, version: 1n, ...more })
const here = () => readFileSync(join(workspace, COPY), 'utf8')

describe('a copy', () => {
  test('has every note with where it stands and which version it is, in an order of its own', () => {
    const notes = [
      note('b.md', 'two', { title: 'B', version: 7n, tags: ['x', 'y'] }),
      note('a.md', 'one'),
      note('c.md', 'three', { scope: PermissionScope.CHANNEL, target: '#den' }),
      note('big.bin', '', { localOnly: true }),
    ]
    const text = copyText('ada', notes)
    expect(copyText('ada', notes.toReversed())).toBe(text)
    expect(text).toContain('## b.md — B\nscope: global · version: 7 · tags: x, y\n\ntwo')
    expect(text).toContain('## c.md\nscope: channel #den · version: 1\n\nthree')
    expect(text).toContain('(only on this computer)')
    expect(text.indexOf('## a.md')).toBeLessThan(text.indexOf('## b.md'))
  })

  test('is bounded, and names what it leaves out', () => {
    const text = copyText(
      'ada',
      Array.from({ length: 10 }, (_, i) => note(`n${i}.md`, 'x'.repeat(60_000))),
    )
    expect(text.length).toBeLessThan(210_000)
    expect(text).toContain('## n9.md')
    expect(text).toContain('(too much for this copy; read it with search_memory)')
  })

  test('replaces an earlier copy and goes when there is nothing to copy', () => {
    expect(writeCopy(workspace, copyText('ada', [note('a.md', 'one')]))).toBe(true)
    expect(writeCopy(workspace, copyText('ada', [note('a.md', 'two')]))).toBe(true)
    expect(here()).toContain('two')
    expect(readdirSync(workspace)).toEqual([COPY])
    expect(writeCopy(workspace, undefined)).toBe(true)
    expect(existsSync(join(workspace, COPY))).toBe(false)
    expect(writeCopy(workspace, undefined)).toBe(true)
  })

  test('leaves a file of somebody else and the agent’s own memory alone', () => {
    writeFileSync(join(workspace, 'MEMORY.md'), 'mine')
    writeFileSync(join(workspace, COPY), 'also mine')
    expect(writeCopy(workspace, copyText('ada', [note('a.md', 'one')]))).toBe(false)
    expect(writeCopy(workspace, undefined)).toBe(false)
    expect([here(), readFileSync(join(workspace, 'MEMORY.md'), 'utf8')]).toEqual(['also mine', 'mine'])
  })

  test('does not follow a link that stands in its place', () => {
    const outside = mkdtempSync(join(tmpdir(), 'nekode-outside-'))
    writeFileSync(join(outside, 'file'), 'precious')
    symlinkSync(join(outside, 'file'), join(workspace, COPY))
    writeCopy(workspace, copyText('ada', [note('a.md', 'one')]))
    expect(readFileSync(join(outside, 'file'), 'utf8')).toBe('precious')
    expect(lstatSync(join(workspace, COPY)).isFile()).toBe(true)
    rmSync(outside, { recursive: true })
  })
})

describe('copies', () => {
  let server: FakeControl
  let connection: Connection | undefined
  beforeEach(async () => {
    server = new FakeControl().start()
    connection = await dial({ serverUrl: server.url, token: server.token })
  })
  afterEach(async () => {
    connection?.close()
    await server.stop()
  })

  const copies = () =>
    new MemoryCopies({ client: () => connection?.client ?? null, log: createLogger({ write: () => {} }) })
  const ada = { agentId: 'ada', name: 'ada' }

  test('are made of all pages, and follow the server', async () => {
    for (let i = 0; i < 450; i++) server.memory.push(note(`n${i}.md`, `text ${i}.`))
    server.memory.push(note('other.md', 'of another agent', { agentId: 'bob' }))
    const made = copies()
    await made.refresh(ada, workspace)
    expect(here()).toContain('text 0.')
    expect(here()).toContain('text 449.')
    expect(here()).not.toContain('of another agent')
    server.memory.splice(0)
    await made.refresh(ada, workspace)
    expect(existsSync(join(workspace, COPY))).toBe(false)
  })

  test('take in what changes while they are made', async () => {
    server.memory.push(note('a.md', 'first'))
    const made = copies()
    const busy = made.refresh(ada, workspace)
    server.memory.splice(0, 1, note('a.md', 'second'))
    await Promise.all([busy, made.refresh(ada, workspace)])
    await until('the copy', () => here().includes('second'))
  })

  test('stay as they are when the server is away or refuses', async () => {
    server.memory.push(note('a.md', 'kept'))
    const made = copies()
    await made.refresh(ada, workspace)
    connection?.close()
    connection = undefined
    await made.refresh(ada, workspace)
    expect(here()).toContain('kept')
  })
})
