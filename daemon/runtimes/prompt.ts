import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'
import type { StartOptions } from './events'
import { parseJson } from './json'
import { writeState } from './state'

const FILE = 'prompt-said.json'
const Said = z.object({ sessionId: z.string(), hash: z.string() })

/**
 * The launch prompt of a runtime that has no place for one, or keeps the first one for ever: it is said in front of a turn,
 * once for each session and again when it has changed.
 */
export class LaunchPrompt {
  readonly #stateDir: string
  readonly #text: string
  readonly #hash: string
  #said: z.infer<typeof Said> | undefined

  constructor({ stateDir, prompt }: Pick<StartOptions, 'stateDir' | 'prompt'>) {
    this.#stateDir = stateDir
    this.#text = prompt
    this.#hash = new Bun.CryptoHasher('sha256').update(prompt).digest('hex')
    this.#said = readSaid(stateDir)
  }

  /** The runtime has it from another way than a turn. */
  markSaid(sessionId: string): void {
    this.#said = { sessionId, hash: this.#hash }
    writeState(this.#stateDir, FILE, JSON.stringify(this.#said))
  }

  /** The turn's text, with the launch prompt in front when this session has not been told it. */
  before(text: string, sessionId: string): string {
    if (!this.#text || (this.#said?.sessionId === sessionId && this.#said.hash === this.#hash)) return text
    this.markSaid(sessionId)
    return `${this.#text}\n\n---\n\n${text}`
  }
}

function readSaid(stateDir: string): z.infer<typeof Said> | undefined {
  try {
    return Said.safeParse(parseJson(readFileSync(join(stateDir, FILE), 'utf8'))).data
  } catch {
    // Nothing was ever said.
    return undefined
  }
}
