import { expect, test } from 'bun:test'
import { fields, painter, table } from './table'

const plain = painter(false)
const columns = [
  { title: 'name', text: (r: { name: string; about: string }) => r.name, style: () => 'bold' as const },
  { title: 'about', text: (r: { name: string; about: string }) => r.about },
]

test('columns line up by what a terminal shows, wide characters and colours included', () => {
  const rows = [
    { name: 'ann', about: 'first' },
    { name: '日本', about: 'second' },
  ]
  expect(table(rows, columns, plain)).toBe('NAME  ABOUT\nann   first\n日本  second')
  expect(Bun.stripANSI(table(rows, columns, painter(true)))).toBe(table(rows, columns, plain))
  expect(table(rows, columns, painter(true))).toContain('\u001b[1mann\u001b[22m   first')
})

test('a cell cannot break the table or colour it', () => {
  expect(table([{ name: 'a\nb', about: '\u001b[31mx' }], columns, plain)).toBe('NAME  ABOUT\na b   ␛[31mx')
})

test('an empty cell shows a dash', () => {
  expect(table([{ name: 'ann', about: '' }], columns, plain)).toBe('NAME  ABOUT\nann   -')
})

test('the last column is cut to the terminal, and only there', () => {
  const rows = [{ name: 'ann', about: 'a long text that does not fit' }]
  expect(table(rows, columns, plain, 24).split('\n')[1]).toBe('ann   a long text that …')
  expect(table(rows, columns, plain).split('\n')[1]).toBe('ann   a long text that does not fit')
})

test('named values line up, and empty ones are left out', () => {
  expect(
    fields(
      [
        ['id', 'x'],
        ['nothing', ''],
        ['status', 'on\nline'],
      ],
      plain,
    ),
  ).toBe('id      x\nstatus  on line')
})
