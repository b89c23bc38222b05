import { Exit } from './exit'

/** What a command has of the machine it runs on. Tests give it another one. */
export interface Host {
  env: Record<string, string | undefined>
  /** Whether each stream is a terminal. */
  readonly tty: { readonly in: boolean; readonly out: boolean; readonly err: boolean }
  /** Width of the terminal in columns; undefined when output is no terminal. */
  readonly columns: number | undefined
  now: () => number
  out: (text: string) => void
  err: (text: string) => void
  /** All of standard input. */
  readInput: () => Promise<string>
  /** Asks on the terminal; `hidden` shows nothing of what is typed. Call only when `tty.in` and `tty.err`. */
  ask: (question: string, hidden: boolean) => Promise<string>
  /** Aborts at Ctrl-C. From the first call on, Ctrl-C no longer ends the process by itself. */
  interrupted: () => AbortSignal
}

let interrupt: AbortController | undefined

/**
 * This process. Its streams are made when they are used first: a server or a daemon that runs for weeks uses none of them, and the code
 * behind them is megabytes of memory.
 */
export function processHost(): Host {
  let output: typeof process.stdout | undefined
  const stdout = (): typeof process.stdout => {
    if (output) return output
    output = process.stdout
    // A reader such as `head` that has enough closes the pipe: no reason to complain.
    output.once('error', (e: NodeJS.ErrnoException) => process.exit(e.code === 'EPIPE' ? Exit.ok : Exit.failed))
    return output
  }
  return {
    env: process.env,
    tty: {
      get in() {
        return process.stdin.isTTY
      },
      get out() {
        return stdout().isTTY
      },
      get err() {
        return process.stderr.isTTY
      },
    },
    get columns() {
      return stdout().isTTY ? stdout().columns : undefined
    },
    now: Date.now,
    out: (text) => void stdout().write(text),
    err: (text) => void process.stderr.write(text),
    readInput: () => Bun.stdin.text(),
    ask: async (question, hidden) => (await import('./ask')).ask(question, hidden),
    interrupted: () => {
      if (!interrupt) {
        const controller = new AbortController()
        interrupt = controller
        // Once: a second Ctrl-C ends a command that does not react to the first.
        process.once('SIGINT', () => controller.abort())
      }
      return interrupt.signal
    },
  }
}
