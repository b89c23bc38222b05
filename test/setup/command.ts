import { type ChildProcess, spawn } from 'node:child_process'
import { createWriteStream } from 'node:fs'
import { kill } from './processes'

export interface Outcome {
  /** The exit code; 124 after a time-out, as coreutils' `timeout` has it, and 128 + n after signal n. */
  code: number
  timedOut: boolean
  /** Both streams in the order in which they came. */
  output: string
  seconds: number
}

export interface CommandOptions {
  cwd?: string
  env?: Record<string, string | undefined>
  timeoutSeconds: number
  /** Also writes the output here, while it comes. */
  log?: string
}

const running = new Set<ChildProcess>()

/** Runs a program in a process group of its own and waits; at the time limit the whole group is killed. Never throws. */
export async function run(argv: string[], options: CommandOptions): Promise<Outcome> {
  const started = performance.now()
  const [program = '', ...args] = argv
  const child = spawn(program, args, {
    cwd: options.cwd,
    env: options.env ?? process.env,
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  })
  running.add(child)
  const log = options.log === undefined ? undefined : createWriteStream(options.log)
  const chunks: string[] = []
  const take = (chunk: Buffer): void => {
    chunks.push(chunk.toString())
    log?.write(chunk)
  }
  child.stdout?.on('data', take)
  child.stderr?.on('data', take)

  let timedOut = false
  const timer = setTimeout(() => {
    timedOut = true
    killGroup(child)
  }, options.timeoutSeconds * 1000)
  const code = await new Promise<number>((resolve) => {
    child.on('error', (error) => {
      chunks.push(`${program}: ${error.message}\n`)
      resolve(127)
    })
    child.on('exit', (status, signal) => resolve(status ?? (signal === null ? 1 : 137)))
  })
  clearTimeout(timer)
  // What the program left in its group holds the pipes open; it had its time.
  if (child.pid !== undefined) kill(-child.pid, 'SIGKILL')
  running.delete(child)
  await new Promise((resolve) => setTimeout(resolve, 20))
  log?.end()
  return {
    code: timedOut ? 124 : code,
    timedOut,
    output: chunks.join(''),
    seconds: (performance.now() - started) / 1000,
  }
}

/** Ends every command that is under way, with all it started. */
export function killRunning(): void {
  for (const child of running) killGroup(child)
}

function killGroup(child: ChildProcess): void {
  if (child.pid !== undefined) kill(-child.pid, 'SIGKILL')
}
