import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'bun:test'
import { join } from 'node:path'
import { type TestServer, startTestServer } from '../testing'
import { writeAccount } from '@shared/cli/account'
import { TestHost } from './testing'

let server: TestServer
let host: TestHost

beforeAll(async () => {
  server = await startTestServer()
  await server.as('owner', 'ann')
  await server.as('member', 'bob')
  await server.agent({ name: 'coder' })
})
afterAll(() => server.stop())
beforeEach(async () => {
  host = new TestHost()
  await be('ann')
})
afterEach(() => host.remove())

const be = async (name: string): Promise<void> => {
  const { token } = await server.as(name === 'ann' ? 'owner' : 'member', name)
  await writeAccount(host.env, { server: server.url, token })
}

/** A command that has to succeed, with what it says to programs. */
async function ok(...argv: string[]) {
  expect([await host.run(...argv, '--json'), host.stderr]).toEqual([0, ''])
  return host.json()
}

describe('decisions', () => {
  test('are proposed, voted on, ratified, superseded and retired', async () => {
    host.input = 'One runtime.\n'
    const made = await ok('decisions', 'propose', 'general', 'Use Bun', '-', '--within', '3d')
    expect(made).toMatchObject({ title: 'Use Bun', body: 'One runtime.', quorum: 2, status: 'proposed' })
    expect(made.expiresAt).toBeGreaterThan(Date.now())
    expect(await ok('decisions', 'vote', made.id, 'approve')).toMatchObject({ decision: { approveCount: 1 } })
    expect(await host.run('decisions', 'ratify', made.id)).toBe(1)
    expect(host.stderr).toContain('It takes 2 to approve')
    await be('bob')
    expect(await host.run('decisions', 'ratify', made.id, '--force')).toBe(4)
    expect(await host.run('decisions', 'vote', made.id, 'approve', '--reason', 'fast')).toBe(0)
    expect(host.stdout).toBe('Counted: 2+ 0- of 2. It is ratified.\n')
    const next = await ok('decisions', 'supersede', made.id, 'Use Bun 2', 'The next one.')
    await be('ann')
    expect(await ok('decisions', 'ratify', next.id, '--force')).toMatchObject({ status: 'ratified', forced: true })
    const { decision, votes, chain } = await ok('decisions', 'show', made.id)
    expect(decision).toMatchObject({ status: 'retired', supersededByDecisionId: next.id })
    expect([votes.length, chain.length]).toEqual([2, 2])
    expect((await ok('decisions', 'list', 'general')).items.map((d: { id: string }) => d.id)).toEqual([next.id])
    expect((await ok('decisions', 'list', 'general', '--status', 'all')).items).toHaveLength(2)
    expect(await ok('decisions', 'retire', next.id, '--reason', 'over')).toMatchObject({ status: 'retired' })
  })

  test('are promoted, rejected and withdrawn', async () => {
    const { message } = await ok('send', 'general', 'Ship on Friday')
    const made = await ok('decisions', 'promote', message.id)
    expect(made).toMatchObject({ title: 'Ship on Friday', sourceMessageId: message.id })
    expect(await ok('decisions', 'reject', made.id)).toMatchObject({ status: 'rejected' })
    const own = await ok('decisions', 'propose', 'general', 'T', 'b')
    expect(await ok('decisions', 'withdraw', own.id)).toMatchObject({ status: 'withdrawn' })
    expect(await host.run('decisions', 'withdraw', own.id)).toBe(1)
  })

  test('are a table and a text for people, in which nothing can pass for something else', async () => {
    const made = await ok('decisions', 'propose', 'general', 'Odd\u001b[31m title', 'line\n## status  ratified')
    expect(await host.run('decisions', 'list', 'general')).toBe(0)
    expect(host.stdout).toMatch(/^ID +STATUS +VOTES +BY +SINCE +TITLE\n/)
    expect(host.stdout).not.toContain('\u001b')
    expect(await host.run('decisions', 'show', made.id)).toBe(0)
    expect(host.stdout).toMatch(/^status +proposed$/m)
    expect(host.stdout).toContain('\n  ## status  ratified')
  })

  test.each([
    [['decisions', 'list', 'general', '--status', 'open'], 2],
    [['decisions', 'vote', 'dec_1', 'perhaps'], 2],
    [['decisions', 'propose', 'general', 'T'], 2],
    [['decisions', 'propose', 'general', 'T', 'b', '--quorum', '0'], 2],
    [['decisions', 'vote', 'dec_0', 'approve'], 4],
    [['decisions', 'list', 'nowhere'], 4],
  ] as [string[], number][])('%j ends with %d', async (argv, code) => {
    expect(await host.run(...argv)).toBe(code)
  })
})

describe('memory', () => {
  test('is written, found, shown and removed, and not by a writer that came too late', async () => {
    const first = await ok(
      'memory',
      'set',
      '@coder',
      'notes/release.md',
      'Tag first.',
      '--title',
      'Release',
      '--tags',
      'ops,ci',
    )
    expect(first).toMatchObject({ version: 1, title: 'Release', tags: ['ops', 'ci'] })
    await Bun.write(join(host.home, 'n.md'), 'Tag, then build.\n')
    const second = await ok('memory', 'set', 'coder', 'notes/release.md', '--file', join(host.home, 'n.md'))
    expect(second).toMatchObject({ id: first.id, version: 2, content: 'Tag, then build.\n' })
    expect(await host.run('memory', 'set', 'coder', 'notes/release.md', 'late', '--if-version', '1')).toBe(1)
    expect(host.stderr).toContain('it is at version 2')
    expect((await ok('memory', 'search', '@coder', 'BUILD')).items.map((m: { path: string }) => m.path)).toEqual([
      'notes/release.md',
    ])
    expect(await host.run('memory', 'show', '@coder', 'notes/release.md')).toBe(0)
    expect(host.stdout).toMatch(/^version +2$/m)
    expect(host.stdout).toEndWith('\n  Tag, then build.\n')
    expect(await host.run('memory', 'remove', '@coder', 'notes/release.md')).toBe(2)
    expect(await ok('memory', 'remove', '@coder', 'notes/release.md', '--yes')).toEqual({ ok: true })
    expect(await host.run('memory', 'show', '@coder', 'notes/release.md')).toBe(4)
  })

  test('about a channel is for its members, and the agent’s own is not', async () => {
    await ok('memory', 'set', '@coder', 'own.md', 'mine')
    await ok('memory', 'set', '@coder', 'shared.md', 'ours', '--target', 'general')
    await be('bob')
    expect((await ok('memory', 'list', '@coder')).items.map((m: { path: string }) => m.path)).toEqual(['shared.md'])
    expect((await ok('memory', 'show', '@coder', 'shared.md', '--target', 'general')).content).toBe('ours')
    expect(await host.run('memory', 'set', '@coder', 'shared.md', 'no', '--target', 'general')).toBe(4)
    await be('ann')
    expect(await host.run('memory', 'list', '@coder')).toBe(0)
    expect(host.stdout).toMatch(/^PATH +ABOUT +VERSION +BYTES +CHANGED +TITLE\n/)
    expect(host.stdout).toMatch(/^shared\.md +channel #general +1 +4 /m)
  })
})
