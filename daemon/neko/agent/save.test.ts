import { afterAll, expect, test } from 'bun:test'
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { saveAction, saveFrame } from './save'

const root = mkdtempSync(join(tmpdir(), 'nekode-save-'))
afterAll(() => rmSync(root, { recursive: true, force: true }))
const bytes = (text: string) => new TextEncoder().encode(text)
const NOW = 1_764_230_400_123

test('a frame replaces the one before as a whole, and leaves nothing else behind', async () => {
  const path = join(root, 'a', 'frame.png')
  expect(await saveFrame(path, bytes('one'), 1)).toBe(path)
  const before = statSync(path).ino
  await saveFrame(path, bytes('two'), 2)
  expect(readFileSync(path, 'utf8')).toBe('two')
  expect(statSync(path).ino).not.toBe(before)
  expect(readdirSync(join(root, 'a'))).toEqual(['frame.png'])
})

test('a path that is no file name is a folder with a file for each step', async () => {
  await saveFrame(join(root, 'frames'), bytes('x'), 1, NOW)
  await saveFrame(`${join(root, 'others.d')}/`, bytes('x'), 12, NOW)
  mkdirSync(join(root, 'there.png'))
  await saveFrame(join(root, 'there.png'), bytes('x'), 3, NOW)
  expect(readdirSync(join(root, 'frames'))).toEqual(['frame_001_1764230400.123.png'])
  expect(readdirSync(join(root, 'others.d'))).toEqual(['frame_012_1764230400.123.png'])
  expect(readdirSync(join(root, 'there.png'))).toEqual(['frame_003_1764230400.123.png'])
})

test('pictures of actions are in the folder, or have the beginning of the name', async () => {
  const action = { step: 4, action: 'CLICK' as const, now: NOW }
  expect(await saveAction(join(root, 'actions'), bytes('x'), action)).toBe(
    join(root, 'actions', 'action_step_004_1764230400.123_CLICK.png'),
  )
  await saveAction(join(root, 'actions'), bytes('x'), { ...action, look: 2 })
  expect(existsSync(join(root, 'actions', 'action_step_004_1764230400.123_CLICK_refine_2.png'))).toBe(true)
  expect(await saveAction(join(root, 'run7_'), bytes('x'), action)).toBe(
    join(root, 'run7_action_step_004_1764230400.123_CLICK.png'),
  )
})

test('what cannot be saved says where, and leaves nothing behind', async () => {
  const file = join(root, 'file')
  writeFileSync(file, '')
  await expect(saveFrame(join(file, 'frame.png'), bytes('x'), 1)).rejects.toMatchObject({
    code: 'save_failed',
    message: expect.stringContaining(file),
  })
  const closed = join(root, 'closed')
  mkdirSync(closed)
  if (process.getuid?.() === 0) return
  chmodSync(closed, 0o500)
  await expect(saveFrame(join(closed, 'frame.png'), bytes('x'), 1)).rejects.toMatchObject({ code: 'save_failed' })
})
