import { mkdtempSync, rmSync } from 'node:fs'
import { type Socket, connect, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { commands } from './commands'
import type { Host } from './host'
import { runProgram } from './program'

/** A machine for a test: a home folder of its own, and everything that was printed. */
export class TestHost implements Host {
  readonly home = mkdtempSync(join(tmpdir(), 'nekode-cli-'))
  env: Record<string, string | undefined> = { NEKODE_HOME: this.home }
  tty = { in: false, out: false, err: false }
  columns: number | undefined = undefined
  stdout = ''
  stderr = ''
  /** What standard input holds. */
  input = ''
  /** What a person types at each question, in order. */
  answers: string[] = []
  asked: { question: string; hidden: boolean }[] = []
  interrupt = new AbortController()
  #printed: (() => void)[] = []

  now = (): number => Date.now()
  out = (text: string): void => {
    this.stdout += text
    for (const wake of this.#printed.splice(0)) wake()
  }
  err = (text: string): void => {
    this.stderr += text
    for (const wake of this.#printed.splice(0)) wake()
  }
  readInput = (): Promise<string> => Promise.resolve(this.input)
  ask = (question: string, hidden: boolean): Promise<string> => {
    this.asked.push({ question, hidden })
    const answer = this.answers.shift()
    return answer === undefined ? Promise.reject(new Error(`nobody answers: ${question}`)) : Promise.resolve(answer)
  }
  interrupted = (): AbortSignal => this.interrupt.signal

  /** Runs a command line. The exit code is 0 when the command set none. */
  async run(...argv: string[]): Promise<number> {
    this.stdout = ''
    this.stderr = ''
    const program = { name: 'nekode', version: '0.0.0-test', description: 'test', examples: [], commands }
    return (await runProgram(program, argv, this)) ?? 0
  }

  /** Waits until what was printed holds a text. */
  async printed(text: string): Promise<void> {
    while (!this.stdout.includes(text) && !this.stderr.includes(text))
      await new Promise<void>((resolve) => this.#printed.push(resolve))
  }

  json(): ReturnType<typeof JSON.parse> {
    return JSON.parse(this.stdout)
  }

  lines(): ReturnType<typeof JSON.parse>[] {
    return this.stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line))
  }

  remove(): void {
    rmSync(this.home, { recursive: true, force: true })
  }
}

/** A network between the command line and a server that a test can cut. */
export class Proxy {
  readonly #listener
  readonly #open = new Set<Socket>()
  #refusing = false

  constructor(port: number) {
    this.#listener = createServer((near) => {
      if (this.#refusing) return void near.destroy()
      const far = connect(port, '127.0.0.1')
      for (const [from, to] of [
        [near, far],
        [far, near],
      ] as const) {
        this.#open.add(from)
        from.on('error', () => to.destroy())
        from.on('close', () => {
          this.#open.delete(from)
          to.destroy()
        })
        from.pipe(to)
      }
    }).listen(0, '127.0.0.1')
  }

  get url(): string {
    const address = this.#listener.address()
    if (address === null || typeof address === 'string') throw new Error('the proxy does not listen')
    return `http://127.0.0.1:${address.port}`
  }

  /** Cuts every connection and takes no new one. */
  refuse(): void {
    this.#refusing = true
    for (const socket of this.#open) socket.destroy()
  }

  accept(): void {
    this.#refusing = false
  }

  stop(): void {
    this.refuse()
    this.#listener.close()
  }
}
