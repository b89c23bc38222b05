import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Host } from './host'
import { type Program, runProgram } from './program'

/** A machine for a test: a home folder of its own, and everything that was printed. */
export class TestHost implements Host {
  constructor(readonly program: Program) {}

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
    return (await runProgram(this.program, argv, this)) ?? 0
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
