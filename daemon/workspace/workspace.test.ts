import { afterEach, beforeEach, expect, test } from 'bun:test'
import { mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { makeFolders, type Paths, pathsOf } from '../config/paths'
import { RuntimeFailure } from '../runtimes/failure'
import { leavesWorkspace } from './paths'
import { isInside, prepareWorkspace } from './workspace'

let root: string
let paths: Paths
beforeEach(() => {
  root = realpathSync(mkdtempSync(join(tmpdir(), 'nekode-workspace-')))
  paths = pathsOf(join(root, 'home'))
  makeFolders(paths)
})
afterEach(() => rmSync(root, { recursive: true }))

const prepare = (configured = '') => prepareWorkspace({ paths, agentName: 'ada', configured })

test('an agent without a folder of its own gets one below the home, with memory and notes', () => {
  const folder = prepare()
  expect(folder).toBe(join(paths.home, 'agents', 'ada', 'workspace'))
  expect(readFileSync(join(folder, 'MEMORY.md'), 'utf8')).toStartWith('# Memory of @ada\n')
})

test('what the agent wrote is not overwritten', () => {
  const folder = prepare()
  writeFileSync(join(folder, 'MEMORY.md'), 'mine')
  prepare()
  expect(readFileSync(join(folder, 'MEMORY.md'), 'utf8')).toBe('mine')
})

test.each<[string, () => string, string]>([
  ['does not exist', () => join(root, 'nowhere'), 'does not exist on this computer'],
  ['is a file', () => join(root, 'file'), 'is not a folder'],
  ['is relative', () => 'work', 'is not an absolute path'],
  ["is the daemon's own", () => paths.state, "is, or holds, the daemon's own folder"],
  ["holds the daemon's own", () => paths.home, "is, or holds, the daemon's own folder"],
])('a folder that %s is refused by name', (_, folder, why) => {
  writeFileSync(join(root, 'file'), '')
  expect(() => prepare(folder())).toThrow(`The workspace folder ${folder()} ${why}`)
  try {
    prepare(folder())
  } catch (error) {
    expect(error instanceof RuntimeFailure && error.failure.reason).toBe('workspace_unavailable')
  }
})

test('a folder in which memory cannot be kept is refused by name', () => {
  const folder = join(root, 'odd')
  mkdirSync(folder)
  writeFileSync(join(folder, 'notes'), 'a file where a folder has to be')
  expect(() => prepare(folder)).toThrow(`The workspace folder ${folder} cannot be written: EEXIST`)
})

test('inside is what the links lead to, not what the path looks like', () => {
  const workspace = join(root, 'work')
  mkdirSync(join(workspace, 'src'), { recursive: true })
  mkdirSync(join(root, 'work-secrets'))
  symlinkSync(join(root, 'work-secrets'), join(workspace, 'link'))
  symlinkSync(join(workspace, 'src'), join(root, 'back'))
  const inside = ['', '.', 'src', 'src/new/file.ts', join(workspace, 'src'), join(root, 'back', 'a'), 'src/../src']
  const outside = ['..', '../work-secrets/a', 'link', 'link/new', '/etc/passwd', join(root, 'work-secrets'), '/']
  expect(inside.filter((path) => !isInside(workspace, path))).toEqual([])
  expect(outside.filter((path) => isInside(workspace, path))).toEqual([])
})

test.each<[boolean, Parameters<typeof leavesWorkspace>[1]]>([
  [false, { kind: 'read', input: { file_path: 'src/a.ts' } }],
  [true, { kind: 'read', input: { file_path: '/etc/passwd' } }],
  [true, { kind: 'read', input: { path: '~/.ssh/id_ed25519' } }],
  [true, { kind: 'read', input: { uri: '', absolutePath: 'file:///etc/passwd', path: 'file:///etc/passwd' } }],
  [true, { kind: 'read', input: { uri: 'file:///etc/passwd' } }],
  [true, { kind: 'read', input: { target_file: '/etc/passwd' } }],
  [true, { kind: 'read', input: { relative_workspace_path: '../x' } }],
  [true, { kind: 'read', input: { path: 'file:src/..%2f..%2f..%2fetc' } }],
  [true, { kind: 'search', input: { target_directories: ['/etc'] } }],
  [false, { kind: 'edit', input: { file_path: 'a.css', content: '/* all of it */', profile: '/x' } }],
  [true, { kind: 'edit', input: { edits: [{ filePath: '../x' }] } }],
  [true, { kind: 'edit', input: {}, diff: [{ path: '/etc/hosts', diff: '' }] }],
  [true, { kind: 'move', input: { from: 'a', to: '../a' } }],
  [true, { kind: 'search', input: { pattern: 'x', paths: ['src', '..'] } }],
  [false, { kind: 'search', input: { pattern: '/etc/passwd' } }],
  [false, { kind: 'execute', input: { command: 'ls /', cwd: '/' } }],
])('leaving the workspace: %p for %j', (leaves, call) => {
  const workspace = join(root, 'work')
  mkdirSync(workspace)
  expect(leavesWorkspace(workspace, call)).toBe(leaves)
})
