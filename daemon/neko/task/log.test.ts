import { expect, test } from 'bun:test'
import { agentLog } from './log'

const now = () => new Date(2026, 10, 21, 9, 5, 7)

test('a line of text has time, logger, level and message in columns, and the fields behind', () => {
  const lines: string[] = []
  const log = agentLog({ logger: 'neko.agent', level: 'info', format: 'text', write: (line) => lines.push(line), now })
  log.info('step', { step: 3, action: 'CLICK', note: 'two words' })
  log.warn('slow')
  log.debug('not shown')
  expect(lines).toEqual([
    '[09:05:07] neko.agent   INFO    - step step=3 action=CLICK note="two words"',
    '[09:05:07] neko.agent   WARNING - slow',
  ])
})

test('a line of JSON has the documented keys, an exception and the id of the run', () => {
  const lines: string[] = []
  const log = agentLog({
    logger: 'neko.agent',
    level: 'debug',
    format: 'json',
    runId: 'run-7',
    write: (line) => lines.push(line),
    now,
  })
  log.child({ task: 2 }).error('failed', { error: new Error('no picture') })
  expect(JSON.parse(lines[0]!)).toEqual({
    timestamp: now().toISOString(),
    level: 'ERROR',
    logger: 'neko.agent',
    message: 'failed',
    exception: 'no picture',
    run_id: 'run-7',
    task: 2,
  })
})

test('neither message nor field shows the token of an address', () => {
  const lines: string[] = []
  const log = agentLog({ logger: 'x', level: 'info', format: 'text', write: (line) => lines.push(line), now })
  log.info('opening wss://desk.example/api/ws?token=abcDEF123', { error: new Error('at wss://d/api/ws?token=zzz&x=1') })
  expect(lines[0]).toContain('api/ws?token=***')
  expect(lines[0]).toContain('token=***&x=1')
  expect(lines[0]).not.toContain('abcDEF123')
})
