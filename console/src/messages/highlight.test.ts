import { expect, test } from 'bun:test'
import { highlight } from './highlight'

test('source is coloured, and what is in it is escaped', () => {
  const html = highlight('const a = "<img src=x onerror=alert(1)>"', 'ts')
  expect(html).toContain('hljs-keyword')
  expect(html).not.toContain('<img')
})

test('a shell session and its other names are known, nonsense is left alone', () => {
  expect(highlight('ls -la | grep x', 'shell')).toContain('hljs')
  expect(highlight('x', 'no-such-language')).toBeUndefined()
})

test('a very long text is left alone', () => {
  expect(highlight('x'.repeat(20_001), 'ts')).toBeUndefined()
})

test('what its grammar would take minutes for is left alone', () => {
  expect(highlight('[a](b'.repeat(3000), 'markdown')).toBeUndefined()
  expect(highlight('# Title', 'md')).toBeUndefined()
})
