import { expect, test } from 'bun:test'
import type { WorkspaceEntry } from '@shared/contract'
import { inOrder, languageOf, step } from './tree'

const entry = (name: string, kind: WorkspaceEntry['kind'] = 'file'): WorkspaceEntry => ({
  path: name,
  name,
  kind,
  sizeBytes: 0,
  modifiedAt: 0,
})

test('folders come before files, and numbers in names by their value', () => {
  const entries = [entry('b10.txt'), entry('b9.txt'), entry('z', 'folder'), entry('A.md'), entry('a', 'folder')]
  expect(inOrder(entries).map(({ name }) => name)).toEqual(['a', 'z', 'A.md', 'b9.txt', 'b10.txt'])
})

test('a file’s language is known by its name', () => {
  expect(['src/a.TS', 'Dockerfile', 'x/.env', 'README', 'a.b/c'].map(languageOf)).toEqual([
    'typescript',
    'dockerfile',
    undefined,
    undefined,
    undefined,
  ])
})

test('the arrow keys stop at both ends of the tree', () => {
  const rows = ['a', 'b', 'c']
  expect(['ArrowDown', 'ArrowUp', 'Home', 'End', 'x'].map((key) => step(rows, 'b', key))).toEqual([
    'c',
    'a',
    'a',
    'c',
    undefined,
  ])
  expect(step(rows, 'c', 'ArrowDown')).toBe('c')
})
