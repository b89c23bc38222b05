import { afterAll, beforeAll, beforeEach, describe, expect, setDefaultTimeout, test } from 'bun:test'
import { click, pixelAt, startPage, startTestMachine, type TestMachine, type TestPage, type, until } from './testing'

const KEY = { shift: 0xffe1, control: 0xffe3, alt: 0xffe9, backspace: 0xff08, a: 0x61, c: 0x63, v: 0x76 }

setDefaultTimeout(15_000)

let page: TestPage
let t: TestMachine

beforeAll(async () => {
  page = startPage()
  t = await startTestMachine({ url: page.url, size: { width: 1000, height: 700, rate: 60 } })
  await page.ready({ width: 1000, height: 700 })
  // A browser drops clicks on a page that it has not painted yet.
  await until('a click', () => {
    click(t.machine, ...at(200, 50))
    return page.told.some((one) => one.down) || undefined
  })
}, 60_000)

afterAll(async () => {
  await t?.stop()
  await page?.stop()
}, 30_000)

/** A point of the page. */
const at = (x: number, y: number) => [x, page.top + y] as const

function chord(...keys: number[]): void {
  for (const key of keys) t.machine.key(key, true)
  for (const key of keys.toReversed()) t.machine.key(key, false)
}

function moveTo(x: number, y: number): void {
  t.machine.move({ x, y: page.top + y })
}

async function typed(text: string): Promise<void> {
  await page.until(`the text ${text}`, (told) => told.find((one) => one.text === text))
}

beforeEach(async () => {
  t.machine.reset()
  page.forget()
  click(t.machine, ...at(200, 50))
  // Browsers look for what a click is on while keys go on to what had the focus.
  await page.until('the focus', (told) => told.find(({ down }) => Array.isArray(down) && down[2] === 'text'))
  chord(KEY.control, KEY.a)
  type(t.machine, 'x')
  t.machine.key(KEY.backspace, true)
  t.machine.key(KEY.backspace, false)
  await page.until('an empty text', (told) => (told.findLast((one) => 'text' in one)?.text === '' ? true : undefined))
  page.forget()
})

describe('keys', () => {
  test('letters, capitals and symbols arrive as they were sent', async () => {
    const text = 'Hello, World! {[(<@#$%^&*_+|~`"\'?/\\-=;:.,>)]}'
    type(t.machine, text)
    await typed(text)
  })

  test('letters that the layout lacks get keys of their own, more of them than there are spare ones', async () => {
    const text = 'üöäßéñ中文字輸入Ωжλ€→✓日本語'
    type(t.machine, text)
    await typed(text)
  })

  test('with Shift held by hand a base key gives its shifted letter', async () => {
    chord(KEY.shift, 0x31)
    chord(KEY.shift, 0x61)
    await typed('!A')
  })

  test('with Shift held a symbol comes from the key that has it above', async () => {
    t.machine.key(KEY.shift, true)
    type(t.machine, '<>|~Q')
    t.machine.key(KEY.shift, false)
    await typed('<>|~Q')
  })

  test('a capital letter with Control held is a shortcut without Shift', async () => {
    chord(KEY.control, 0x42)
    const told = await page.until('the key', (told) => told.find((one) => one.control && one.key === 'b'))
    expect(told).toMatchObject({ control: true, shift: false })
  })

  test('a key that is held cannot be pressed again, and one that is not cannot be let go', () => {
    expect(t.machine.key(KEY.shift, false)).toBe(false)
    expect(t.machine.key(KEY.shift, true)).toBe(true)
    expect(t.machine.key(KEY.shift, true)).toBe(false)
    expect(t.machine.key(KEY.shift, false)).toBe(true)
    expect(t.machine.button(1, false)).toBe(false)
  })

  test('a capital letter whose Shift was let go of first comes up under its small name', async () => {
    t.machine.key(KEY.shift, true)
    t.machine.key(0x51, true)
    t.machine.key(KEY.shift, false)
    expect(t.machine.key(0x71, false)).toBe(true)
    await typed('Q')
    expect(await t.machine.modifiers()).toMatchObject({ shift: false })
  })

  test('reset lets go of everything that is held', async () => {
    t.machine.key(KEY.control, true)
    t.machine.key(KEY.alt, true)
    expect(await t.machine.modifiers()).toMatchObject({ control: true, alt: true, shift: false })
    t.machine.reset()
    expect(await t.machine.modifiers()).toMatchObject({ control: false, alt: false })
  })

  test('modifiers are locked and unlocked, and what is not named stays', async () => {
    await t.machine.setModifiers({ numlock: true })
    await t.machine.setModifiers({ capslock: true, shift: null })
    expect(await t.machine.modifiers()).toMatchObject({ capslock: true, numlock: true, shift: false })
    await t.machine.setModifiers({ capslock: false, numlock: false })
    expect(await t.machine.modifiers()).toMatchObject({ capslock: false, numlock: false })
  })

  test('another layout has its letters on other keys, with AltGr too', async () => {
    expect(await t.machine.keyboardLayout()).toMatchObject({ layout: 'us' })
    await t.machine.setKeyboardLayout({ layout: 'de', variant: 'nodeadkeys' })
    expect(await t.machine.keyboardLayout()).toEqual({ layout: 'de', variant: 'nodeadkeys' })
    type(t.machine, 'zyZY@€{}üß\\')
    await typed('zyZY@€{}üß\\')
    await t.machine.setKeyboardLayout({ layout: 'us', variant: '' })
    type(t.machine, 'zy@')
    await typed('zyZY@€{}üß\\zy@')
  })

  test.each([
    ['xx-none', ''],
    ['-option', ''],
    ['', ''],
    ['us', 'no such'],
  ])('a layout %p with variant %p is refused', async (layout, variant) => {
    const refused = t.machine.setKeyboardLayout({ layout, variant })
    await expect(refused).rejects.toMatchObject({ kind: 'invalid' })
  })
})

describe('pointer', () => {
  test('a click changes what is on the screen, where it was', async () => {
    const [x, y] = at(150, 300)
    expect(await pixelAt(t.machine, x, y)).toEqual([200, 0, 0])
    click(t.machine, x, y)
    const told = await page.until('the click', (told) => told.find((one) => one.click))
    expect(told.click).toEqual([150, 300])
    await until('green', async () => ((await pixelAt(t.machine, x, y))[1] === 200 ? true : undefined))
    const shot = await t.machine.screenshot(80)
    const { width, height, format } = await new Bun.Image(shot).metadata()
    expect({ width, height, format }).toEqual({ width: 1000, height: 700, format: 'jpeg' })
  })

  test('the right button opens a menu', async () => {
    click(t.machine, ...at(150, 300), 3)
    await page.until('the menu', (told) => told.find((one) => one.context))
  })

  test('a point outside of the screen becomes the nearest inside', async () => {
    t.machine.move({ x: 5000, y: -3 })
    expect(await t.machine.pointer()).toEqual({ x: 999, y: 0 })
  })

  test.each([
    ['down', 0, -2, [0, 1]],
    ['up', 0, 2, [0, -1]],
    ['left', 1, 0, [-1, 0]],
    ['right', -1, 0, [1, 0]],
  ])('the wheel turns %s', async (_name, dx, dy, direction) => {
    moveTo(150, 300)
    t.machine.wheel(dx, dy)
    const wheel = await page.until('the wheel', (told) => told.map((one) => one.wheel).find(Array.isArray))
    expect(wheel.map((delta) => Math.sign(Number(delta)))).toEqual(direction)
  })

  test('the wheel with Control held says so', async () => {
    t.machine.wheel(0, -1, true)
    const told = await page.until('the wheel', (told) => told.find((one) => one.wheel))
    expect(told.control).toBe(true)
    expect(await t.machine.modifiers()).toMatchObject({ control: false })
  })

  test('the image of the pointer is told, and again when it changes', async () => {
    const seen: { png: Uint8Array }[] = []
    const stop = t.machine.onCursor((cursor) => void seen.push(cursor))
    await until('the first image', () => seen[0])
    const before = seen.length
    moveTo(150, 300)
    const cursor = await until('another image', () => seen[before])
    stop()
    expect((await new Bun.Image(cursor.png).metadata()).format).toBe('png')
  })
})

describe('clipboard', () => {
  test('text and HTML that are put on it are pasted', async () => {
    await t.machine.setClipboard({ text: 'grüße 😀 中文', html: '<b>grüße</b> 中文' })
    chord(KEY.control, KEY.v)
    await typed('grüße 😀 中文')
    const pasted = await page.until('the paste', (told) => told.find((one) => one.types))
    expect(pasted.types).toEqual(['text/plain', 'text/html'])
    expect(pasted.html).toContain('<b>grüße</b> 中文')
  })

  test('text that is longer than a request is pasted in parts', async () => {
    const text = 'abcdefgh 中 '.repeat(6000)
    await t.machine.setClipboard({ text })
    chord(KEY.control, KEY.v)
    await typed(text)
  })

  test('what is copied on the machine is read, and told', async () => {
    let told = 0
    const stop = t.machine.onClipboard(() => void told++)
    type(t.machine, 'Copied 中')
    await typed('Copied 中')
    const before = told
    chord(KEY.control, KEY.a)
    chord(KEY.control, KEY.c)
    await until('the news', () => told > before || undefined)
    stop()
    expect(await t.machine.clipboard()).toMatchObject({ text: 'Copied 中' })
    expect(await t.machine.clipboardImage()).toBeUndefined()
  })

  test('an image is there as PNG', async () => {
    const png = await new Bun.Image(await t.machine.screenshot(50)).png().bytes()
    await t.machine.setClipboard({ png })
    expect(await t.machine.clipboardImage()).toEqual(png)
    expect(await t.machine.clipboard()).toEqual({})
  })
})

describe('files', () => {
  test('files that are dropped reach the page below', async () => {
    const [x, y] = at(500, 300)
    await t.machine.drop({ x, y }, [
      { name: 'eins.txt', data: Buffer.from('one') },
      { name: 'zwei 中 %.txt', data: new Blob(['two']) },
    ])
    const { dropped } = await page.until('the drop', (told) => told.find((one) => one.dropped))
    expect(dropped).toEqual([
      ['eins.txt', 'one'],
      ['zwei 中 %.txt', 'two'],
    ])
    expect(await Bun.file(`${t.machine.downloads}/eins.txt`).text()).toBe('one')
  })

  test('a file is chosen in the dialog of the browser', async () => {
    await expect(t.machine.choose([{ name: 'a.txt', data: Buffer.from('a') }])).rejects.toMatchObject({
      code: 'chooser_closed',
    })
    const two = ['a', 'b'].map((name) => ({ name, data: Buffer.from('') }))
    await expect(t.machine.choose(two)).rejects.toMatchObject({ code: 'chooser_one_file' })
    const news: boolean[] = []
    const stop = t.machine.onChooser((open) => void news.push(open))
    click(t.machine, ...at(50, 435))
    await until('the dialog', () => t.machine.chooserOpen || undefined)
    await t.machine.choose([{ name: 'gewählt.txt', data: Buffer.from('chosen') }])
    const { chosen } = await page.until('the file', (told) => told.find((one) => one.chosen))
    expect(chosen).toEqual([['gewählt.txt', 'chosen']])
    click(t.machine, ...at(50, 435))
    await until('the dialog', () => t.machine.chooserOpen || undefined)
    await t.machine.choose([])
    stop()
    expect(news).toEqual([true, false, true, false])
  }, 30_000)

  test('what the browser downloads is in the downloads folder', async () => {
    click(t.machine, ...at(420, 440))
    await until('the download', async () => {
      const file = Bun.file(`${t.machine.downloads}/geladen.txt`)
      return ((await file.exists()) && (await file.text()) === 'downloaded') || undefined
    })
  })
})
