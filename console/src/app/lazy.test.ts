import { expect, jest, test } from 'bun:test'
import { loadPart } from './lazy'

const failing = (times: number) => {
  let tries = 0
  const load = () => (++tries <= times ? Promise.reject(new TypeError('Failed to fetch')) : Promise.resolve('part'))
  return { load, tries: () => tries }
}

test('a part that cannot be loaded while the server is away is loaded once it is back', async () => {
  jest.useFakeTimers()
  try {
    const { load, tries } = failing(1)
    let asked = 0
    const loaded = loadPart(load, async () => ++asked === 4)
    for (let i = 0; i < 50; i++) {
      jest.advanceTimersByTime(1000)
      await Promise.resolve()
    }
    expect(await loaded).toBe('part')
    expect({ asked, tries: tries() }).toEqual({ asked: 4, tries: 2 })
  } finally {
    jest.useRealTimers()
  }
})

test('a part that a server which answers does not have is a failure', async () => {
  const { load, tries } = failing(9)
  await expect(loadPart(load, async () => true)).rejects.toThrow('Failed to fetch')
  expect(tries()).toBe(2)
})
