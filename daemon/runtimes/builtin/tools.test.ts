import { afterAll, describe, expect, test } from 'bun:test'
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { errorText } from '@shared/errors'
import { inWorkspace } from './files'
import { shellTool } from './shell'
import { FILE_TOOLS, type ToolOutput } from './tools'

const root = mkdtempSync(join(tmpdir(), 'nekode-tools-'))
afterAll(() => rmSync(root, { recursive: true, force: true }))
const workspace = join(root, 'work')
const secret = join(root, 'secret.txt')
mkdirSync(join(workspace, 'src'), { recursive: true })
writeFileSync(secret, 'SECRET')
writeFileSync(join(workspace, 'src/a.ts'), 'const one = 1\nconst two = 2\nconst one = 3\n')
writeFileSync(join(workspace, 'src/b.md'), 'One, two\n')
writeFileSync(join(workspace, 'binary'), new Uint8Array([1, 0, 2]))
symlinkSync(secret, join(workspace, 'link.txt'))
symlinkSync(root, join(workspace, 'up'))
symlinkSync(join(root, 'not-there-yet'), join(workspace, 'dangling'))
symlinkSync(join(workspace, 'src'), join(workspace, 'inside'))

const context = { workspace, signal: new AbortController().signal, onOutput: () => undefined }

/** The text for the model, and whether it is an error. */
async function use(name: string, input: unknown): Promise<ToolOutput> {
  const tool = FILE_TOOLS.find((candidate) => candidate.name === name)!
  try {
    return await tool.prepare(input, context).run()
  } catch (error) {
    return { text: errorText(error), failed: true }
  }
}

describe('confinement to the workspace', () => {
  const outside = [
    '../secret.txt',
    secret,
    'link.txt',
    'up/secret.txt',
    'src/../../secret.txt',
    'dangling',
    'up/new.txt',
    '..',
    '/etc/passwd',
  ]
  for (const path of outside)
    test(`refuses ${path.replace(root, '')} for reading, listing, searching, writing and editing`, async () => {
      for (const [name, input] of [
        ['read_file', { path }],
        ['list_files', { path }],
        ['search', { text: 'SECRET', path }],
        ['write_file', { path, content: 'x' }],
        ['edit_file', { path, old_text: 'SECRET', new_text: 'x' }],
      ] as const) {
        const { text, failed } = await use(name, input)
        expect(failed).toBe(true)
        expect(text).not.toContain('SECRET')
      }
      expect(readFileSync(secret, 'utf8')).toBe('SECRET')
      expect(existsSync(join(root, 'not-there-yet'))).toBe(false)
      expect(existsSync(join(root, 'new.txt'))).toBe(false)
    })

  test('looks again when the answer to the question comes: a link made meanwhile is not followed', () => {
    const write = FILE_TOOLS.find(({ name }) => name === 'write_file')!
    const prepared = write.prepare({ path: 'later.txt', content: 'x' }, context)
    symlinkSync(secret, join(workspace, 'later.txt'))
    expect(() => prepared.run()).toThrow('outside the workspace')
    expect(readFileSync(secret, 'utf8')).toBe('SECRET')
    rmSync(join(workspace, 'later.txt'))
  })

  test('lets links through that stay inside, and files that do not exist yet', () => {
    expect(inWorkspace(workspace, 'inside/a.ts')).toBe(inWorkspace(workspace, 'src/a.ts'))
    expect(inWorkspace(workspace, 'new/folder/file.txt')).toBe(join(inWorkspace(workspace, '.'), 'new/folder/file.txt'))
    expect(inWorkspace(workspace, '.')).toBe(inWorkspace(workspace, ''))
  })
})

describe('the file tools', () => {
  test('read a file, a part of it, and say what cannot be read', async () => {
    expect((await use('read_file', { path: 'src/a.ts', offset: 2, limit: 1 })).text).toBe('const two = 2')
    expect(await use('read_file', { path: 'none' })).toEqual({ text: 'none does not exist.', failed: true })
    expect((await use('read_file', { path: 'src' })).text).toContain('is a folder')
    expect((await use('read_file', { path: 'binary' })).text).toContain('not a text file')
    expect((await use('read_file', {})).failed).toBe(true)
  })

  test('list and search', async () => {
    expect((await use('list_files', {})).text.split('\n')).toEqual(['binary', 'src/'])
    expect((await use('list_files', { recursive: true })).text.split('\n')).toEqual([
      'binary',
      'src/',
      'src/a.ts',
      'src/b.md',
    ])
    expect((await use('search', { text: 'one' })).text).toBe('src/a.ts:1: const one = 1\nsrc/a.ts:3: const one = 3')
    expect((await use('search', { text: 'ONE', ignoreCase: true, files: '*.md' })).text).toBe('src/b.md:1: One, two')
    expect((await use('search', { text: '(one' })).text).toBe('No match.')
  })

  test('write and edit with a diff, and refuse what is ambiguous or has changed', async () => {
    const made = await use('write_file', { path: 'deep/er/new.txt', content: 'hello\n' })
    expect(made.diff?.[0]?.diff).toContain('+hello')
    expect(readFileSync(join(workspace, 'deep/er/new.txt'), 'utf8')).toBe('hello\n')
    const edited = await use('edit_file', { path: 'deep/er/new.txt', old_text: 'hello', new_text: '$& bye' })
    expect(edited.diff?.[0]?.diff).toContain('-hello\n+$& bye')
    expect((await use('edit_file', { path: 'src/a.ts', old_text: 'one', new_text: 'x' })).text).toContain('2 times')
    expect((await use('edit_file', { path: 'src/a.ts', old_text: 'none', new_text: 'x' })).text).toContain(
      'not in src/a.ts',
    )
    const edit = FILE_TOOLS.find(({ name }) => name === 'edit_file')!
    const prepared = edit.prepare({ path: 'src/a.ts', old_text: 'one', new_text: 'x', all: true }, context)
    writeFileSync(join(workspace, 'src/a.ts'), 'someone else was here')
    expect(() => prepared.run()).toThrow('changed by someone else')
  })
})

describe('the shell', () => {
  const env = {
    PATH: '/usr/bin:/bin',
    OPENAI_API_KEY: 'k',
    NEKODE_MODEL_API_KEY: 'k',
    ANTHROPIC_API_KEY: 'k',
    MINE: 'yes',
  }
  const shell = shellTool(env, undefined)
  const run = (command: string, timeout_seconds?: number) =>
    shell.prepare({ command, ...(timeout_seconds ? { timeout_seconds } : {}) }, context).run()

  test('runs in the workspace, without the keys of the model, and reports the exit code', async () => {
    expect(await run('pwd; echo "$MINE-$OPENAI_API_KEY$NEKODE_MODEL_API_KEY$ANTHROPIC_API_KEY-"')).toEqual({
      text: `${inWorkspace(workspace, '.')}\nyes--\n`,
    })
    expect(await run('echo oops >&2; exit 3')).toEqual({ text: 'oops\n(exit 3)', failed: true })
    expect(await run('true')).toEqual({ text: '(no output)' })
  })

  test('stops what takes too long, with everything it has started', async () => {
    expect(await run('echo begun; setsid sleep 77.7 & sleep 77.7', 1)).toEqual({
      text: 'begun\n(stopped after 1 s)',
      failed: true,
    })
    expect(Bun.spawnSync(['pgrep', '-f', 'sleep 77.7']).stdout.toString()).toBe('')
  })

  test('keeps the beginning and the end of a long output', async () => {
    const { text } = await run('echo first; seq 1 100000; echo last')
    expect(text.length).toBeLessThan(70_000)
    expect(text).toStartWith('first\n1\n')
    expect(text).toEndWith('100000\nlast\n')
    expect(text).toContain('characters left out')
  })
})

test('a file that would fill the memory is not read', async () => {
  const big = join(workspace, 'big.log')
  writeFileSync(big, 'first line\n')
  truncateSync(big, 8 * 1024 ** 3)
  expect(await use('read_file', { path: 'big.log', limit: 1 })).toMatchObject({
    failed: true,
    text: expect.stringContaining('too big'),
  })
  rmSync(big)
})
