import { afterEach, expect, test } from 'bun:test'
import { createLogger } from '@shared/log'
import { Encoder } from './encoder'
import { Family } from './processes'
import { until } from './testing'

const log = createLogger({ write: () => undefined })
const families: Family[] = []

afterEach(async () => {
  for (const family of families.splice(0)) await family.close()
})

function encoder(script: string) {
  const family = new Family({ PATH: process.env.PATH ?? '', HOME: '/' }, crypto.randomUUID(), log)
  families.push(family)
  let starts = 0
  let said = ''
  const one = new Encoder({
    family,
    log,
    name: 'encoder',
    lingerMs: 50,
    argv: () => ['sh', '-c', script],
    reader: () => {
      starts++
      return (chunk) => {
        said += Buffer.from(chunk).toString()
      }
    },
  })
  return { one, starts: () => starts, said: () => said }
}

test('it runs while somebody listens, and a little longer', async () => {
  const { one, starts, said } = encoder('echo on; sleep 100')
  expect(one.pid).toBeUndefined()
  const [first, second] = [one.use(), one.use()]
  await until('its words', () => said() === 'on\n' || undefined)
  const { pid } = one
  first()
  first()
  expect(one.pid).toBe(pid)
  second()
  expect(one.pid).toBe(pid)
  const third = one.use()
  expect(one.pid).toBe(pid)
  third()
  await until('its end', () => one.pid === undefined || undefined)
  expect(starts()).toBe(1)
})

test('one that dies is started again, and not after the last listener left', async () => {
  const { one, starts } = encoder('exit 3')
  const stop = one.use()
  await until('another start', () => starts() === 2 || undefined)
  stop()
  await one.close()
  expect(one.pid).toBeUndefined()
})

test('a reader that finds something wrong ends it, and it is started again', async () => {
  const family = new Family({ PATH: process.env.PATH ?? '', HOME: '/' }, crypto.randomUUID(), log)
  families.push(family)
  let starts = 0
  const one = new Encoder({
    family,
    log,
    name: 'encoder',
    argv: () => ['sh', '-c', 'echo bad; sleep 100'],
    reader: () => {
      starts++
      return () => {
        throw new Error('bad')
      }
    },
  })
  const stop = one.use()
  await until('another start', () => starts === 2 || undefined)
  stop()
  await one.close()
})

test('a restart while nobody listens starts nothing', async () => {
  const { one, starts } = encoder('sleep 100')
  await one.restart()
  expect(starts()).toBe(0)
})
