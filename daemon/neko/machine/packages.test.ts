import { afterAll, beforeAll, expect, test } from 'bun:test'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { distribution, findPrograms, MissingPackage } from './packages'

let folder: string

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'nekode-packages-'))
  for (const name of ['Xvfb', 'icewm', 'firefox', 'fluxbox', 'mybrowser']) {
    await Bun.write(join(folder, name), '#!/bin/sh\n')
    Bun.spawnSync(['chmod', '755', join(folder, name)])
  }
})

afterAll(() => rmSync(folder, { recursive: true, force: true }))

function missing(): MissingPackage {
  try {
    findPrograms(folder, undefined, [])
  } catch (error) {
    if (error instanceof MissingPackage) return error
    throw error
  }
  throw new Error('nothing is missing')
}

test('all that is missing is named at once, with the packages and the line that installs them', async () => {
  const error = missing()
  expect(error.code).toBe('package_missing')
  expect(error.message).toBe('Not installed: the encoder (ffmpeg).')
  expect(error.packages.join()).toMatch(/^ffmpeg/)
  expect(error.next).toContain('ffmpeg')
  expect(() => findPrograms('/nowhere', undefined, [])).toThrow(
    'Not installed: a screen (Xvfb), a window manager (openbox), a browser (chromium), the encoder (ffmpeg).',
  )
})

test('of several programs for one thing the first that is there is taken; sound and layouts may be missing', async () => {
  await Bun.write(join(folder, 'ffmpeg'), '#!/bin/sh\n')
  Bun.spawnSync(['chmod', '755', join(folder, 'ffmpeg')])
  expect(findPrograms(folder, undefined, [])).toEqual({
    xvfb: join(folder, 'Xvfb'),
    windowManager: join(folder, 'fluxbox'),
    browser: [join(folder, 'firefox')],
    ffmpeg: join(folder, 'ffmpeg'),
    pulseaudio: undefined,
    setxkbmap: undefined,
  })
  expect(findPrograms(folder, ['mybrowser', '--flag'], []).browser).toEqual([join(folder, 'mybrowser'), '--flag'])
  expect(() => findPrograms(folder, ['nobrowser'], [])).toThrow('The browser nobrowser is not installed.')
})

test.each([
  ['ID=debian\n', 'debian'],
  ['NAME=x\nID=linuxmint\nID_LIKE="ubuntu debian"\n', 'debian'],
  ['ID="rocky"\nID_LIKE="rhel centos fedora"\n', 'fedora'],
  ['ID=arch\n', 'arch'],
  ['ID=nixos\n', undefined],
] as const)('a system that says %p is of the family %p', async (release, family) => {
  const file = join(folder, 'os-release')
  await Bun.write(file, release)
  expect(distribution(file)).toBe(family)
})

test('a system that does not say what it is has no family', () => {
  expect(distribution('/nowhere/os-release')).toBeUndefined()
})
