import { describe, expect, test } from 'bun:test'
import { boxOf, languageOf, shownName, sizeText } from './file'

describe('a file’s name', () => {
  test('shows nothing that moves letters about', () => {
    expect(shownName('harmless\u202Egnp.exe')).toBe('harmlessgnp.exe')
    expect(shownName('a\u0000b\u200B.txt')).toBe('ab.txt')
    expect(shownName('\u2066\u2069')).toBe('file')
  })

  test('keeps its end when it is too long', () => {
    const shown = shownName(`${'x'.repeat(300)}.tar.gz`, 40)
    expect([...shown]).toHaveLength(40)
    expect(shown).toEndWith('.tar.gz')
  })

  test('is never cut through a picture sign', () => {
    expect(shownName('👩‍💻'.repeat(100), 20).isWellFormed()).toBe(true)
  })

  test.each([
    ['server.ts', 'typescript'],
    ['Dockerfile', 'dockerfile'],
    ['go.go', 'go'],
    ['notes.txt', undefined],
    ['Makefile', undefined],
  ])('%s is coloured as %p', (name, language) => {
    expect(languageOf(name)).toBe(language)
  })
})

test.each([
  [0, '0 bytes'],
  [1023, '1,023 bytes'],
  [1536, '1.5 kB'],
  [20 * 1024 * 1024, '20 MB'],
])('%p bytes read as %p', (bytes, text) => {
  expect(sizeText(bytes)).toBe(text)
})

describe('the place of a picture', () => {
  test('has the picture’s proportions and its limits', () => {
    expect(boxOf({ width: 3800, height: 1900 })).toEqual({ width: 380, height: 190 })
    expect(boxOf({ width: 100, height: 80 })).toEqual({ width: 100, height: 80 })
    expect(boxOf({ width: 2000, height: 8 }).height).toBe(56)
  })

  test('is there for a picture of unknown size', () => {
    expect(boxOf({ width: null, height: null })).toEqual({ width: 240, height: 180 })
  })
})
