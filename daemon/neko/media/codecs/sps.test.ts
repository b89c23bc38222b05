import { expect, setDefaultTimeout, test } from 'bun:test'
import { nalUnits } from '../depacketize/h264'
import { film } from '../testing'
import { readSps } from './sps'

// ffmpeg makes the films first, on a machine that may have more to do.
setDefaultTimeout(60_000)

for (const [width, height] of [
  [320, 176],
  [328, 184],
  [1366, 768],
  [66, 34],
] as const) {
  test(`the size of ${width}x${height} is read from what the encoder wrote`, async () => {
    const { frames } = await film('h264', { width, height, each: 1, colours: ['red'] })
    const sps = nalUnits(frames[0]!).find((unit) => (unit[0]! & 0x1f) === 7)
    expect(readSps(sps!)).toEqual({ profile: 66, width, height })
  })
}

test('a profile is named that is not the baseline one', async () => {
  for (const [name, profile] of [
    ['main', 77],
    ['high', 100],
  ] as const) {
    const { frames } = await film('h264', { each: 1, args: ['-profile:v', name, '-preset', 'medium'] })
    const sps = nalUnits(frames[0]!).find((unit) => (unit[0]! & 0x1f) === 7)
    expect(readSps(sps!).profile).toBe(profile)
  }
})

test('what is cut off ends', () => {
  for (let length = 0; length < 12; length++) expect(readSps(new Uint8Array(length)).width).toBeDefined()
})
