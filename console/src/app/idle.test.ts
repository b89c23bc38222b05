import { expect, jest, test } from 'bun:test'
import { loadLater } from './idle'

test('a part that cannot be loaded now is asked for again, and breaks nothing', async () => {
  jest.useFakeTimers()
  try {
    const loaded: string[] = []
    let tries = 0
    const load = () => {
      tries++
      return tries < 3 ? Promise.reject(new TypeError('Failed to fetch')) : Promise.resolve('part')
    }
    loadLater(load, (part) => loaded.push(part))
    for (let i = 0; i < 10 && loaded.length === 0; i++) {
      jest.advanceTimersByTime(5000)
      await Promise.resolve()
      await Promise.resolve()
    }
    expect(loaded).toEqual(['part'])
    expect(tries).toBe(3)
  } finally {
    jest.useRealTimers()
  }
})
