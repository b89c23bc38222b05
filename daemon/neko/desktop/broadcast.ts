import { errorText } from '@shared/errors'
import type { Logger } from '@shared/log'
import type { Machine } from '../machine/machine'
import type { Broadcast as Status } from '../protocol/types'
import { badRequest, failed, unprocessable } from './refusal'

/** A service that does not answer in time is none. */
const START_MS = 15_000
const STOP_MS = 3000

/** Sends the screen to a streaming service, with ffmpeg. */
export class Broadcast {
  private running: { url: string; child: Bun.Subprocess<'pipe', 'pipe', 'pipe'> } | undefined
  private isStarting = false

  constructor(
    private readonly machine: Machine,
    private readonly log: Logger,
    private readonly tell: (status: Status) => void,
  ) {}

  get status(): Status {
    return this.running ? { is_active: true, url: this.running.url } : { is_active: false }
  }

  /** @throws Refusal 400, 422 when there is one already, 500 when ffmpeg ends at once */
  async start(url: string): Promise<void> {
    if (url === '') throw badRequest('missing broadcast URL')
    if (!/^rtmps?:\/\/[^\s]+$/.test(url)) throw badRequest('the broadcast URL has to begin with rtmp:// or rtmps://')
    if (this.running || this.isStarting) throw unprocessable('server is already broadcasting')
    const ffmpeg = Bun.which('ffmpeg')
    if (ffmpeg === null) throw failed('ffmpeg is missing: apt install ffmpeg')
    this.isStarting = true
    try {
      await this.launch(ffmpeg, url)
    } finally {
      this.isStarting = false
    }
  }

  private async launch(ffmpeg: string, url: string): Promise<void> {
    const child = Bun.spawn([ffmpeg, ...argumentsFor(this.machine, url)], {
      stdin: 'pipe',
      stdout: 'pipe',
      stderr: 'pipe',
      env: { ...process.env, ...this.machine.environment },
    })
    const said = lastWords(child.stderr)
    if (!(await isUnderWay(child))) {
      child.kill('SIGKILL')
      this.log.warn('the broadcast did not begin', { error: (await said).replaceAll(url, '***') })
      throw failed('ffmpeg could not send to the broadcast URL; the log says more')
    }
    const running = { url, child }
    this.running = running
    this.tell(this.status)
    void child.exited.then(async (code) => {
      if (this.running !== running) return
      this.running = undefined
      this.log.warn('the broadcast has ended', { code, error: (await said).replaceAll(url, '***') })
      this.tell(this.status)
    })
  }

  /** @returns false when there was none */
  async stop(): Promise<boolean> {
    const { running } = this
    if (!running) return false
    this.running = undefined
    this.tell(this.status)
    try {
      // ffmpeg ends the stream properly when it is asked to.
      running.child.stdin.write('q')
      await running.child.stdin.end()
    } catch (error) {
      this.log.debug('ffmpeg was gone already', { error: errorText(error) })
    }
    const timer = setTimeout(() => running.child.kill('SIGKILL'), STOP_MS)
    await running.child.exited
    clearTimeout(timer)
    return true
  }
}

function argumentsFor({ display, size, hasAudio }: Machine, url: string): string[] {
  const screen = ['-f', 'x11grab', '-framerate', '25', '-video_size', `${size.width}x${size.height}`, '-i', display]
  const sound = hasAudio ? ['-f', 'pulse', '-i', 'default', '-c:a', 'aac', '-b:a', '128k'] : []
  const picture = ['-c:v', 'libx264', '-preset', 'veryfast', '-tune', 'zerolatency', '-pix_fmt', 'yuv420p', '-g', '50']
  const [inputs, coded] = [
    [...screen, ...sound.slice(0, 4)],
    [...picture, '-b:v', '2500k', ...sound.slice(4)],
  ]
  return ['-hide_banner', '-loglevel', 'error', '-progress', 'pipe:1', ...inputs, ...coded, '-f', 'flv', url]
}

/** Whether it sends: it says how far it is only when the service has answered. */
async function isUnderWay(child: Bun.Subprocess<'pipe', 'pipe', 'pipe'>): Promise<boolean> {
  const begun = Promise.withResolvers<boolean>()
  const timer = setTimeout(() => begun.resolve(false), START_MS)
  void child.exited.then(() => begun.resolve(false))
  // Read to the end: what nobody takes would hold it up.
  void child.stdout.pipeTo(new WritableStream({ write: () => begun.resolve(true) })).catch(() => begun.resolve(false))
  const is = await begun.promise
  clearTimeout(timer)
  return is
}

async function lastWords(stream: ReadableStream<Uint8Array>): Promise<string> {
  let text = ''
  const decoder = new TextDecoder()
  for await (const piece of stream) text = (text + decoder.decode(piece, { stream: true })).slice(-2000)
  return text.trim()
}
