import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { once } from 'node:events'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createLogger } from '@shared/log'
import { NekoClient } from '../client/client'
import { pictureOfPlanes } from '../frames/i420'
import type { Pixels } from '../frames/picture'
import { MediaSession } from '../media/session'
import { until } from '../media/testing'
import { processes } from '../../runtimes/processes'
import { type Desktop, startDesktop } from './desktop'

/** A page that is red, and green where it was clicked last; its title says what was typed. */
const PAGE = `data:text/html,<title>red</title><style>body{margin:0;height:100vh;background:rgb(220,0,0)}</style>
<script>onclick=()=>{document.body.style.background='rgb(0,200,0)';document.title='green'}
onkeydown=(e)=>{if(e.key==='r'){document.body.style.background='rgb(220,0,0)'}}</script>`

const quiet = createLogger({ write: () => {} })
let home: string
let desktop: Desktop
let client: NekoClient
let media: MediaSession

beforeAll(async () => {
  home = mkdtempSync(join(tmpdir(), 'nekode-desktop-'))
  desktop = await startDesktop({ home, port: 0, url: PAGE, size: { width: 800, height: 600, rate: 30 }, log: quiet })
  client = await NekoClient.connect({ url: desktop.url, username: 'boss', password: desktop.adminPassword, log: quiet })
  media = new MediaSession(client, {
    ice: { policy: 'strict' },
    log: quiet,
    connection: { iceAdditionalHostAddresses: ['127.0.0.1'] },
  })
  media.start()
}, 60_000)

afterAll(async () => {
  await media?.close()
  await client?.close()
  await desktop?.stop()
  rmSync(home, { recursive: true, force: true })
}, 30_000)

async function colour(after: number): Promise<'red' | 'green' | 'other'> {
  const { planes, at } = await media.picture({ timeoutMs: 15_000, after })
  const { rgb, width }: Pixels = await pictureOfPlanes(planes, at).pixels()
  const [r = 0, g = 0, b = 0] = rgb.subarray((400 * width + 400) * 3)
  if (b > 80) return 'other'
  if (r > 150 && g < 80) return 'red'
  return g > 120 && r < 80 ? 'green' : 'other'
}

/** @param act what makes it so; again when a browser has dropped it, as one does that is busy */
async function becomes(wanted: 'red' | 'green', act: () => void = () => {}): Promise<void> {
  for (;;) {
    act()
    for (let looks = 0; looks < 100; looks++) {
      if ((await colour(Date.now())) === wanted) return
      await Bun.sleep(20)
    }
  }
}

describe('a real screen with a real browser', () => {
  test('what is clicked and typed changes what is seen, over the WebSocket and over the data channel', async () => {
    await becomes('red')
    await client.acquire()
    await becomes('green', () => client.send('control/buttonpress', { code: 1, x: 400, y: 400 }))
    await becomes('red', () => client.send('control/keypress', { keysym: 0x72 }))
    await until(() => media.hasChannel)
    await becomes('green', () => {
      media.send({ kind: 'move', x: 400, y: 420 })
      media.send({ kind: 'buttondown', code: 1 })
      media.send({ kind: 'buttonup', code: 1 })
    })
  }, 60_000)

  test('a screenshot has the size of the screen, and a new size is one of the video', async () => {
    const shot = await client.rest.screen.shot()
    expect(await new Bun.Image(shot).metadata()).toMatchObject({ width: 800, height: 600, format: 'jpeg' })
    const told = new Promise((resolve) => client.on('screen/updated', resolve))
    client.send('screen/set', { width: 1024, height: 768, rate: 30 })
    expect(await told).toMatchObject({ width: 1024, height: 768 })
    const width = async () => (await media.picture({ timeoutMs: 15_000, after: Date.now() })).planes.width
    while ((await width()) !== 1024) await Bun.sleep(20)
    const next = await client.rest.screen.shot()
    expect(await new Bun.Image(next).metadata()).toMatchObject({ width: 1024, height: 768 })
  }, 60_000)

  test('the clipboard goes both ways', async () => {
    await client.acquire()
    await client.rest.clipboard.set({ text: 'grüße ☃' })
    expect(await client.rest.clipboard.get()).toMatchObject({ text: 'grüße ☃' })
  }, 30_000)

  test('the screen is sent to a streaming service, and what cannot be reached is refused', async () => {
    const port = await freePort()
    await expect(client.rest.broadcast.start(`rtmp://127.0.0.1:${port}/live/none`)).rejects.toMatchObject({
      message: expect.stringContaining('ffmpeg could not send'),
    })
    const url = `rtmp://127.0.0.1:${port}/live/screen`
    const log = join(home, 'frames')
    const service = Bun.spawn(
      ['ffmpeg', '-v', 'error', '-listen', '1', '-i', url, '-frames:v', '10', '-f', 'framehash', '-y', log],
      { stdin: 'ignore', stdout: 'ignore', stderr: 'pipe' },
    )
    try {
      const told = new Promise((resolve) => client.on('broadcast/status', resolve))
      await started(() => client.rest.broadcast.start(url))
      expect(await told).toEqual({ is_active: true, url })
      await expect(client.rest.broadcast.start(url)).rejects.toMatchObject({
        message: expect.stringContaining('already broadcasting'),
      })
      expect(await service.exited).toBe(0)
      expect(await Bun.file(log).text()).toContain('1024x768')
    } finally {
      service.kill('SIGKILL')
      await client.rest.broadcast.stop().catch(() => undefined)
    }
    expect(await client.rest.broadcast.status()).toMatchObject({ is_active: false })
  }, 60_000)
})

/** The service needs a moment until it listens; ffmpeg ends at once until then. */
async function started(start: () => Promise<void>): Promise<void> {
  for (let i = 0; ; i++) {
    try {
      return await start()
    } catch (error) {
      if (i === 100) throw error
    }
  }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  server.close()
  await once(server, 'close')
  return typeof address === 'object' && address ? address.port : 0
}

test('the command says where the desktop is, and leaves nothing behind when it is interrupted', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'nekode-command-'))
  const child = Bun.spawn(
    [
      process.execPath,
      'daemon/main.ts',
      'neko',
      'desktop',
      '--port',
      '0',
      '--json',
      '--home',
      folder,
      '--log-level',
      'error',
    ],
    {
      cwd: join(import.meta.dir, '../../..'),
      env: { ...process.env, NEKODE_HOME: folder, NEKO_MEMBER_MULTIUSER_USER_PASSWORD: 'given' },
      stdout: 'pipe',
      stderr: 'pipe',
    },
  )
  try {
    let text = ''
    const [decoder, reader] = [new TextDecoder(), child.stdout.getReader()]
    while (!text.trim().endsWith('}')) {
      const { value, done } = await reader.read()
      if (done) break
      text += decoder.decode(value, { stream: true })
    }
    const said = JSON.parse(text)
    // The one that was given is not said again.
    expect(said).toEqual({ url: expect.stringContaining('http://127.0.0.1:'), adminPassword: expect.any(String) })
    const guest = await NekoClient.connect({ url: said.url, username: 'x', password: 'given', log: quiet })
    await guest.close()
    const before = descendants(child.pid)
    expect(before.length).toBeGreaterThan(2)
    child.kill('SIGINT')
    expect(await child.exited).toBe(0)
    const alive = new Set(processes().map(identity))
    expect(before.filter((one) => alive.has(one))).toEqual([])
  } finally {
    child.kill('SIGKILL')
    rmSync(folder, { recursive: true, force: true })
  }
}, 60_000)

const identity = ({ pid, start }: { pid: number; start: string }): string => `${pid} since ${start}`

/** All that a process started, directly or not. */
function descendants(pid: number): string[] {
  const all = processes()
  const below = (parent: number): typeof all => {
    const children = all.filter((one) => one.parent === parent)
    return [...children, ...children.flatMap((child) => below(child.pid))]
  }
  return below(pid).map(identity)
}
