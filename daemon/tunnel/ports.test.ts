import { describe, expect, test } from 'bun:test'
import { portPolicy } from './ports'

const shown = (text: string, ports: number[]): number[] => {
  const policy = portPolicy(text, () => [18_790])
  return ports.filter((port) => policy.refusal(port) === undefined)
}

describe('without a configuration', () => {
  test('development servers may be shown, the system’s ports and services may not', () => {
    expect(shown('', [0, 22, 80, 443, 1023, 1024, 2375, 3000, 5173, 5432, 6379, 8080, 9222, 65_535, 65_536])).toEqual([
      1024, 3000, 5173, 8080, 65_535,
    ])
  })

  test('what is no port is refused', () => {
    expect(shown('', [Number.NaN, -1, 1.5])).toEqual([])
  })
})

describe('with a configuration', () => {
  test.each([
    ['3000-3999,8080', [3000, 3999, 8080]],
    ['80', [80]],
    [' 5432 , 22-23 ', [22, 5432]],
    ['none', []],
  ])('%s', (text, expected) => {
    expect(shown(text, [22, 80, 2999, 3000, 3999, 4000, 5432, 8080])).toEqual(expected)
  })

  test('the daemon’s own ports and its server’s are never shown, whatever it says', () => {
    expect(shown('1-65535', [18_790, 18_791])).toEqual([18_791])
  })

  test.each(['3000-', 'http', '0', '70000', '5-4', '3000,,'])('%s is refused by name', (text) => {
    expect(() => portPolicy(text, () => [])).toThrow(`tunnelPorts is “${text}”`)
  })
})
