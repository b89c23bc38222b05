import { expect, test } from 'bun:test'
import { toolKind } from './content'

test.each([
  ['other', 'nekode::send_message', 'mcp'],
  [undefined, 'send_message (nekode MCP Server)', 'mcp'],
  ['execute', 'cat nekode.txt', 'execute'],
  ['edit', 'nekode_send_message', 'edit'],
  ['other', 'something', 'other'],
  ['invented', 'something', 'other'],
] as const)('a call of the kind %p with the name %p is %p', (kind, name, is) => {
  expect(toolKind(kind, name, ['nekode'])).toBe(is)
})
