import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { kill, sweep } from '../setup/processes'

const ROOT = join(import.meta.dir, '../..')
/** Output that is kept of one process, in characters. */
const KEPT = 200_000

/** How to start one of our executables: the built one when the run has built it, else its source. */
export function commandOf(name: 'nekode' | 'nekode-daemon'): string[] {
  const built = process.env.NEKODE_TEST_BUILT
  if (built) return [join(built, name)]
  return [process.execPath, join(ROOT, name === 'nekode' ? 'server' : 'daemon', 'main.ts')]
}

export interface ProgramOptions {
  cwd: string
  /** On top of PATH, HOME and TMPDIR; nothing else is inherited. */
  env?: Record<string, string>
  /** What its output is called when it is told. */
  name?: string
}

/** A child in a process group of its own, whose output is kept for when a test fails. */
export class Program {
  readonly pid: number
  readonly exited: Promise<number>
  readonly #child: Bun.Subprocess<'ignore', 'pipe', 'pipe'>
  readonly #waiting = new Set<() => void>()
  readonly name: string
  output = ''
  ended = false

  constructor(argv: string[], options: ProgramOptions) {
    this.name = options.name ?? argv.join(' ')
    const temp = join(options.cwd, 'tmp')
    mkdirSync(temp, { recursive: true })
    const inherited = { PATH: process.env.PATH ?? '', HOME: options.cwd, TMPDIR: temp, NO_COLOR: '1' }
    this.#child = Bun.spawn(argv, {
      cwd: options.cwd,
      env: { ...inherited, ...options.env },
      stdin: 'ignore',
      stdout: 'pipe',
      stderr: 'pipe',
      detached: true,
    })
    this.pid = this.#child.pid
    void this.#collect(this.#child.stdout)
    void this.#collect(this.#child.stderr)
    this.exited = this.#child.exited.then((code) => {
      this.ended = true
      this.#wake()
      return code
    })
  }

  async #collect(stream: ReadableStream<Uint8Array>): Promise<void> {
    const decoder = new TextDecoder()
    for await (const chunk of stream) {
      this.output = (this.output + decoder.decode(chunk, { stream: true })).slice(-KEPT)
      this.#wake()
    }
  }

  #wake(): void {
    for (const wake of this.#waiting) wake()
  }

  /** The first match in the output, now or later. Throws with the output when the program ends or is silent for too long. */
  async line(pattern: RegExp, seconds = 20): Promise<RegExpExecArray> {
    const until = Date.now() + seconds * 1000
    for (;;) {
      const match = pattern.exec(this.output)
      if (match) return match
      const left = until - Date.now()
      if (this.ended || left <= 0)
        throw new Error(`${this.name} ${this.ended ? 'ended' : 'went on'} without ${pattern}:\n${this.output}`)
      await this.#change(left)
    }
  }

  #change(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const done = (): void => {
        clearTimeout(timer)
        this.#waiting.delete(done)
        resolve()
      }
      const timer = setTimeout(done, ms)
      this.#waiting.add(done)
    })
  }

  /** Ends it as `kill -9` does: this process alone, at once, without a chance to clean up. */
  async killHard(): Promise<void> {
    kill(this.pid, 'SIGKILL')
    await this.exited
  }

  /** Asks it to end, and kills its group when it does not. @returns the exit code */
  async stop(graceMs = 10_000): Promise<number> {
    kill(this.pid, 'SIGTERM')
    const timer = setTimeout(() => kill(-this.pid, 'SIGKILL'), graceMs)
    const code = await this.exited
    clearTimeout(timer)
    kill(-this.pid, 'SIGKILL')
    return code
  }
}

/** A folder for one test, and everything that was started in it; at the end nothing of it is left. */
export class Place implements AsyncDisposable {
  readonly dir = mkdtempSync(join(tmpdir(), 'nk-'))
  readonly programs: Program[] = []

  start(argv: string[], options: Omit<ProgramOptions, 'cwd'> & { cwd?: string } = {}): Program {
    const program = new Program(argv, { ...options, cwd: options.cwd ?? this.dir })
    this.programs.push(program)
    return program
  }

  /** What all programs have printed, for a test that failed. */
  told(): string {
    return this.programs.map((p) => `── ${p.name} (pid ${p.pid}${p.ended ? ', ended' : ''})\n${p.output}`).join('\n')
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.programs.filter((p) => !p.ended).map((p) => p.stop(3000)))
    await sweep(this.dir, 0)
    rmSync(this.dir, { recursive: true, force: true })
  }
}

/** Runs a test in a place of its own; when it fails, what its programs printed comes with the failure. */
export async function inPlace<T>(work: (place: Place) => Promise<T>): Promise<T> {
  await using place = new Place()
  try {
    return await work(place)
  } catch (error) {
    console.error(place.told().slice(-20_000))
    throw error
  }
}
