import { describe, expect, test } from 'bun:test'
import { spansOf } from './ansi'
import { stripAnsi, tail } from './terminal'

const esc = '\u001b'

describe('terminal output', () => {
  test('keeps its colours and drops what moves the cursor', () => {
    const spans = spansOf(`${esc}[2J${esc}[1;1Hok ${esc}[1;31mFAIL${esc}[0m ${esc}[4mhere${esc}[0m`)
    expect(spans).toEqual([
      { text: 'ok ' },
      { text: 'FAIL', color: '#f07178', bold: true },
      { text: ' ' },
      { text: 'here', underline: true },
    ])
  })

  test('in 256 and in all colours has the colour that was meant', () => {
    const [, exact] = spansOf(`x${esc}[38;2;1;2;3mrgb${esc}[0m`)
    expect(exact).toEqual({ text: 'rgb', color: 'rgb(1, 2, 3)' })
    const [, indexed] = spansOf(`x${esc}[48;5;196mred${esc}[0m`)
    expect(indexed).toEqual({ text: 'red', background: 'rgb(255, 0, 0)' })
  })

  test('swaps ink and ground where they are reversed', () => {
    expect(spansOf(`${esc}[7;32mok${esc}[0m`)).toEqual([{ text: 'ok', color: '#101113', background: '#8bd49c' }])
  })

  test('shows a line that was written over as it ended', () => {
    expect(spansOf('10%\r50%\r100%\ndone')).toEqual([{ text: '100%\ndone' }])
    expect(stripAnsi(`a\r${esc}[32mb${esc}[0m\r\nc`)).toBe('b\nc')
  })

  test('holds markup as text', () => {
    expect(spansOf('<img src=x onerror=alert(1)>')).toEqual([{ text: '<img src=x onerror=alert(1)>' }])
  })

  test('is cut at its beginning when it is long', () => {
    expect(tail('1\n2\n3\n4', 2)).toEqual({ text: '3\n4', cut: 2 })
    expect(tail('1\n2', 2)).toEqual({ text: '1\n2', cut: 0 })
  })
})
