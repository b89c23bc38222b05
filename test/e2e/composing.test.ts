import { afterAll, beforeAll, expect, test } from 'bun:test'
import type { Browser, Locator, Page } from 'playwright-core'
import { crc32, deflateSync } from 'node:zlib'
import { accessibility, launch, logIn, overflow, phone, startConsole, visit } from './browser'
import { ADMIN, eventually, inPlace } from './harness'

const minutes = (n: number) => n * 60_000
let browser: Browser

beforeAll(async () => {
  browser = await launch()
}, minutes(1))
afterAll(() => browser?.close())

const field = (page: Page) => page.locator('textarea[data-composer]').first()
const log = (page: Page) => page.getByRole('log').first()
const files = (page: Page) => page.getByRole('list', { name: 'Files to send' })

const part = (type: string, data: Buffer): Buffer => {
  const body = Buffer.concat([Buffer.from(type, 'latin1'), data])
  const [size, sum] = [Buffer.alloc(4), Buffer.alloc(4)]
  size.writeUInt32BE(data.length)
  sum.writeUInt32BE(crc32(body))
  return Buffer.concat([size, body, sum])
}

/** A PNG of one colour, in Base64. */
function picture(width: number, height: number): string {
  const head = Buffer.alloc(13)
  head.writeUInt32BE(width)
  head.writeUInt32BE(height, 4)
  head.set([8, 2, 0, 0, 0], 8)
  const row = Buffer.concat([Buffer.of(0), Buffer.alloc(width * 3, Buffer.of(64, 160, 112))])
  const rows = deflateSync(Buffer.concat(Array.from({ length: height }, () => row)))
  const signature = Buffer.of(137, 80, 78, 71, 13, 10, 26, 10)
  return Buffer.concat([signature, part('IHDR', head), part('IDAT', rows), part('IEND', Buffer.of())]).toString(
    'base64',
  )
}

/** Drops files on the conversation as a file manager does: over it first, so that the zone can say what it is. */
async function drop(page: Page): Promise<void> {
  await field(page).waitFor()
  const data = await page.evaluateHandle(
    (png) => {
      const transfer = new DataTransfer()
      transfer.items.add(
        new File([Uint8Array.from(atob(png), (char) => char.charCodeAt(0))], 'plan\u202Egnp.exe.png', {
          type: 'image/png',
        }),
      )
      transfer.items.add(new File(['export const answer = 42\n'.repeat(30)], 'answer.ts', { type: 'text/plain' }))
      return transfer
    },
    picture(640, 320),
  )
  await log(page).dispatchEvent('dragenter', { dataTransfer: data })
  await eventually(
    async () => {
      await log(page).dispatchEvent('dragover', { dataTransfer: data })
      return page.getByText('Drop files here to attach them').isVisible()
    },
    { what: 'the zone says what it is' },
  )
  await log(page).dispatchEvent('drop', { dataTransfer: data })
}

const pastePicture = (area: Locator): Promise<void> =>
  area.evaluate(
    (element, png) => {
      const clipboardData = new DataTransfer()
      clipboardData.items.add(
        new File([Uint8Array.from(atob(png), (char) => char.charCodeAt(0))], 'image.png', { type: 'image/png' }),
      )
      element.dispatchEvent(new ClipboardEvent('paste', { clipboardData, bubbles: true, cancelable: true }))
    },
    picture(200, 200),
  )

const pasteText = (area: Locator, text: string): Promise<void> =>
  area.evaluate((element: HTMLTextAreaElement, text) => {
    const clipboardData = new DataTransfer()
    clipboardData.setData('text/plain', text)
    const event = new ClipboardEvent('paste', { clipboardData, bubbles: true, cancelable: true })
    // What the browser itself does with a paste that nobody has taken.
    if (element.dispatchEvent(event)) document.execCommand('insertText', false, text)
  }, text)

test(
  'files are dropped and pasted, sent with a message, and seen by others in their place',
  async () => {
    await inPlace(async (place) => {
      const server = await startConsole(place)
      const admin = await server.admin()
      await admin.call('POST /api/users', { body: { username: 'grace', password: ADMIN.password } })
      const ada = await visit(browser, server.url)
      const grace = await visit(browser, server.url)
      await Promise.all([logIn(ada.page, ADMIN.username, ADMIN.password), logIn(grace.page, 'grace', ADMIN.password)])
      await drop(ada.page)
      await pastePicture(field(ada.page))
      await files(ada.page).getByRole('listitem').nth(2).waitFor()
      await field(ada.page).fill('the plan, and what it comes to')
      await field(ada.page).press('Enter')

      const message = log(grace.page).locator('article').filter({ hasText: 'the plan, and what it comes to' })
      await message.getByText('answer = 42').first().waitFor()
      const picture = message.getByRole('button', { name: 'Show plangnp.exe.png' })
      expect(await picture.evaluate((element) => Math.round((element.clientWidth / element.clientHeight) * 10))).toBe(
        20,
      )
      await picture.click()
      const viewer = grace.page.getByRole('dialog', { name: 'Picture' })
      await viewer.getByText('1 of 2').waitFor()
      await grace.page.keyboard.press('ArrowRight')
      await viewer.getByText('image.png').waitFor()
      await grace.page.waitForFunction(
        () => document.querySelector<HTMLImageElement>('dialog img')?.naturalWidth === 200,
      )
      await grace.page.keyboard.press('Escape')
      await viewer.waitFor({ state: 'detached' })
      expect(await accessibility(grace.page)).toEqual([])

      await message.getByText('the plan, and what it comes to').click({ clickCount: 3 })
      await grace.page.getByRole('button', { name: 'Quote' }).click()
      expect(await field(grace.page).inputValue()).toBe('> the plan, and what it comes to\n\n')

      await pasteText(field(ada.page), `${'a line of a log\n'.repeat(60)}`)
      await ada.page.getByRole('button', { name: 'Attach it as a file' }).click()
      await files(ada.page).getByText('pasted.txt').waitFor()
      expect(await field(ada.page).inputValue()).toBe('')
      await ada.page.getByRole('button', { name: /^(Cancel|Remove) pasted.txt$/ }).click()
      await files(ada.page).waitFor({ state: 'detached' })
      expect([...ada.complaints, ...grace.complaints]).toEqual([])
    })
  },
  minutes(3),
)

/** Whether the page's browser has a file in store. */
async function keptFiles(): Promise<boolean> {
  const database = await new Promise<IDBDatabase>((resolve, reject) => {
    const request = indexedDB.open('nekode', 1)
    request.addEventListener('success', () => resolve(request.result))
    request.addEventListener('error', () => reject(request.error ?? new Error('no storage')))
    request.addEventListener('upgradeneeded', () => request.result.createObjectStore('files'))
  })
  const count = await new Promise<number>((resolve) => {
    const request = database.transaction('files').objectStore('files').count()
    request.addEventListener('success', () => resolve(request.result))
  })
  database.close()
  return count > 0
}

test(
  'an upload that is cut goes on where it stopped, and the message waits for it',
  async () => {
    await inPlace(async (place) => {
      const server = await startConsole(place)
      const admin = await server.admin()
      const { page, context, complaints } = await visit(browser, server.url)
      await logIn(page, ADMIN.username, ADMIN.password)
      const offsets: number[] = []
      let dead: Promise<void> | undefined
      await page.route('**/api/uploads/*', async (route) => {
        const request = route.request()
        if (request.method() === 'PATCH') {
          const offset = Number(request.headers()['upload-offset'])
          offsets.push(offset)
          // The server is gone in the middle of the file.
          if (offset > 0) await (dead ??= server.killHard())
        }
        await route.continue()
      })
      // Made in the page: through the browser's own protocol so many bytes would take long.
      const size = 9 << 20
      await page.locator('input[data-files]').evaluate((input: HTMLInputElement, size) => {
        const transfer = new DataTransfer()
        transfer.items.add(new File([new Uint8Array(size).fill(7)], 'big.bin'))
        input.files = transfer.files
        input.dispatchEvent(new Event('change', { bubbles: true }))
      }, size)
      await files(page).getByText('Connection lost; it goes on by itself').waitFor()
      await field(page).fill('here it is')
      await field(page).press('Enter')
      await log(page).getByText('Waiting for 1 file').waitFor()
      await page.unroute('**/api/uploads/*')
      await server.start()
      await log(page).getByRole('link', { name: 'Download big.bin' }).waitFor({ timeout: 45_000 })
      expect(offsets.filter((offset) => offset === 0)).toHaveLength(1)
      const { items } = await admin.call('GET /api/attachments', { query: { target: '#general' } })
      expect(items).toMatchObject([
        {
          filename: 'big.bin',
          sha256: new Bun.CryptoHasher('sha256').update(new Uint8Array(size).fill(7)).digest('hex'),
        },
      ])

      // The page goes before the file has arrived; the next one goes on with it.
      await page.route('**/api/uploads', (route) => route.abort())
      await page
        .locator('input[data-files]')
        .setInputFiles({ name: 'kept.txt', mimeType: 'text/plain', buffer: Buffer.from('kept by the browser') })
      await files(page).getByText('kept.txt').waitFor()
      await field(page).press('Enter')
      await log(page).getByText('Waiting for 1 file').waitFor()
      await eventually(() => page.evaluate(keptFiles), { what: 'the browser has kept the file' })
      const next = await context.newPage()
      await page.close()
      await next.goto(`${server.url}/c/general`)
      await log(next).getByText('kept by the browser').waitFor()
      expect(complaints).toEqual([])
    })
  },
  minutes(3),
)

test(
  'drafts are there after a reload and on another device, and never replace what is being typed',
  async () => {
    await inPlace(async (place) => {
      const server = await startConsole(place)
      const admin = await server.admin()
      await admin.call('POST /api/channels', { body: { name: 'plans' } })
      const laptop = await visit(browser, server.url)
      const desk = await visit(browser, server.url)
      await logIn(laptop.page, ADMIN.username, ADMIN.password)
      await logIn(desk.page, ADMIN.username, ADMIN.password)

      await field(laptop.page).fill('half a thought')
      await laptop.page.reload()
      await laptop.page.waitForFunction(
        () => document.querySelector<HTMLTextAreaElement>('textarea[data-composer]')?.value === 'half a thought',
      )
      await desk.page.waitForFunction(
        () => document.querySelector<HTMLTextAreaElement>('textarea[data-composer]')?.value === 'half a thought',
      )
      await desk.page.getByRole('link', { name: 'plans' }).click()
      await desk.page.getByRole('link', { name: /general.*Draft/ }).waitFor()
      await field(desk.page).fill('mine')
      await laptop.page.getByRole('link', { name: /plans.*Draft/ }).click()
      await field(laptop.page).fill('written on the laptop')
      await desk.page.getByText(/“written on the laptop”/).waitFor()
      expect(await field(desk.page).inputValue()).toBe('mine')
      await desk.page.getByRole('button', { name: 'Use that' }).click()
      await field(desk.page).press('Enter')
      await log(laptop.page).getByText('written on the laptop').waitFor()
      await eventually(
        async () => (await admin.call('GET /api/drafts')).items.every(({ target }) => target === '#general'),
        {
          what: 'the draft is gone from the server',
        },
      )

      // What could not be sent is sent after a reload.
      await laptop.page.getByRole('link', { name: 'general' }).click()
      await laptop.page.route('**/api/messages', (route) => route.abort())
      await field(laptop.page).fill('from a tunnel')
      await field(laptop.page).press('Enter')
      await log(laptop.page).getByText('Not sent.').waitFor()
      await laptop.page.unroute('**/api/messages')
      await laptop.page.reload()
      await log(desk.page).waitFor()
      await desk.page.getByRole('link', { name: 'general' }).click()
      await log(desk.page).getByText('from a tunnel').waitFor()
      expect(await log(desk.page).getByText('from a tunnel').count()).toBe(1)
      expect([...laptop.complaints, ...desk.complaints]).toEqual([])
    })
  },
  minutes(3),
)

test(
  'commands are completed and carried out, and one that nobody knows is not sent unasked; all of it on a phone',
  async () => {
    await inPlace(async (place) => {
      const server = await startConsole(place)
      const admin = await server.admin()
      const { page, complaints } = await visit(browser, server.url, phone)
      await logIn(page, ADMIN.username, ADMIN.password)
      await page.getByRole('link', { name: 'general' }).click()
      await field(page).fill('/rem')
      await page.getByRole('option', { name: /remind/ }).waitFor()
      await page.keyboard.press('Enter')
      await page.keyboard.type('in 2 hours: look at the build')
      await page.keyboard.press('Enter')
      await page.getByText(/^Reminder set for .*look at the build$/).waitFor()
      expect((await admin.call('GET /api/reminders')).items.map(({ title }) => title)).toEqual(['look at the build'])

      await field(page).fill('/task mend the gate !high')
      await page.getByRole('button', { name: 'Send message' }).click()
      await page.getByText('Task added: mend the gate').waitFor()
      expect((await admin.call('GET /api/tasks')).items).toMatchObject([{ summary: 'mend the gate', priority: 'high' }])

      await field(page).fill('/frobnicate')
      await page.keyboard.press('Enter')
      await page.getByText('There is no command /frobnicate here.').waitFor()
      await page.getByRole('button', { name: 'Show all commands' }).click()
      await page.getByRole('dialog', { name: 'Commands' }).getByText('Propose a decision to vote on').waitFor()
      expect(await overflow(page)).toBe(0)
      await page.keyboard.press('Escape')

      await field(page).fill('')
      await field(page).pressSequentially('see #gen')
      await page.getByRole('option', { name: /general/ }).click()
      await field(page).pressSequentially(':rocke')
      await page.getByRole('option', { name: 'rocket', exact: false }).first().waitFor()
      await page.keyboard.press('Enter')
      expect(await field(page).inputValue()).toBe('see #general 🚀 ')
      await page
        .locator('input[data-files]')
        .setInputFiles({ name: 'a.txt', mimeType: 'text/plain', buffer: Buffer.from('one\ntwo\n') })
      await page.getByRole('button', { name: 'Remove a.txt' }).waitFor()
      await page.getByRole('button', { name: /^Kind of message/ }).click()
      await page.getByRole('menuitem', { name: /^Blocker/ }).click()
      expect(await overflow(page)).toBe(0)
      expect(await accessibility(page)).toEqual([])
      await page.getByRole('button', { name: 'Send message' }).click()
      const sent = log(page).locator('article').filter({ hasText: 'see #general' })
      await sent.getByText('Blocker').waitFor()
      await sent.getByRole('link', { name: 'Download a.txt' }).waitFor()
      expect(await overflow(page)).toBe(0)
      expect(complaints).toEqual([])
    })
  },
  minutes(3),
)
