import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createLogger } from '@shared/log'
import type { Size } from '../geometry'
import type { Machine } from './machine'
import { findPrograms } from './packages'
import { Family } from './processes'
import { type MachineOptions, startMachine } from './start'
import { XConnection } from './x11/connection'
import { Core } from './x11/core'
import { startXvfb, type Xvfb } from './xvfb'

/** Everything that happens to the page is told to its server. */
const PAGE = `<!doctype html><title>test</title>
<style>body { margin: 0; height: 4000px; font: 20px sans-serif } textarea { position: fixed; left: 0; top: 0; width: 90%; height: 100px }
#button { position: fixed; left: 0; top: 200px; width: 300px; height: 200px; background: rgb(200, 0, 0) }
#drop { position: fixed; left: 400px; top: 200px; width: 300px; height: 200px; background: #ddd }
#download { position: fixed; left: 400px; top: 420px; width: 300px; height: 60px; background: #dfd }
#file { position: fixed; left: 0; top: 420px; width: 300px; height: 60px }</style>
<textarea id="text" autofocus></textarea><div id="button"></div><div id="drop"></div><input id="file" type="file">
<a id="download" href="/download" download="geladen.txt">Download</a>
<script>
const tell = (what) => fetch('/tell', { method: 'POST', body: JSON.stringify(what) })
const text = document.getElementById('text')
text.addEventListener('input', () => tell({ text: text.value }))
text.addEventListener('paste', (e) => tell({ types: [...e.clipboardData.types], html: e.clipboardData.getData('text/html') }))
const button = document.getElementById('button')
button.addEventListener('click', (e) => { button.style.background = 'rgb(0, 200, 0)'; tell({ click: [e.clientX, e.clientY], buttons: e.detail }) })
button.addEventListener('contextmenu', (e) => { e.preventDefault(); tell({ context: true }) })
addEventListener("mousedown", (e) => tell({ down: [e.clientX, e.clientY, e.target.id] }), true)
addEventListener('wheel', (e) => { if (e.ctrlKey) e.preventDefault(); tell({ wheel: [e.deltaX, e.deltaY], control: e.ctrlKey }) }, { passive: false })
addEventListener('keydown', (e) => tell({ key: e.key, control: e.ctrlKey, alt: e.altKey, shift: e.shiftKey }))
const ready = () => tell({ ready: [outerWidth, outerHeight], top: outerHeight - innerHeight })
addEventListener('resize', ready)
const drop = document.getElementById('drop')
drop.addEventListener('dragover', (e) => e.preventDefault())
addEventListener('drop', async (e) => { e.preventDefault(); tell({ dropped: await Promise.all([...e.dataTransfer.files].map(async (f) => [f.name, await f.text()])) }) })
const file = document.getElementById('file')
file.addEventListener('change', async () => tell({ chosen: await Promise.all([...file.files].map(async (f) => [f.name, await f.text()])) }))
onload = () => requestAnimationFrame(() => setTimeout(ready, 0))
</script>`

export interface TestPage {
  url: string
  /** All that the page told, oldest first. */
  told: Record<string, unknown>[]
  /** Height of what the browser has above the page. */
  readonly top: number
  /** Waits for something that the page tells, among what it told since the last `forget`. */
  until<T>(what: string, pick: (told: Record<string, unknown>[]) => T | undefined): Promise<T>
  /** Waits until the page is on the whole screen. */
  ready(size: Size): Promise<void>
  forget(): void
  stop(): Promise<void>
}

export function startPage(): TestPage {
  const told: Record<string, unknown>[] = []
  let top = 0
  const server = Bun.serve({
    port: 0,
    hostname: '127.0.0.1',
    async fetch(request) {
      if (new URL(request.url).pathname === '/download') return new Response('downloaded')
      if (request.method !== 'POST')
        return new Response(PAGE, { headers: { 'content-type': 'text/html; charset=utf-8' } })
      const what: Record<string, unknown> = Object(await request.json())
      if (typeof what.top === 'number') top = what.top
      told.push(what)
      return new Response()
    },
  })
  return {
    url: server.url.href,
    told,
    get top() {
      return top
    },
    async ready({ width, height }) {
      const isWhole = ({ ready }: Record<string, unknown>) =>
        Array.isArray(ready) && ready[0] === width && ready[1] === height
      await until(
        'the page',
        () => told.some(isWhole) || undefined,
        () => JSON.stringify(told),
      )
    },
    until: (what, pick) =>
      until(
        what,
        () => pick(told),
        () => JSON.stringify(told.slice(-20)),
      ),
    forget: () => void told.splice(0),
    stop: () => server.stop(true),
  }
}

/** Waits until there is something. */
export async function until<T>(what: string, look: () => T | undefined | Promise<T | undefined>, tell?: () => string) {
  const deadline = Date.now() + 10_000
  for (;;) {
    const found = await look()
    if (found !== undefined && found !== false) return found
    if (Date.now() > deadline) throw new Error(`waited in vain for ${what}. ${tell?.() ?? ''}`)
    await Bun.sleep(25)
  }
}

export interface TestMachine {
  machine: Machine
  home: string
  log: string[]
  stop(): Promise<void>
}

/** @param options a `home` that is given is left as it is */
export async function startTestMachine(options: Partial<MachineOptions> = {}): Promise<TestMachine> {
  const home = options.home ?? mkdtempSync(join(tmpdir(), 'nekode-test-machine-'))
  const log: string[] = []
  const logger = createLogger({ level: 'debug', write: (line) => void log.push(line) })
  const machine = await startMachine({ log: logger, ...options, home })
  const stop = async () => {
    await machine.close()
    if (options.home === undefined) rmSync(home, { recursive: true, force: true })
  }
  return { machine, home, log, stop }
}

/** Types text key by key. */
export function type(machine: Machine, text: string): void {
  for (const letter of text) {
    const code = letter.codePointAt(0) ?? 0
    const keysym = letter === '\n' ? 0xff0d : code < 0x100 ? code : 0x01000000 | code
    machine.key(keysym, true)
    machine.key(keysym, false)
  }
}

export function click(machine: Machine, x: number, y: number, button = 1): void {
  machine.move({ x, y })
  machine.button(button, true)
  machine.button(button, false)
}

/** Red, green and blue of one pixel of the screen. */
export async function pixelAt(machine: Machine, x: number, y: number): Promise<number[]> {
  const { width, rgb } = await machine.screenPixels()
  return Array.from(rgb.subarray((y * width + x) * 3, (y * width + x) * 3 + 3))
}

export interface TestScreen {
  core: Core
  xvfb: Xvfb
  /** Another connection to the same screen. */
  connect(): Promise<Core>
  stop(): Promise<void>
}

/** A screen without anything on it. */
export async function startTestScreen(largest: Size = { width: 800, height: 600 }): Promise<TestScreen> {
  const run = mkdtempSync(join(tmpdir(), 'nekode-test-screen-'))
  const log = createLogger({ write: () => undefined })
  const family = new Family({ PATH: process.env.PATH ?? '', HOME: run }, crypto.randomUUID(), log)
  const xvfb = await startXvfb(family, findPrograms(process.env.PATH ?? '', ['true']).xvfb, run, largest)
  const open: XConnection[] = []
  const connect = async () => {
    const x = await XConnection.open(xvfb)
    open.push(x)
    return new Core(x)
  }
  const stop = async () => {
    for (const x of open) x.close()
    await family.close()
    xvfb.framebuffer.close()
    rmSync(run, { recursive: true, force: true })
  }
  return { core: await connect(), xvfb, connect, stop }
}
