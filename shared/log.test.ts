import { expect, test } from 'bun:test'
import { createLogger, type LogOptions } from './log'

function logged(options: LogOptions = {}) {
  const lines: string[] = []
  const now = () => new Date('2026-01-02T03:04:05.678Z')
  return { lines, log: createLogger({ write: (line) => lines.push(line), now, ...options }) }
}

test('a text line has time, level, message and fields', () => {
  const { lines, log } = logged()
  log.child({ agent: 'ada' }).warn('the runtime crashed', { exit: 3, why: 'no space left', none: undefined })
  expect(lines).toEqual(['2026-01-02T03:04:05.678Z WARN  the runtime crashed agent=ada exit=3 why="no space left"'])
})

test('a JSON line is one object', () => {
  const { lines, log } = logged({ format: 'json' })
  log.info('connected', { server: 'srv_1' })
  expect(JSON.parse(lines[0] ?? '')).toEqual({
    time: '2026-01-02T03:04:05.678Z',
    level: 'info',
    message: 'connected',
    server: 'srv_1',
  })
})

test('lines below the level are not written', () => {
  const { lines, log } = logged({ level: 'warn' })
  log.debug('a')
  log.info('b')
  log.error('c')
  expect(lines).toHaveLength(1)
})

test('credentials are in neither message nor fields', () => {
  const { lines, log } = logged()
  const secret = 'ndt_0123456789abcdefghij'
  log.error(`refused ${secret}`, { token: secret, header: `Bearer ${secret}`, cause: new Error(secret) })
  expect(lines.join()).not.toContain('0123456789abcdef')
})
