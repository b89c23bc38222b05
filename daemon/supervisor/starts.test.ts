import { expect, test } from 'bun:test'
import { Gate, StartQueue } from './starts'

test('so many are let in at a time, the rest in the order they came', async () => {
  const gate = new Gate(2)
  const order: string[] = []
  const enter = async (name: string) => {
    const leave = await gate.enter()
    order.push(`${name} in`)
    return leave
  }
  const [first, second] = await Promise.all([enter('a'), enter('b')])
  const third = enter('c')
  const fourth = enter('d')
  await Bun.sleep(5)
  expect(order).toEqual(['a in', 'b in'])
  first()
  first()
  const leave = await third
  await Bun.sleep(5)
  expect(order).toEqual(['a in', 'b in', 'c in'])
  second()
  ;(await fourth)()
  leave()
  expect(order).toEqual(['a in', 'b in', 'c in', 'd in'])
})

test('who stops waiting takes no place', async () => {
  const gate = new Gate(1)
  const leave = await gate.enter()
  const stop = new AbortController()
  const waiting = gate.enter(stop.signal)
  stop.abort(new Error('stopped'))
  await expect(waiting).rejects.toThrow('stopped')
  leave()
  const next = await gate.enter()
  next()
  await expect(gate.enter(AbortSignal.abort(new Error('at once')))).rejects.toThrow('at once')
})

test('a start that fails gives its place to the next', async () => {
  const starts = new StartQueue({ max: 1, intervalMs: 0 })
  const failed = starts.run(() => Promise.reject(new Error('no')))
  const next = starts.run(() => Promise.resolve('yes'))
  await expect(failed).rejects.toThrow('no')
  expect(await next).toBe('yes')
})

test('a start that is no longer wanted is not made', async () => {
  const starts = new StartQueue({ max: 1, intervalMs: 10_000 })
  await starts.run(() => Promise.resolve())
  const stop = new AbortController()
  let made = false
  const waiting = starts.run(async () => {
    made = true
  }, stop.signal)
  stop.abort(new Error('stopped'))
  await expect(waiting).rejects.toThrow('stopped')
  expect(made).toBe(false)
})
