import { COLOURS, type Colour } from './sight'

const rgb = (colour: Colour): string => `rgb(${COLOURS[colour].join(' ')})`

/** A patch of a colour, big enough to be seen and small enough that a rough guess misses it. */
const patch = (colour: Colour, style: string): string =>
  `position: absolute; ${style}; background: ${rgb(colour)}; border: 0; outline: 0; color: ${rgb(colour)}; caret-color: transparent; box-shadow: none;`

/** What was typed into the field of the form, and of the page for text. */
export const NAME = 'Ada Lovelace'
export const TEXT = 'Hello, Wörld! {42%} "A\\B" ~ 你好'

/**
 * Each page is done when it turns cyan all over, and says so to this server. What is to be done on it is told by colours alone: a field to
 * write into is magenta (blue once it holds the right text), a button green, a target red, what can be dragged yellow, where to, blue.
 */
const bodies = {
  blank: '<p>Nothing to do.</p>',
  form: `<input id="name" aria-label="name" style="${patch('magenta', 'left: 12%; top: 20%; width: 260px; height: 34px')}">
    <button id="send" style="${patch('green', 'left: 70%; top: 75%; width: 28px; height: 22px')}"></button>
    <script>
      const name = document.getElementById('name')
      name.addEventListener('focus', () => name.select())
      name.addEventListener('input', () => { tell({ typed: name.value }); if (name.value === ${JSON.stringify(NAME)}) name.style.background = '${rgb('blue')}' })
      document.getElementById('send').addEventListener('click', () => done({ name: name.value }))
    </script>`,
  scroll: `<div style="height: 4200px"></div>
    <button id="target" style="${patch('red', 'left: 55%; top: 3600px; width: 40px; height: 30px')}"></button>
    <script>document.getElementById('target').addEventListener('click', () => done({ scrolled: scrollY > 0 }))</script>`,
  drag: `<div id="handle" style="${patch('yellow', 'left: 15%; top: 25%; width: 40px; height: 40px')}"></div>
    <div id="place" style="${patch('blue', 'left: 65%; top: 60%; width: 160px; height: 110px')}"></div>
    <script>
      const handle = document.getElementById('handle')
      let moves = 0
      handle.addEventListener('pointerdown', (down) => {
        handle.setPointerCapture(down.pointerId)
        handle.onpointermove = (move) => {
          moves++
          handle.style.left = move.clientX - 20 + 'px'
          handle.style.top = move.clientY - 20 + 'px'
        }
        handle.onpointerup = (up) => {
          handle.onpointermove = null
          const { left, right, top, bottom } = document.getElementById('place').getBoundingClientRect()
          if (up.clientX > left && up.clientX < right && up.clientY > top && up.clientY < bottom) done({ moves })
        }
      })
    </script>`,
  text: `<textarea id="text" aria-label="text" style="${patch('magenta', 'left: 20%; top: 30%; width: 420px; height: 60px')}"></textarea>
    <script>
      const field = document.getElementById('text')
      field.addEventListener('focus', () => field.select())
      field.addEventListener('keydown', (event) => {
        if (event.key !== 'Enter') return
        event.preventDefault()
        done({ text: field.value })
      })
      field.addEventListener('input', () => { tell({ typed: field.value }); if (field.value === ${JSON.stringify(TEXT)}) field.style.background = '${rgb('blue')}' })
    </script>`,
  /** Reports every input that it gets. Chromium drops what comes before there is something to see. */
  input: `<p>Here.</p><script>
      for (const kind of ['mousedown', 'mouseup', 'dblclick', 'contextmenu'])
        addEventListener(kind, (event) => { event.preventDefault(); tell({ kind, x: event.clientX, y: event.clientY, button: event.button }) })
      addEventListener('wheel', (event) => tell({ kind: 'wheel', down: Math.sign(event.deltaY), right: Math.sign(event.deltaX) }))
      addEventListener('keydown', (event) => {
        // So that the browser does nothing of its own with it, but a paste is one.
        if (event.key !== 'v') event.preventDefault()
        tell({ kind: 'key', key: event.key, ctrl: event.ctrlKey, alt: event.altKey, shift: event.shiftKey })
      })
      addEventListener('paste', (event) => tell({ kind: 'paste', text: event.clipboardData.getData('text/plain') }))
    </script>`,
  /** Changes its colour with each click, at once. */
  flip: `<p>Here.</p><script>
      const colours = ['${rgb('red')}', '${rgb('green')}', '${rgb('blue')}', '${rgb('yellow')}']
      let shown = 0
      const show = () => { document.body.style.background = colours[shown++ % colours.length] }
      addEventListener('mousedown', show)
      show()
    </script>`,
  /** Never stands still, for load. */
  motion: `<canvas id="canvas" width="1280" height="640"></canvas>
    <script>
      const canvas = document.getElementById('canvas').getContext('2d')
      const draw = (now) => {
        for (let i = 0; i < 40; i++) {
          canvas.fillStyle = 'hsl(' + ((now / 10 + i * 9) % 360) + ' 80% 50%)'
          canvas.fillRect(((now / 5 + i * 97) % 1280), (i * 16) % 640, 60, 16)
        }
        requestAnimationFrame(draw)
      }
      requestAnimationFrame(draw)
    </script>`,
} as const
export type PageName = keyof typeof bodies

const html = (
  name: PageName,
): string => `<!doctype html><html lang="en"><head><meta charset="utf-8"><title>${name}</title></head>
  <body style="margin: 0; background: white; font: 16px sans-serif; min-height: 100vh">
  <script>
    const tell = (what) => fetch('/told', { method: 'POST', body: JSON.stringify({ page: '${name}', ...what }) })
    const done = async (what) => {
      await tell({ done: true, ...what })
      document.body.innerHTML = ''
      document.body.style.background = '${rgb('cyan')}'
    }
    const steered = new EventSource('/steer?from=${name}')
    steered.onmessage = ({ data }) => { location.href = data }
    addEventListener('pagehide', () => steered.close())
    addEventListener('load', () => requestAnimationFrame(() => requestAnimationFrame(() => tell({ ready: true }))))
  </script>
  ${bodies[name]}</body></html>`

const encoder = new TextEncoder()
const bytes = (text: string) => encoder.encode(text)

/** Something that a page said: that it is there, that its task is done, or which input it got. */
export type Told = { page: PageName; ready?: boolean; done?: boolean } & Record<string, unknown>

/** A web server with pages that tell what was done on them, and that go where they are sent. */
export class Pages implements AsyncDisposable {
  readonly told: Told[] = []
  readonly #open = new Set<ReadableStreamDefaultController<Uint8Array>>()
  readonly #waiting = new Set<() => void>()
  /** Where a browser is sent that can be told only now. */
  #wanted: PageName | undefined
  readonly #server = Bun.serve({
    hostname: '127.0.0.1',
    port: 0,
    idleTimeout: 0,
    fetch: (request) => this.#answer(request),
  })

  get url(): string {
    return `http://127.0.0.1:${this.#server.port}`
  }

  async #answer(request: Request): Promise<Response> {
    const { pathname, searchParams } = new URL(request.url)
    if (pathname === '/steer') return this.#steer(searchParams.get('from'))
    if (pathname === '/told' && request.method === 'POST') {
      this.told.push(await request.json())
      for (const wake of this.#waiting) wake()
      return new Response(null, { status: 204 })
    }
    const name = pathname.slice(1)
    if (!isPage(name)) return new Response('Not found', { status: 404 })
    return new Response(html(name), { headers: { 'content-type': 'text/html', 'cache-control': 'no-store' } })
  }

  #steer(from: string | null): Response {
    let controller: ReadableStreamDefaultController<Uint8Array>
    const stream = new ReadableStream<Uint8Array>({
      start: (made) => {
        controller = made
        made.enqueue(bytes(': here\n\n'))
        if (this.#wanted !== undefined && this.#wanted !== from) made.enqueue(this.#way(this.#wanted))
        this.#open.add(made)
      },
      cancel: () => void this.#open.delete(controller),
    })
    return new Response(stream, { headers: { 'content-type': 'text/event-stream' } })
  }

  /** Sends the browser that shows one of the pages to another, and waits until it is drawn. */
  async show(name: PageName): Promise<void> {
    const before = this.told.length
    this.#wanted = name
    for (const controller of this.#open) controller.enqueue(this.#way(name))
    await this.until(() => this.told.slice(before).some(({ page, ready }) => page === name && ready))
    this.#wanted = undefined
    this.told.length = 0
  }

  #way(name: PageName): Uint8Array {
    return bytes(`data: ${this.url}/${name}\n\n`)
  }

  /** Waits until pages have told what is wanted. */
  async until(holds: () => boolean, seconds = 30): Promise<void> {
    const end = Date.now() + seconds * 1000
    while (!holds()) {
      const left = end - Date.now()
      if (left <= 0) throw new Error(`the pages told nothing of the kind, only ${JSON.stringify(this.told.slice(-10))}`)
      await new Promise<void>((resolve) => {
        const go = (): void => {
          clearTimeout(timer)
          this.#waiting.delete(go)
          resolve()
        }
        const timer = setTimeout(go, left)
        this.#waiting.add(go)
      })
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#server.stop(true)
  }
}

const isPage = (name: string): name is PageName => name in bodies
