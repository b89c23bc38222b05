import { errorText } from '@shared/errors'
import type { Logger } from '@shared/log'
import { killAll, within } from '../../runtimes/child'
import { carrying, descendants, isAlive, type Process, processes, signal } from '../../runtimes/processes'

/** In the environment of every program of a machine, and so of everything that those start: one id for each machine. */
export const MACHINE_MARK = 'NEKODE_MACHINE'

const GRACE_MS = 2000
const MAX_LINE = 500
const LAST_WORDS = 5

export interface Program {
  readonly name: string
  readonly pid: number
  readonly exited: Promise<number>
  /** The last lines of standard error. */
  readonly lastWords: string
  /** SIGTERM, later SIGKILL to its group; resolves when it has ended. */
  stop(): Promise<void>
}

/** A program whose output is wanted: somebody has to read it, or the program stops when the pipe is full. */
export interface PipedProgram extends Program {
  readonly stdout: ReadableStream<Uint8Array<ArrayBuffer>>
}

/** The programs of one machine: each in a process group of its own, all of them ended with this process. */
export class Family {
  readonly #programs = new Set<Program>()
  readonly #seen = new Map<number, Process>()
  readonly #onExit = () => this.#killNow()
  readonly #setpriv = Bun.which('setpriv')

  /** @param env of every program, complete */
  constructor(
    readonly env: Record<string, string>,
    readonly mark: string,
    readonly log: Logger,
  ) {
    process.on('exit', this.#onExit)
  }

  /** Starts a program whose standard output nobody wants. */
  start(name: string, argv: string[]): Program {
    return this.#keep(name, Bun.spawn(this.#guarded(argv), { ...this.#surroundings(), stdout: 'ignore' }))
  }

  startPiped(name: string, argv: string[]): PipedProgram {
    const child = Bun.spawn(this.#guarded(argv), { ...this.#surroundings(), stdout: 'pipe' })
    return Object.assign(this.#keep(name, child), { stdout: child.stdout })
  }

  /**
   * A process that is killed runs no exit handler: the kernel ends what it started. Both ways a program that is not there (any
   * more) ends at once, instead of failing to start.
   */
  #guarded(argv: string[]): string[] {
    return this.#setpriv
      ? [this.#setpriv, '--pdeathsig', 'TERM', '--', ...argv]
      : ['/bin/sh', '-c', 'exec "$@"', 'sh', ...argv]
  }

  #surroundings() {
    return {
      cwd: this.env.HOME ?? '/',
      env: { ...this.env, [MACHINE_MARK]: this.mark },
      stdin: 'ignore',
      stderr: 'pipe',
      detached: true,
    } as const
  }

  #keep(name: string, child: Bun.Subprocess<'ignore', 'ignore' | 'pipe', 'pipe'>): Program {
    const words: string[] = []
    void this.#listen(name, child.stderr, words)
    let stopping: Promise<void> | undefined
    const program: Program = {
      name,
      pid: child.pid,
      exited: child.exited,
      stop: () => (stopping ??= this.#stop(program)),
      get lastWords() {
        return words.join('\n')
      },
    }
    this.#programs.add(program)
    void child.exited.then(() => {
      // What it left in its group.
      signal(-child.pid, 'SIGKILL')
      this.#programs.delete(program)
    })
    return program
  }

  /** Ends all, the last one started first, and waits for it. Nothing that they started is left then. */
  async close(): Promise<void> {
    this.#collect()
    for (const program of [...this.#programs].toReversed()) await program.stop()
    await killAll(() => {
      const all = processes()
      return [...[...this.#seen.values()].filter((one) => isAlive(one, all)), ...carrying(MACHINE_MARK, this.mark, all)]
    })
    process.off('exit', this.#onExit)
  }

  async #stop(program: Program): Promise<void> {
    this.#collect()
    // Not to its group: a browser ends its own processes in order, and saves.
    signal(program.pid, 'SIGTERM')
    if (await within(program.exited, GRACE_MS)) return
    this.#collect()
    signal(-program.pid, 'SIGKILL')
    await program.exited
  }

  /** Programs may leave their group, and write over the environment that has the mark: what was seen below them is remembered. */
  #collect(): void {
    const all = processes()
    for (const { pid } of this.#programs) for (const found of descendants(pid, all)) this.#seen.set(found.pid, found)
  }

  #killNow(): void {
    for (const { pid } of this.#programs) signal(-pid, 'SIGTERM')
  }

  async #listen(name: string, stderr: ReadableStream<Uint8Array>, words: string[]): Promise<void> {
    const decoder = new TextDecoder()
    let rest = ''
    try {
      for await (const chunk of stderr) {
        const lines = (rest + decoder.decode(chunk, { stream: true })).split(/[\r\n]+/)
        rest = (lines.pop() ?? '').slice(-MAX_LINE)
        for (const line of lines) {
          if (!line.trim()) continue
          const short = line.slice(0, MAX_LINE)
          words.push(short)
          if (words.length > LAST_WORDS) words.shift()
          this.log.debug(short, { program: name })
        }
      }
    } catch (error) {
      this.log.debug(`its words could not be read: ${errorText(error)}`, { program: name })
    }
  }
}
