import { createInterface } from 'node:readline'
import { Writable } from 'node:stream'
import { NekodeError } from '@shared/errors'
import { Exit } from './exit'

/** What a command has of the machine it runs on. Tests give it another one. */
export interface Host {
  env: Record<string, string | undefined>
  /** Whether each stream is a terminal. */
  tty: { in: boolean; out: boolean; err: boolean }
  /** Width of the terminal in columns; undefined when output is no terminal. */
  columns: number | undefined
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

/** This process. */
export function processHost(): Host {
  const { stdin, stdout, stderr } = process
  // A reader such as `head` that has enough closes the pipe: no reason to complain.
  stdout.once('error', (e: NodeJS.ErrnoException) => process.exit(e.code === 'EPIPE' ? Exit.ok : Exit.failed))
  return {
    env: process.env,
    tty: { in: stdin.isTTY, out: stdout.isTTY, err: stderr.isTTY },
    columns: stdout.isTTY ? stdout.columns : undefined,
    now: Date.now,
    out: (text) => void stdout.write(text),
    err: (text) => void stderr.write(text),
    readInput: () => Bun.stdin.text(),
    ask,
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

function ask(question: string, hidden: boolean): Promise<string> {
  // The prompt goes to standard error, so that standard output holds nothing but the command's result.
  const mute = new Writable({ write: (_chunk, _encoding, done) => done() })
  const prompt = createInterface({ input: process.stdin, output: hidden ? mute : process.stderr, terminal: true })
  return new Promise((resolve, reject) => {
    let answer: string | undefined
    prompt.on('SIGINT', () => prompt.close())
    prompt.on('close', () => {
      if (hidden) process.stderr.write('\n')
      if (answer !== undefined) resolve(answer)
      else reject(new NekodeError('invalid', 'Nothing was entered.', { code: 'interrupted' }))
    })
    if (hidden) process.stderr.write(question)
    prompt.question(hidden ? '' : question, (text) => {
      answer = text
      prompt.close()
    })
  })
}
