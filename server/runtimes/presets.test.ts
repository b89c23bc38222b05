import { expect, test } from 'bun:test'
import { PRESETS, findPreset, listPresets } from './presets'

test('only recommended presets are listed unless experimental ones are asked for', () => {
  expect(listPresets().every((p) => p.recommended)).toBe(true)
  expect(listPresets().length).toBeLessThan(PRESETS.length)
  expect(listPresets({ includeExperimental: true })).toEqual([...PRESETS])
})

test('a prefix narrows the list', () => {
  expect(listPresets({ includeExperimental: true, kindPrefix: 'c' }).map((p) => p.kind)).toEqual([
    'claude',
    'codex',
    'copilot',
    'cursor-agent',
    'custom',
  ])
  expect(listPresets({ kindPrefix: 'zz' })).toEqual([])
})

test('a preset is found by its kind and by each alias, and no name means two', () => {
  const names = PRESETS.flatMap((p) => [p.kind, ...p.aliases])
  expect(new Set(names).size).toBe(names.length)
  expect(findPreset('claude-code')?.kind).toBe('claude')
  expect(findPreset('command')?.kind).toBe('custom')
  expect(findPreset('nothing')).toBeUndefined()
})

test('the twelve kinds that deployed daemons report are all known', () => {
  const deployed = 'codex claude opencode kimi gemini custom cursor-agent copilot openclaw hermes pi kiro-cli'
  for (const kind of deployed.split(' ')) expect(findPreset(kind)?.kind).toBe(kind)
})
