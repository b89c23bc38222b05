import { expect, test } from 'bun:test'
import { clip, LineTooLong, readLines } from './lines'

const stream = (...chunks: Uint8Array[]) =>
  new ReadableStream<Uint8Array>({
    start(controller) {
      for (const chunk of chunks) controller.enqueue(chunk)
      controller.close()
    },
  })
const bytes = (text: string) => new TextEncoder().encode(text)

test('lines come whole, however the bytes are cut, with both line ends and without the last one', async () => {
  const all = bytes('one\r\ntwo ✓\n\nlast')
  for (let at = 0; at <= all.length; at++) {
    const lines: string[] = []
    await readLines(stream(all.slice(0, at), all.slice(at)), (line) => lines.push(line))
    expect(lines).toEqual(['one', 'two ✓', '', 'last'])
  }
})

test('a line without an end is given up at the limit', async () => {
  const lines: string[] = []
  const flood = stream(bytes('ok\n'), bytes('x'.repeat(60)), bytes('x'.repeat(60)))
  await expect(readLines(flood, (line) => lines.push(line), { max: 100 })).rejects.toBeInstanceOf(LineTooLong)
  expect(lines).toEqual(['ok'])
})

test('reading ends when it is told to', async () => {
  const lines: string[] = []
  const stop = new AbortController()
  const read = readLines(
    stream(bytes('a\nb\nc\n'), bytes('d\n')),
    (line) => {
      lines.push(line)
      if (line === 'b') stop.abort()
    },
    { signal: stop.signal },
  )
  await read
  expect(lines).toEqual(['a', 'b'])
})

test('clipping never cuts a character in half', () => {
  expect(clip('abc', 3)).toBe('abc')
  expect(clip('ab😀cd', 3)).toBe('ab… (4 more characters)')
  expect(clip('ab😀cd', 4)).toBe('ab😀… (2 more characters)')
})
