import { afterEach, describe, expect, setDefaultTimeout, test } from 'bun:test'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { carrying, processes } from '../../runtimes/processes'
import { OpusDecoder, OpusEncoder } from '../media/opus'
import type { EncodedVideo } from './machine'
import { MACHINE_MARK } from './processes'
import { startTestMachine, type TestMachine, until } from './testing'

setDefaultTimeout(20_000)

/** Shows nothing, and stays. */
const NO_BROWSER = ['sleep', '1000']
const running: TestMachine[] = []

async function start(options: Parameters<typeof startTestMachine>[0] = {}): Promise<TestMachine> {
  const started = await startTestMachine({ browser: NO_BROWSER, sound: false, ...options })
  running.push(started)
  return started
}

afterEach(async () => {
  for (const one of running.splice(0)) await one.stop()
})

const ownerOf = (home: string): { mark: string; run: string } =>
  JSON.parse(readFileSync(join(home, '.machine.json'), 'utf8'))
const markOf = (home: string): string => ownerOf(home).mark
const programs = (mark: string) =>
  carrying(MACHINE_MARK, mark).map(({ pid }) => ({
    pid,
    name: readFileSync(`/proc/${pid}/comm`, 'utf8').trim(),
    env: readFileSync(`/proc/${pid}/environ`, 'utf8').split('\0'),
  }))

/** Of a key frame of VP8 (RFC 6386, 9.1). */
const sizeOf = (frame: Uint8Array) => ({
  width: ((frame[6] ?? 0) | ((frame[7] ?? 0) << 8)) & 0x3fff,
  height: ((frame[8] ?? 0) | ((frame[9] ?? 0) << 8)) & 0x3fff,
})

function collect(t: TestMachine): { frames: EncodedVideo[]; stop: () => void } {
  const frames: EncodedVideo[] = []
  return { frames, stop: t.machine.video((frame) => void frames.push(frame)) }
}

const isRising = (frames: EncodedVideo[]) =>
  frames.every((frame, index) => index === 0 || frame.timestamp > (frames[index - 1]?.timestamp ?? 0))

describe('video', () => {
  test('one encoder serves several listeners, and who comes late begins with a key frame', async () => {
    const t = await start({ size: { width: 640, height: 480, rate: 30 } })
    const one = collect(t)
    await until('pictures', () => one.frames[4])
    const two = collect(t)
    await until('pictures', () => two.frames[8])
    const encoders = programs(markOf(t.home)).filter(({ name }) => name === 'ffmpeg')
    expect(encoders.length).toBe(1)
    expect(sizeOf(one.frames[0]!.data)).toEqual({ width: 640, height: 480 })
    expect(one.frames[0]!.key).toBe(true)
    expect(two.frames[0]).toEqual(one.frames[0]!)
    expect(isRising(one.frames)).toBe(true)
    expect(isRising(two.frames)).toBe(true)
    two.stop()
    const count = two.frames.length
    const seen = one.frames.length
    await until('more pictures', () => one.frames[seen + 2])
    expect(two.frames.length).toBe(count)
    one.stop()
  })

  test('an encoder that dies is started again, and its pictures begin with a key frame', async () => {
    const t = await start()
    const { frames, stop } = collect(t)
    await until('pictures', () => frames[3])
    const encoder = programs(markOf(t.home)).find(({ name }) => name === 'ffmpeg')
    const count = frames.length
    process.kill(encoder!.pid, 'SIGKILL')
    const keys = () => frames.slice(count).filter((frame) => frame.key)
    await until('a new key frame', () => keys()[0])
    expect(t.log.join('\n')).toContain('the video encoder ended and is started again')
    expect(isRising(frames)).toBe(true)
    stop()
  })

  test('a new size begins with a key frame of that size, rounded down to a multiple of 8', async () => {
    const t = await start({ size: { width: 640, height: 480, rate: 30 } })
    const { frames, stop } = collect(t)
    const told: unknown[] = []
    t.machine.onResize((size) => void told.push(size))
    await until('pictures', () => frames[1])
    expect(await t.machine.resize({ width: 1007, height: 500, rate: 0 })).toEqual({
      width: 1000,
      height: 500,
      rate: 60,
    })
    expect(told).toEqual([{ width: 1000, height: 500, rate: 60 }])
    const first = await until('a picture of the new size', () => frames.find(({ size }) => size.width === 1000))
    expect(first.key).toBe(true)
    expect(sizeOf(first.data)).toEqual({ width: 1000, height: 500 })
    expect(isRising(frames)).toBe(true)
    const { width, height } = await new Bun.Image(await t.machine.screenshot(50)).metadata()
    expect({ width, height }).toEqual({ width: 1000, height: 500 })
    stop()
    await expect(t.machine.resize({ width: 99_999, height: 500, rate: 60 })).rejects.toMatchObject({ kind: 'invalid' })
    await expect(t.machine.resize({ width: 8, height: 500, rate: 60 })).rejects.toMatchObject({ kind: 'invalid' })
    expect(t.machine.size).toEqual({ width: 1000, height: 500, rate: 60 })
    expect(t.machine.sizes()).toContainEqual({ width: 1280, height: 720, rate: 30 })
  })
})

describe('sound', () => {
  test('what a program plays is heard, and what is said into the microphone can be recorded', async () => {
    const t = await start({ sound: true })
    expect(t.machine.noAudio).toBeUndefined()
    const env = { ...t.machine.environment, PATH: process.env.PATH ?? '' }
    const play = 'ffmpeg -loglevel error -re -f lavfi -i sine=440:duration=20 -f pulse -device nekode_speakers test'
    const player = Bun.spawn(play.split(' '), { env, stdin: 'ignore' })
    const decoder = await OpusDecoder.create(2)
    let loudest = 0
    const stop = t.machine.audio(({ data }) => {
      for (const sample of decoder.decode(data)) loudest = Math.max(loudest, Math.abs(sample))
    })
    await until('a tone', () => loudest > 1000 || undefined)
    stop()
    player.kill()
    await player.exited

    const record = 'ffmpeg -loglevel error -f pulse -i nekode_microphone -t 1 -f s16le -'
    const recorder = Bun.spawn(record.split(' '), { env, stdin: 'ignore', stdout: 'pipe' })
    const encoder = await OpusEncoder.create(1)
    const tone = Int16Array.from({ length: 960 }, (_, index) => 8000 * Math.sin((index / 960) * Math.PI * 2 * 10))
    const speaking = setInterval(() => t.machine.microphone(encoder.encode(tone)), 20)
    const heard = new Int16Array(await new Response(recorder.stdout).arrayBuffer())
    clearInterval(speaking)
    expect(heard.reduce((most, sample) => Math.max(most, Math.abs(sample)), 0)).toBeGreaterThan(1000)
  })

  test('without sound it says why there is none, and does nothing', async () => {
    const t = await start()
    expect(t.machine.hasAudio).toBe(false)
    expect(t.machine.noAudio).toBe('Sound was not asked for.')
    t.machine.audio(() => expect.unreachable())()
    t.machine.microphone(new Uint8Array(3))
  })
})

describe('programs', () => {
  test('they get nothing of this process that is not on the list', async () => {
    const t = await start({
      env: { PATH: process.env.PATH, NEKODE_TOKEN: 'secret', LC_ALL: 'C.UTF-8', HTTP_PROXY: 'p' },
    })
    const started = await until('all of them', () => {
      const now = programs(markOf(t.home))
      return now.some(({ name }) => name === 'sleep') ? now : undefined
    })
    expect(started.map(({ name }) => name).sort()).toEqual(['Xvfb', 'openbox', 'sleep'])
    for (const { env } of started) {
      expect(env.filter((line) => line.includes('secret'))).toEqual([])
      expect(env).toContain(`HOME=${t.home}`)
      expect(env).toContain('LC_ALL=C.UTF-8')
      expect(env).toContain('HTTP_PROXY=p')
    }
  })

  test('its folders are for its owner only', async () => {
    const t = await start()
    for (const folder of ['', 'Downloads', '.config', '.cache'])
      expect(statSync(join(t.home, folder)).mode & 0o777).toBe(0o700)
    expect(statSync(join(t.home, '.machine.json')).mode & 0o777).toBe(0o600)
  })

  test('a browser that ends is started again', async () => {
    const t = await start()
    const mark = markOf(t.home)
    const browser = () => programs(mark).find(({ name }) => name === 'sleep')
    const first = await until('the browser', browser)
    process.kill(first.pid, 'SIGKILL')
    const second = await until('another one', () => {
      const now = browser()
      return now?.pid === first.pid ? undefined : now
    })
    expect(second.pid).not.toBe(first.pid)
    expect(t.log.join('\n')).toContain('the browser ended and is started again')
  })

  test('a window manager that ends is started again, and the machine goes on', async () => {
    const t = await start()
    const manager = () => programs(markOf(t.home)).find(({ name }) => name === 'openbox')
    const first = manager()!
    process.kill(first.pid, 'SIGKILL')
    await until('another one', () => (manager() && manager()?.pid !== first.pid) || undefined)
    expect((await t.machine.screenshot(50)).length).toBeGreaterThan(100)
  })

  test('files that nothing takes are in the downloads folder all the same', async () => {
    const { machine } = await start()
    const drop = machine.drop({ x: 9, y: 9 }, [{ name: '../../x\\y.txt', data: Buffer.from('y') }])
    await expect(drop).rejects.toMatchObject({ code: 'drop_refused' })
    expect(await Bun.file(`${machine.downloads}/y.txt`).text()).toBe('y')
  })

  test('after the close none is left, and no file outside of the home', async () => {
    const t = await start({ sound: true })
    const { mark, run } = ownerOf(t.home)
    expect(existsSync(run)).toBe(true)
    const { stop } = collect(t)
    await until('the encoder', () => programs(mark).find(({ name }) => name === 'ffmpeg'))
    const closing = t.machine.close()
    expect(t.machine.close()).toBe(closing)
    await closing
    expect(programs(mark)).toEqual([])
    expect(existsSync(run)).toBe(false)
    expect(readdirSync(t.home)).not.toContain('.machine.json')
    stop()
    t.machine.move({ x: 1, y: 1 })
    t.machine.reset()
    await expect(t.machine.screenshot(50)).rejects.toMatchObject({ code: 'machine_closed' })
  })

  test('it says so when its screen is gone', async () => {
    const t = await start()
    process.kill(programs(markOf(t.home)).find(({ name }) => name === 'Xvfb')!.pid, 'SIGKILL')
    expect(await t.machine.failed).toMatch(/^the screen ended/)
    await expect(t.machine.clipboard()).rejects.toMatchObject({ code: 'screen_gone' })
  })

  test('two of them have a screen each, but not the same home', async () => {
    const [one, two] = [await start(), await start()]
    await until('all of them', () => programs(markOf(one.home)).find(({ name }) => name === 'sleep'))
    expect(one.machine.display).not.toBe(two.machine.display)
    await expect(start({ home: one.home })).rejects.toMatchObject({ code: 'machine_in_use' })
    expect(programs(markOf(one.home)).length).toBe(3)
  })

  test('when its process is killed they end too, and the next one takes over', async () => {
    const home = mkdtempSync(join(tmpdir(), 'nekode-test-machine-'))
    const script = `
      const { startMachine } = await import(${JSON.stringify(join(import.meta.dir, 'start.ts'))})
      const log = { debug() {}, info() {}, warn() {}, error() {}, child: () => log }
      await startMachine({ home: ${JSON.stringify(home)}, log, sound: false, browser: ['sh', '-c', 'trap "" TERM; sleep 1000 & wait; sleep 1000'] })
      console.log('up')
      setInterval(() => {}, 1000)`
    const daemon = Bun.spawn([process.execPath, '-e', script], { stdout: 'pipe', cwd: import.meta.dir })
    await daemon.stdout.getReader().read()
    const { mark, run } = ownerOf(home)
    expect(programs(mark).length).toBeGreaterThanOrEqual(3)
    daemon.kill('SIGKILL')
    await daemon.exited
    // The one that does not listen to SIGTERM is ended by the next machine.
    await until('the screen to be gone', () => !programs(mark).some(({ name }) => name === 'Xvfb') || undefined)
    const next = await start({ home })
    expect(carrying(MACHINE_MARK, mark, processes())).toEqual([])
    expect(existsSync(run)).toBe(false)
    await next.stop()
    rmSync(home, { recursive: true, force: true })
  })
})
