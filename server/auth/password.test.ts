import { expect, test } from 'bun:test'
import { Queue } from './password'

/** A queue whose work goes on until it is let go. */
function held(limits: { parallel: number; waiting: number; waitingOfAddress: number }) {
  const queue = new Queue(limits)
  const release: (() => void)[] = []
  let started = 0
  const start = (address?: string): Promise<string> => {
    const { promise, resolve } = Promise.withResolvers<void>()
    const done = queue.run(async () => {
      started++
      release.push(resolve)
      await promise
    }, address)
    return done.then(
      () => 'done',
      (error) => `${error.kind} ${error.code} ${error.retryAfterSeconds}`,
    )
  }
  const finish = async (): Promise<void> => {
    while (release.length) {
      release.shift()?.()
      await new Promise((resolve) => setImmediate(resolve))
    }
  }
  return { start, finish, started: () => started }
}

test('so many run at once, the others wait, and all are done in the end', async () => {
  const { start, finish, started } = held({ parallel: 2, waiting: 10, waitingOfAddress: 10 })
  const all = Array.from({ length: 6 }, () => start('10.0.0.1'))
  await new Promise((resolve) => setImmediate(resolve))
  expect(started()).toBe(2)
  await finish()
  expect(await Promise.all(all)).toEqual(Array.from({ length: 6 }, () => 'done'))
})

test('one address cannot take the places of another, also with all addresses of its network', async () => {
  const { start, finish } = held({ parallel: 1, waiting: 10, waitingOfAddress: 2 })
  const flood = Array.from({ length: 20 }, (_, i) => start(`2001:db8::${i + 1}`))
  const other = start('2001:db8:0:1::1')
  await finish()
  expect((await Promise.all(flood)).filter((one) => one === 'done')).toHaveLength(3)
  expect(await flood[19]!).toBe('throttled passwords_busy 1')
  expect(await other).toBe('done')
})

test('when all places are taken, people are told to come again, and the server’s own work still waits', async () => {
  const { start, finish } = held({ parallel: 1, waiting: 3, waitingOfAddress: 2 })
  const all = ['a', 'a', 'b', 'b', 'c'].map((address) => start(address))
  const own = start()
  await finish()
  expect(await Promise.all(all)).toEqual(['done', 'done', 'done', 'done', 'unavailable passwords_busy 1'])
  expect(await own).toBe('done')
})

test('a place is free again after a failure', async () => {
  const queue = new Queue({ parallel: 1, waiting: 1, waitingOfAddress: 1 })
  const failing = async (): Promise<never> => {
    throw new Error('broken')
  }
  for (let i = 0; i < 3; i++) expect(queue.run(failing, 'a')).rejects.toThrow('broken')
  expect(await queue.run(async () => 'free', 'a')).toBe('free')
})
