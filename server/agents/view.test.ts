import { expect, test } from 'bun:test'
import { discreet } from './view'

const table: [activity: string, shown: string][] = [
  ['running a command: git push git@example.com:secret.git', 'running a command'],
  ['editing: /home/ada/diary.txt', 'editing'],
  ['waiting for approval', 'waiting for approval'],
  ['comparing the offers of Acme and Initech', ''],
  ['Acme: an offer', ''],
  ['', ''],
]
for (const [activity, shown] of table)
  test(`of “${activity}” strangers see “${shown}”`, () => {
    const status = { presence: 'busy', activity, health: 'ok', detail: 'why', runId: 'run_1', updatedAt: 1 } as const
    expect(discreet(status)).toEqual({ ...status, activity: shown, detail: '', runId: null })
  })
