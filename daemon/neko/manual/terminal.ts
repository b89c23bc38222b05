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
    this.screen = options.pictures ? new TerminalScreen(options.input, options.pictures, this.#curtain) : undefined
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

  close(): void {
    this.#lines.close()
  }
}

class TerminalScreen implements Screen {
  readonly #input: NodeJS.ReadStream
  readonly #output: NodeJS.WriteStream
  readonly #curtain: Curtain

  constructor(input: NodeJS.ReadStream, output: NodeJS.WriteStream, curtain: Curtain) {
    this.#input = input
    this.#output = output
    this.#curtain = curtain
  }

  get columns(): number {
    return this.#output.columns
  }

  get rows(): number {
    return this.#output.rows
  }

  write(data: string | Uint8Array): Promise<void> {
    return new Promise((resolve) => {
      this.#output.write(data, () => resolve())
    })
  }

  query(sequence: string, until: RegExp): Promise<string> {
    let text = ''
    const { promise, resolve } = Promise.withResolvers<string>()
    const late = setTimeout(() => resolve(''), QUERY_MS)
    const read = (chunk: Buffer): void => {
      text += String(chunk)
      if (until.test(text)) resolve(text)
    }
    this.#curtain.isDrawn = true
    this.#input.on('data', read)
    this.#output.write(sequence)
    return promise.finally(() => {
      clearTimeout(late)
      this.#input.off('data', read)
      this.#curtain.isDrawn = false
    })
  }

  async key(signal: AbortSignal): Promise<string> {
    const { promise, resolve, reject } = Promise.withResolvers<string>()
    const read = (chunk: Buffer): void => resolve(String(chunk))
    const abort = (): void => reject(signal.reason)
    signal.addEventListener('abort', abort)
    this.#curtain.isDrawn = true
    this.#input.on('data', read)
    if (signal.aborted) abort()
    try {
      return await promise
    } finally {
      this.#input.off('data', read)
      signal.removeEventListener('abort', abort)
      this.#curtain.isDrawn = false
    }
  }
}
