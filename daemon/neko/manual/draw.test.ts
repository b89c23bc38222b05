import { describe, expect, test } from 'bun:test'
import { inflateSync } from 'node:zlib'
import { encodePixels, pictureOfFile, type Pixels } from '../frames/picture'
import { cellsFor, draw, scaled } from './draw'
import { drawingOf } from './watch'

/** Red above blue. */
function flag(width: number, height: number): Pixels {
  const rgb = new Uint8Array(width * height * 3)
  for (let at = 0; at < width * height; at++) rgb[at * 3 + (at < (width * height) / 2 ? 0 : 2)] = 255
  return { width, height, rgb }
}

const picture = async () => pictureOfFile(await encodePixels(flag(64, 36), 'png'), 0)

test('a picture fills the terminal without being stretched', () => {
  expect(cellsFor({ width: 1280, height: 720 }, { columns: 120, rows: 39 })).toEqual({ columns: 120, rows: 34 })
  expect(cellsFor({ width: 1280, height: 720 }, { columns: 300, rows: 20 })).toEqual({ columns: 71, rows: 20 })
  expect(cellsFor({ width: 10, height: 1000 }, { columns: 5, rows: 2 })).toEqual({ columns: 1, rows: 2 })
})

test('a picture made smaller has the colours of what it stands for', () => {
  const { rgb, width, height } = scaled(flag(64, 36), { width: 2, height: 2 })
  expect([width, height, ...rgb]).toEqual([2, 2, 255, 0, 0, 255, 0, 0, 0, 0, 255, 0, 0, 255])
  expect([...scaled(flag(2, 2), { width: 1, height: 1 }).rgb]).toEqual([127, 0, 127])
})

describe('a picture is drawn', () => {
  const room = { columns: 8, rows: 2 }

  test('with half blocks: two rows of pixels a line', async () => {
    const lines = (await draw('blocks', await picture(), room)).split('\r\n')
    expect(lines).toEqual([
      `\x1b[38;2;255;0;0;48;2;255;0;0m${'▀'.repeat(7)}\x1b[0m`,
      `\x1b[38;2;0;0;255;48;2;0;0;255m${'▀'.repeat(7)}\x1b[0m`,
    ])
  })

  test('as kitty takes it: in pieces, each pixel as it is', async () => {
    const text = await draw('kitty', await picture(), room)
    const pieces = [
      ...text.matchAll(/_G(?:a=T,f=24,o=z,s=(\d+),v=(\d+),c=7,r=2,i=1,p=1,q=2,C=1,)?m=([01]);([\w+/=]+)/g),
    ]
    expect(pieces.at(-1)?.[3]).toBe('0')
    const [, width, height] = pieces[0] ?? []
    const rgb = inflateSync(Buffer.from(pieces.map(([, , , , data]) => data).join(''), 'base64'))
    expect(rgb).toHaveLength(Number(width) * Number(height) * 3)
    expect([...rgb.subarray(0, 3), ...rgb.subarray(-3)]).toEqual([255, 0, 0, 0, 0, 255])
  })

  test('as iTerm2 takes it: a JPEG', async () => {
    const text = await draw('iterm2', await picture(), room)
    const [, size, data = ''] =
      /1337;File=inline=1;size=(\d+);width=7;height=2;preserveAspectRatio=0:([\w+/=]+)/.exec(text) ?? []
    const jpeg = Buffer.from(data, 'base64')
    expect(jpeg).toHaveLength(Number(size))
    expect(await new Bun.Image(jpeg).metadata()).toMatchObject({ width: 64, height: 36, format: 'jpeg' })
  })

  test('as sixels: colours, and runs of six rows', async () => {
    const text = await draw('sixel', await picture(), room)
    expect(text).toStartWith('\x1bPq"1;1;56;32#0;2;0;0;0#1;2;0;0;20')
    expect(text).toContain('#180;2;100;0;0')
    const rows = text.slice(text.indexOf('#215;2;100;100;100') + '#215;2;100;100;100'.length, -2).split('-')
    expect(rows[0]).toBe('#180!56~$')
    expect(rows[4]).toBe('#5!56~$')
    // Of the rows 12 to 17 four are red and two are blue.
    expect(rows[2]).toBe(`#180!56${String.fromCharCode(63 + 0b001111)}$#5!56${String.fromCharCode(63 + 0b110000)}$`)
  })
})

describe('what a terminal can show', () => {
  test.each<[Record<string, string>, string, string]>([
    [{ KITTY_WINDOW_ID: '1' }, '', 'kitty'],
    [{ TERM: 'xterm-kitty' }, '', 'kitty'],
    [{ TERM_PROGRAM: 'iTerm.app' }, '', 'iterm2'],
    [{ LC_TERMINAL: 'iTerm2' }, '', 'iterm2'],
    [{ TERM_PROGRAM: 'iTerm.app', TMUX: '/tmp/x' }, '', 'blocks'],
    [{ TERM: 'foot' }, '\x1b[?62;4;22c', 'sixel'],
    [{ TERM: 'xterm-256color' }, '\x1b[?62;22c', 'blocks'],
    [{ TERM: 'xterm-256color' }, '\x1b[?64;14c', 'blocks'],
    [{}, '', 'blocks'],
  ])('%p with the answer %p: %s', async (env, answer, drawing) => {
    expect(await drawingOf({ env, query: () => Promise.resolve(answer) })).toBe(drawing as never)
  })
})
