import { appendFileSync, existsSync, mkdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'
import { RuntimeFailure } from '../failure'
import { parseJson } from '../json'

const Call = z.object({ id: z.string(), name: z.string(), input: z.unknown().optional() })
const Result = z.object({ id: z.string(), name: z.string(), output: z.string(), failed: z.boolean() })

/** One message of the conversation, in our own form: the same for every provider. */
const Message = z.discriminatedUnion('role', [
  z.object({ role: z.literal('user'), text: z.string() }),
  z.object({ role: z.literal('assistant'), text: z.string(), calls: z.array(Call) }),
  z.object({ role: z.literal('tools'), results: z.array(Result) }),
])
export type Message = z.infer<typeof Message>
export type ToolCall = z.infer<typeof Call>
export type ToolOutcome = z.infer<typeof Result>

/** A line of the file: a message, or a summary that stands for everything before the last `keep` messages. */
const Line = z.union([Message, z.object({ summary: z.string(), keep: z.number().int().min(0) })])

const SUMMARY = 'Summary of the conversation so far:'

/** The conversation of one session, on disk as it grows: one JSON value a line, so a killed daemon loses nothing. */
export class History {
  readonly messages: Message[] = []
  readonly #path: string

  private constructor(path: string) {
    this.#path = path
  }

  /** A new session. */
  static create(stateDir: string, sessionId: string): History {
    const dir = join(stateDir, 'sessions')
    mkdirSync(dir, { recursive: true, mode: 0o700 })
    return new History(join(dir, `${sessionId}.jsonl`))
  }

  /**
   * A session from disk.
   * @throws RuntimeFailure session_lost when there is no such session
   */
  static resume(stateDir: string, sessionId: string): History {
    const history = History.create(stateDir, sessionId)
    if (!/^[\w-]+$/.test(sessionId) || !existsSync(history.#path))
      throw new RuntimeFailure('session_lost', `There is no session ${sessionId} of the built-in agent.`)
    for (const text of readFileSync(history.#path, 'utf8').split('\n')) {
      // A last line that was cut off by a kill is not a message.
      const line = Line.safeParse(parseJson(text)).data
      if (!line) continue
      if ('summary' in line) history.#summarised(line.summary, line.keep)
      else history.messages.push(line)
    }
    history.#closeCalls()
    return history
  }

  add(message: Message): void {
    this.messages.push(message)
    this.#write(message)
  }

  /** Puts a summary in the place of everything before the last `keep` messages. */
  summarise(summary: string, keep: number): void {
    this.#summarised(summary, keep)
    this.#write({ summary, keep })
  }

  /** Makes the file that a resume looks for, before the first message. */
  touch(): void {
    appendFileSync(this.#path, '', { mode: 0o600 })
  }

  #summarised(summary: string, keep: number): void {
    const kept = keep > 0 ? this.messages.slice(-keep) : []
    this.messages.splice(0, this.messages.length, { role: 'user', text: `${SUMMARY}\n\n${summary}` }, ...kept)
  }

  /** A call without a result, because the session ended in between, is an error to every provider. */
  #closeCalls(): void {
    const last = this.messages.at(-1)
    if (last?.role !== 'assistant' || last.calls.length === 0) return
    const output = 'Interrupted: the session ended before the tool did.'
    this.add({ role: 'tools', results: last.calls.map(({ id, name }) => ({ id, name, output, failed: true })) })
  }

  #write(line: object): void {
    appendFileSync(this.#path, `${JSON.stringify(line)}\n`, { mode: 0o600 })
  }
}
