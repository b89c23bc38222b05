import { createInterface, type Interface } from 'node:readline'
import { Writable } from 'node:stream'
import { NekodeError } from '@shared/errors'
import type { Face, Screen } from './manual'

export interface TerminalOptions {
  input: NodeJS.ReadStream
  /** Where the prompt and what is typed are shown. */
  output: NodeJS.WriteStream
  /** Where pictures go; undefined: it is no terminal. */
  pictures: NodeJS.WriteStream | undefined
  env: Record<string, string | undefined>
  prompt: string
  history: string[]
  complete: (line: string) => [found: string[], word: string]
}

const QUERY_MS = 300

/** Shows nothing while something is asked for that nobody is to see, or while a picture is on the screen. */
class Curtain extends Writable {
  isDrawn = false
  readonly #output: NodeJS.WriteStream

  constructor(output: NodeJS.WriteStream) {
    super()
    this.#output = output
  }

  get columns(): number {
    return this.#output.columns
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: () => void): void {
    if (!this.isDrawn) this.#output.write(chunk)
    done()
  }
}

/** A person at a terminal: lines with editing, completion and history. */
export class Terminal implements Face {
  readonly interactive = true
  readonly screen: Screen | undefined
  readonly #options: TerminalOptions
  readonly #curtain: Curtain
  readonly #lines: Interface
  #isAsking = false
  #isPrompting = false

  constructor(options: TerminalOptions) {
    this.#options = options
    this.#curtain = new Curtain(options.output)
    this.#lines = createInterface({
      input: options.input,
      output: this.#curtain,
      terminal: true,
      prompt: options.prompt,
      history: options.history,
      historySize: 1000,
      removeHistoryDuplicates: true,
      completer: options.complete,
    })
    this.#lines.on('history', (lines) => {
      if (this.#isAsking) lines.shift()
    })
    this.screen = options.pictures
      ? new TerminalScreen(options, options.pictures, (isDrawn) => this.#cover(isDrawn))
      : undefined
  }

  /** @param onInterrupt Ctrl-C */
  listen(onLine: (line: string) => void, onInterrupt: () => void, onEnd: () => void): void {
    this.#lines.on('line', (line) => {
      this.#isPrompting = false
      onLine(line)
    })
    this.#lines.on('SIGINT', onInterrupt)
    this.#lines.on('close', onEnd)
  }

  prompt(): void {
    this.#isPrompting = true
    this.#lines.prompt()
  }

  secret(question: string): Promise<string> {
    const { promise, resolve, reject } = Promise.withResolvers<string>()
    const stop = new AbortController()
    const cancel = (): void => {
      stop.abort()
      reject(new NekodeError('invalid', 'Nothing was entered.', { code: 'interrupted' }))
    }
    this.#options.output.write(question)
    this.#isAsking = true
    this.#curtain.isDrawn = true
    this.#lines.once('close', cancel)
    this.#lines.once('SIGINT', cancel)
    this.#lines.question('', { signal: stop.signal }, resolve)
    return promise.finally(() => {
      this.#lines.off('close', cancel)
      this.#lines.off('SIGINT', cancel)
      this.#isAsking = false
      this.#curtain.isDrawn = false
      this.#options.output.write('\n')
    })
  }

  /** A remark does not break the line that is being typed: that is drawn again below it. */
  note(text: string): void {
    if (this.#curtain.isDrawn) return
    this.#options.output.write(this.#isPrompting ? `\r\x1b[K${text}\n` : `${text}\n`)
    if (this.#isPrompting) this.#lines.prompt(true)
  }

  /** Takes out of the line what was typed while it could not be seen. */
  #cover(isDrawn: boolean): void {
    if (!isDrawn) this.#lines.write(null, { ctrl: true, name: 'u' })
    this.#curtain.isDrawn = isDrawn
  }

  close(): void {
    this.#lines.close()
  }
}

class TerminalScreen implements Screen {
  readonly env: Record<string, string | undefined>
  readonly #input: NodeJS.ReadStream
  readonly #output: NodeJS.WriteStream
  readonly #cover: (isDrawn: boolean) => void

  constructor({ input, env }: TerminalOptions, output: NodeJS.WriteStream, cover: (isDrawn: boolean) => void) {
    this.env = env
    this.#input = input
    this.#output = output
    this.#cover = cover
  }

  get columns(): number {
    return this.#output.columns
  }

  get rows(): number {
    return this.#output.rows
  }

  write(data: string): Promise<void> {
    return new Promise((resolve) => {
      this.#output.write(data, () => resolve())
    })
  }

  query(sequence: string, until: RegExp): Promise<string> {
    const answer = this.#read((text) => until.test(text), AbortSignal.timeout(QUERY_MS))
    this.#output.write(sequence)
    // A terminal that does not know the question says nothing.
    return answer.catch(() => '')
  }

  key(signal: AbortSignal): Promise<string> {
    return this.#read(() => true, signal)
  }

  /** What comes from the terminal meanwhile is for nobody else. */
  #read(isEnough: (text: string) => boolean, signal: AbortSignal): Promise<string> {
    const { promise, resolve, reject } = Promise.withResolvers<string>()
    let text = ''
    const read = (chunk: Buffer): void => {
      text += String(chunk)
      if (isEnough(text)) resolve(text)
    }
    const abort = (): void => reject(signal.reason)
    signal.addEventListener('abort', abort)
    this.#input.on('data', read)
    this.#cover(true)
    if (signal.aborted) abort()
    return promise.finally(() => {
      this.#input.off('data', read)
      signal.removeEventListener('abort', abort)
      this.#cover(false)
    })
  }
}
