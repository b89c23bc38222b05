import { z } from 'zod'
import type { Cell } from '../../confine/confine'
import { Child, type ChildOptions } from '../child'
import type { DaemonMark } from '../events'
import { tool, type Tool, type ToolContext, type ToolOutput } from './tools'

const DEFAULT_SECONDS = 120
const MAX_SECONDS = 600
/** What is kept of a command's output: its beginning and its end, which say the most. */
const MAX_HEAD = 20_000
const MAX_TAIL = 20_000

/** Names that the commands do not get: what the agent reaches its model with. */
const HIDDEN = /^(NEKODE_MODEL|OPENAI_|ANTHROPIC_)/

/** The shell of the built-in agent. */
export function shellTool(env: Record<string, string>, mark: DaemonMark | undefined, cell?: Cell): Tool {
  const own = Object.fromEntries(Object.entries(env).filter(([name]) => !HIDDEN.test(name)))
  return tool({
    name: 'run_command',
    description: 'Run a shell command in the workspace. It ends, with everything it has started, when this call does.',
    kind: 'execute',
    input: z.object({
      command: z.string().min(1),
      timeout_seconds: z.number().int().min(1).max(MAX_SECONDS).optional().describe(`Default ${DEFAULT_SECONDS}`),
    }),
    prepare: ({ command, timeout_seconds: seconds = DEFAULT_SECONDS }, context) => ({
      title: command,
      run: () => run(command, seconds, context, { env: own, mark, cell }),
    }),
  })
}

async function run(
  command: string,
  seconds: number,
  { workspace, signal, onOutput }: ToolContext,
  own: Pick<ChildOptions, 'env' | 'mark' | 'cell'>,
): Promise<ToolOutput> {
  const output = new Ends()
  const onLine = (line: string) => {
    onOutput(`${line}\n`)
    output.add(`${line}\n`)
  }
  const argv = process.platform === 'win32' ? ['cmd.exe', '/d', '/s', '/c', command] : ['/bin/sh', '-c', command]
  const child = new Child({ ...own, argv, cwd: workspace, emptyLines: true, onLine, onStderr: onLine, onExit() {} })
  child.closeInput()
  let timedOut = false
  const timer = setTimeout(() => {
    timedOut = true
    void child.stop(500)
  }, seconds * 1000)
  const stop = () => void child.stop(500)
  signal.addEventListener('abort', stop)
  if (signal.aborted) stop()
  const end = await child.exited
  clearTimeout(timer)
  signal.removeEventListener('abort', stop)
  const text = output.text
  if (timedOut) return { text: `${text}(stopped after ${seconds} s)`, failed: true }
  if (end.limit !== undefined) return { text: `${text}(ended: ${end.limit})`, failed: true }
  if (end.signal !== null) return { text: `${text}(ended by ${end.signal})`, failed: true }
  return end.code === 0 ? { text: text || '(no output)' } : { text: `${text}(exit ${end.code})`, failed: true }
}

/** The beginning and the end of a long text. */
class Ends {
  #head = ''
  #tail = ''
  #dropped = 0

  add(text: string): void {
    if (this.#head.length < MAX_HEAD) {
      this.#head += text
      return
    }
    this.#tail += text
    // Cut now and then, not at every line.
    if (this.#tail.length < MAX_TAIL * 2) return
    this.#dropped += this.#tail.length - MAX_TAIL
    this.#tail = this.#tail.slice(-MAX_TAIL).toWellFormed()
  }

  get text(): string {
    const gap = this.#dropped > 0 ? `\n(${this.#dropped} characters left out)\n` : ''
    return this.#head + gap + this.#tail
  }
}
