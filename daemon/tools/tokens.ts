import { readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { AgentToken } from '@shared/contract/machines'
import { NekodeError } from '@shared/errors'
import { z } from 'zod'
import { writePrivate } from '../config/file'
import { fileName } from '../config/paths'

const Stored = AgentToken.extend({ serverUrl: z.string() })
type Stored = z.infer<typeof Stored>

/** A token that ends so soon is not used any more. */
const MARGIN_MS = 60_000
const CALL_MS = 15_000

export interface TokenOptions {
  serverUrl: string
  /** This computer's. */
  token: string
  ca?: string | undefined
  /** 0700, out of any agent's workspace. */
  folder: string
}

/** The agents' own tokens: what an agent does through its tools it does with its own, which reaches what its channels allow. */
export class AgentTokens {
  readonly #options: TokenOptions
  readonly #known = new Map<string, Stored>()
  /** Asking twice at once would make the first answer worthless. */
  readonly #asking = new Map<string, Promise<Stored>>()

  constructor(options: TokenOptions) {
    this.#options = options
  }

  /**
   * @param renew the one it has was refused
   * @throws NekodeError unavailable, or what the server says
   */
  async get(agentId: string, renew = false): Promise<string> {
    const known = renew ? undefined : (this.#known.get(agentId) ?? this.#read(agentId))
    if (known && known.serverUrl === this.#options.serverUrl && known.expiresAt > Date.now() + MARGIN_MS) {
      this.#known.set(agentId, known)
      return known.token
    }
    const asking = this.#asking.get(agentId) ?? this.#ask(agentId).finally(() => this.#asking.delete(agentId))
    this.#asking.set(agentId, asking)
    return (await asking).token
  }

  forget(agentId: string): void {
    this.#known.delete(agentId)
    rmSync(this.#path(agentId), { force: true })
  }

  async #ask(agentId: string): Promise<Stored> {
    const { serverUrl, token, ca } = this.#options
    let response: Response
    try {
      response = await fetch(`${serverUrl}/api/daemon/agents/${encodeURIComponent(agentId)}/token`, {
        method: 'POST',
        headers: { authorization: `Bearer ${token}`, accept: 'application/json' },
        signal: AbortSignal.timeout(CALL_MS),
        ...(ca ? { tls: { ca } } : {}),
      })
    } catch (cause) {
      throw new NekodeError('unavailable', 'The server cannot be reached.', { cause })
    }
    if (!response.ok)
      throw new NekodeError(
        response.status >= 500 ? 'unavailable' : 'forbidden',
        `The server gives the agent no access (${response.status}).`,
      )
    const stored = { ...AgentToken.parse(await response.json()), serverUrl }
    this.#known.set(agentId, stored)
    writePrivate(this.#path(agentId), JSON.stringify(stored))
    return stored
  }

  #read(agentId: string): Stored | undefined {
    try {
      return Stored.safeParse(JSON.parse(readFileSync(this.#path(agentId), 'utf8'))).data
    } catch {
      // There is none yet, or it was cut off: a new one is asked for.
      return undefined
    }
  }

  #path(agentId: string): string {
    return join(this.#options.folder, `${fileName(agentId)}.json`)
  }
}
