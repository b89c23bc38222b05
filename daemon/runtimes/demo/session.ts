import { appendFileSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { errorText } from '@shared/errors'
import { z } from 'zod'
import { inWorkspace } from '../builtin/files'
import { currentText, fileDiff } from '../diff'
import type { Session } from '../driver'
import type { Decision, StartOptions } from '../events'
import { failureOf, RuntimeFailure } from '../failure'
import { parseJson } from '../json'
import { refuseAsks, Turns } from '../turns'

export interface DemoConfig {
  /** Milliseconds between two pieces of streamed text. */
  paceMs?: number
}

const PACE_MS = 40
const FILE = 'nekode-demo.md'
const MAX_LISTED = 50

const Line = z.object({ at: z.number(), text: z.string() })

const HELLO =
  'This is the demo agent. There is no model behind it: it follows a fixed script to show what a real agent looks like here.'

/**
 * An agent without a model, which says so. Each turn streams text, thinks, really lists the workspace, asks for permission, and
 * really writes a file when it is allowed; later turns also show that the session is remembered. It repeats nothing of what it was
 * sent: a mention in it would call somebody.
 */
export class DemoSession implements Session {
  readonly sessionId: string
  readonly #config: DemoConfig
  readonly #options: StartOptions
  readonly #turns: Turns<(decision: Decision) => void>
  readonly #queue: string[] = []
  #log: string[] = []
  #abort = new AbortController()
  #running: Promise<void> = Promise.resolve()
  #message = 0
  #closing = false

  constructor(config: DemoConfig, options: StartOptions) {
    this.#config = config
    this.#options = options
    this.#turns = new Turns(options.onEvent)
    this.sessionId = options.resume ?? crypto.randomUUID()
  }

  get busy(): boolean {
    return this.#turns.busy
  }

  open(): Promise<void> {
    if (this.#options.resume) this.#log = this.#readLog()
    else writeFileSync(this.#path(), '', { mode: 0o600 })
    this.#turns.emit({ type: 'ready', sessionId: this.sessionId, model: 'none (demo)', version: '1' })
    return Promise.resolve()
  }

  send(text: string): Promise<'started' | 'queued'> {
    this.#queue.push(text)
    if (this.#turns.busy) return Promise.resolve('queued')
    this.#start()
    return Promise.resolve('started')
  }

  #start(): void {
    this.#abort = new AbortController()
    this.#turns.begin()
    this.#running = this.#turn(this.#queue.splice(0).join('\n\n'))
  }

  async #turn(text: string): Promise<void> {
    this.#log.push(text)
    appendFileSync(this.#path(), `${JSON.stringify({ at: Date.now(), text })}\n`)
    try {
      await this.#show()
      this.#turns.end('completed')
    } catch (error) {
      if (this.#abort.signal.aborted) this.#turns.end('interrupted')
      else this.#turns.end('failed', failureOf(error))
    }
    if (this.#queue.length > 0 && !this.#closing) this.#start()
  }

  async #show(): Promise<void> {
    await this.#say(this.#greeting())
    await this.#think('I would think about the task here. As a demo I just go through the motions.')
    const names = await this.#list()
    const seen =
      names.length === 0 ? 'The workspace is empty.' : `The workspace holds ${names.length} files and folders.`
    await this.#say(`${seen} Now I ask for permission to write the file ${FILE} into it.`)
    await this.#say(await this.#write(names))
  }

  #greeting(): string {
    const before = this.#log.length - 1
    if (before === 0) return HELLO
    return `The demo agent again, still without a model. I remember ${before === 1 ? 'one message' : `${before} messages`} before this one.`
  }

  async #list(): Promise<string[]> {
    const { turnId } = this.#turns
    const toolId = `${turnId}-list`
    const names = readdirSync(this.#options.cwd).sort().slice(0, MAX_LISTED)
    this.#turns.toolStart({ toolId, name: 'list_files', kind: 'read', title: '.', input: { path: '.' } })
    await this.#pause()
    this.#turns.toolEnd(toolId, 'completed', names.join('\n') || '(empty)')
    return names
  }

  /** @returns what to say about it */
  async #write(names: string[]): Promise<string> {
    const toolId = `${this.#turns.turnId}-write`
    const tool = { name: 'write_file', kind: 'edit' as const, title: FILE }
    const listed = names.map((name) => `- ${name}`).join('\n') || '(nothing)'
    const content = `# Written by the demo agent\n\nIt was allowed to, in its turn ${this.#log.length}. In the workspace it found:\n\n${listed}\n`
    const input = { path: FILE, content }
    const file = inWorkspace(this.#options.cwd, FILE)
    const diff = [fileDiff(FILE, currentText(file), content)]
    this.#turns.toolStart({ toolId, ...tool, input })
    const { promise, resolve } = Promise.withResolvers<Decision>()
    this.#turns.ask({ requestId: crypto.randomUUID(), toolId, ...tool, input, diff, canRemember: false }, resolve)
    const decision = await promise
    this.#abort.signal.throwIfAborted()
    if (!decision.allow) {
      this.#turns.toolEnd(toolId, 'denied', decision.message ?? 'Denied.')
      return `You denied it, so I wrote nothing. That is all a denial does. (Still the demo agent.)`
    }
    try {
      writeFileSync(file, content)
    } catch (error) {
      this.#turns.toolEnd(toolId, 'failed', errorText(error))
      return `You allowed it, but the file could not be written: ${errorText(error)}`
    }
    this.#turns.toolEnd(toolId, 'completed', `Wrote ${FILE}.`, diff)
    return `You allowed it, and ${FILE} is really there now. Make an agent with a real runtime to get real work done.`
  }

  async #say(text: string): Promise<void> {
    const id = `${this.#turns.turnId}-${this.#message++}`
    for (const word of text.split(/(?<= )/)) {
      this.#turns.delta(id, word)
      await this.#pause()
    }
    this.#turns.message(id, text)
  }

  async #think(text: string): Promise<void> {
    for (const word of text.split(/(?<= )/)) {
      this.#turns.thought(word)
      await this.#pause()
    }
  }

  async #pause(): Promise<void> {
    await Bun.sleep(this.#config.paceMs ?? PACE_MS)
    this.#abort.signal.throwIfAborted()
  }

  async interrupt(): Promise<void> {
    this.#abort.abort()
    refuseAsks(this.#turns)
    await this.#running
  }

  answer(requestId: string, decision: Decision): void {
    this.#turns.take(requestId)?.(decision)
  }

  retire(): void {
    this.#closing = true
  }

  async close(): Promise<void> {
    if (this.#turns.busy) await this.interrupt()
    this.#turns.exit({ code: 0, signal: null }, 'The demo agent', true, '')
  }

  #readLog(): string[] {
    const path = this.#path()
    if (!/^[\w-]+$/.test(this.sessionId) || !existsSync(path))
      throw new RuntimeFailure('session_lost', `There is no session ${this.sessionId} of the demo agent.`)
    const lines = readFileSync(path, 'utf8').split('\n')
    return lines.flatMap((line) => Line.safeParse(parseJson(line)).data?.text ?? [])
  }

  #path(): string {
    const dir = join(this.#options.stateDir, 'sessions')
    mkdirSync(dir, { recursive: true, mode: 0o700 })
    return join(dir, `demo-${this.sessionId}.jsonl`)
  }
}
