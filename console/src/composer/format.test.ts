import { describe, expect, test } from 'bun:test'
import { format, nextLine, quoted, type Format, type Selected } from './format'

/** `a [b] c`: what stands in square brackets of this kind is selected. */
const at = (shown: string): Selected => ({
  text: shown.replace(/[⟦⟧]/g, ''),
  start: shown.indexOf('⟦'),
  end: shown.indexOf('⟧') - 1,
})
const show = ({ text, start, end }: Selected) => `${text.slice(0, start)}⟦${text.slice(start, end)}⟧${text.slice(end)}`

describe('format', () => {
  test.each([
    ['bold', 'a ⟦b⟧ c', 'a **⟦b⟧** c'],
    ['bold', 'a **⟦b⟧** c', 'a ⟦b⟧ c'],
    ['italic', '⟦⟧', '_⟦⟧_'],
    ['code', 'run ⟦ls⟧', 'run `⟦ls⟧`'],
    ['code', '⟦a\nb⟧', '```\n⟦a\nb⟧\n```'],
    ['code', 'x ⟦a\nb⟧ y', 'x \n```\n⟦a\nb⟧\n```\n y'],
    ['link', 'see ⟦here⟧', 'see [here](⟦https://⟧)'],
    ['link', 'see ⟦https://nekode.dev⟧', 'see [⟦⟧](https://nekode.dev)'],
    ['quote', 'a\nb ⟦x⟧\nc', 'a\n⟦> b x⟧\nc'],
    ['list', '⟦a\nb⟧', '⟦- a\n- b⟧'],
    ['list', '⟦- a\n- b⟧', '⟦a\nb⟧'],
  ] satisfies [Format, string, string][])('%s of %p gives %p', (kind, before, after) => {
    expect(show(format(at(before), kind))).toBe(after)
  })
})

describe('nextLine', () => {
  test.each([
    ['- milk⟦⟧', '- milk\n- ⟦⟧'],
    ['  3. third⟦⟧', '  3. third\n  4. ⟦⟧'],
    ['- [x] done⟦⟧', '- [x] done\n- [ ] ⟦⟧'],
    ['> words⟦⟧', '> words\n> ⟦⟧'],
    ['- milk\n- ⟦⟧', '- milk\n⟦⟧'],
  ])('%p goes on as %p', (before, after) => {
    const next = nextLine(at(before))
    expect(next && show(next)).toBe(after)
  })

  test('there is none in a plain line', () => {
    expect(nextLine(at('hello⟦⟧'))).toBeUndefined()
  })
})

test('a quotation stands behind what is written, with room for the answer', () => {
  expect(quoted('', 'two\n\nlines')).toBe('> two\n>\n> lines\n\n')
  expect(quoted('before', 'words')).toBe('before\n\n> words\n\n')
})
