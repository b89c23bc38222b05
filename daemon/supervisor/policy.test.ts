import { create } from '@bufbuild/protobuf'
import { expect, test } from 'bun:test'
import { PermissionSchema } from '@shared/gen/nekode/daemon/v1/common_pb'
import { type Asked, decide, policyOf } from './policy'

const permissions = (rules: Record<string, string>) =>
  Object.entries(rules).map(([name, reason]) => create(PermissionSchema, { name, reason }))

test.each<[string, Record<string, string>, Asked, string]>([
  [
    'a rule of its kind',
    { 'tool.default': 'deny', 'tool.read': 'allow' },
    { name: 'Read', kind: 'read', outside: false },
    'allow',
  ],
  ['the default otherwise', { 'tool.default': 'deny' }, { name: 'Bash', kind: 'execute', outside: false }, 'deny'],
  ['asking when nothing is said', {}, { name: 'Bash', kind: 'execute', outside: false }, 'ask'],
  [
    'asking when the rule is not understood',
    { 'tool.execute': 'alow' },
    { name: 'Bash', kind: 'execute', outside: false },
    'ask',
  ],
  ['asking outside of the workspace', { 'tool.read': 'allow' }, { name: 'Read', kind: 'read', outside: true }, 'ask'],
  ['a denial also outside of it', { 'tool.read': 'deny' }, { name: 'Read', kind: 'read', outside: true }, 'deny'],
])('a call gets %s', (_, rules, asked, rule) => {
  expect(decide(policyOf(permissions(rules)), asked)).toBe(rule as ReturnType<typeof decide>)
})

test.each([
  ['mcp__nekode__send_message', 'mcp', 'allow'],
  ['nekode_update_memory', 'mcp', 'allow'],
  ['nekode-list_channels', 'mcp', 'allow'],
  ['send_message (nekode MCP Server)', 'mcp', 'allow'],
  ['nekode_send_message', 'execute', 'deny'],
  ['nekode_send_message; rm -rf .', 'mcp', 'deny'],
  ['cat nekode_send_message', 'mcp', 'deny'],
  ['mcp__nekodex__send_message', 'mcp', 'deny'],
] as const)('an agent that may do nothing else and calls %p (%s) gets %s', (name, kind, rule) => {
  expect(decide(policyOf(permissions({ 'tool.default': 'deny' })), { name, kind, outside: false })).toBe(rule)
})

test('kinds that do not exist change nothing', () => {
  expect(policyOf(permissions({ 'tool.everything': 'allow', read: 'allow', 'tool.toString': 'allow' }))).toEqual({
    default: 'ask',
    rules: {},
  })
})
