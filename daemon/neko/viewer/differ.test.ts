import { expect, test } from 'bun:test'
import { type LivePixels, differs } from './differ'

const [WIDTH, HEIGHT] = [320, 200]

/** A grey screen on which something is painted. */
function screen(paint: (at: (x: number, y: number, colour: number[]) => void) => void = () => undefined): LivePixels {
  const rgb = new Uint8Array(WIDTH * HEIGHT * 3).fill(200)
  paint((x, y, colour) => rgb.set(colour, (y * WIDTH + x) * 3))
  return { width: WIDTH, height: HEIGHT, rgb }
}

/** Steps of a few, everywhere, as a video makes them. */
const noisy = (): LivePixels => {
  const made = screen()
  for (let at = 0; at < made.rgb.length; at++) made.rgb[at] = 200 + ((at * 7919) % 5) - 2 + (at % 997 === 0 ? 9 : 0)
  return made
}

const rectangle = (width: number, height: number, colour: number[]): LivePixels =>
  screen((paint) => {
    for (let y = 0; y < height; y++) for (let x = 0; x < width; x++) paint(100 + x, 50 + y, colour)
  })

test.each([
  ['the same', screen(), false],
  ['what a video makes of it', noisy(), false],
  ['one pixel that is wrong', rectangle(1, 1, [0, 0, 0]), false],
  ['a caret', rectangle(1, 16, [0, 0, 0]), true],
  ['a letter in another shade', rectangle(4, 6, [170, 170, 170]), true],
  ['a button that is a little paler', rectangle(60, 30, [208, 208, 208]), true],
  ['red instead of grey', rectangle(10, 10, [230, 200, 200]), true],
  ['another size', { width: 100, height: 640, rgb: screen().rgb }, true],
])('%s', (_, after, is) => {
  expect([differs(screen(), after), differs(after, screen())]).toEqual([is, is])
})
