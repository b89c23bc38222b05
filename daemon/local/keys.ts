/**
 * The keys by which the processes of agents are known at this daemon: one each, in its environment or its tools' configuration. They are
 * good on this computer only, and only while the daemon runs.
 */
export class AgentKeys {
  readonly #keys = new Map<string, string>()
  /** By digest, so that looking one up takes as long for every text. */
  readonly #agents = new Map<string, string>()

  /** The agent's key; the same one until it is revoked or the daemon ends. */
  keyOf(agentId: string): string {
    const known = this.#keys.get(agentId)
    if (known !== undefined) return known
    const key = `nkm_${crypto.getRandomValues(new Uint8Array(32)).toBase64({ alphabet: 'base64url', omitPadding: true })}`
    this.#keys.set(agentId, key)
    this.#agents.set(digest(key), agentId)
    return key
  }

  /** Whose key it is. */
  agentOf(key: string): string | undefined {
    return this.#agents.get(digest(key))
  }

  /** The agent's key stops working at once. */
  revoke(agentId: string): void {
    const key = this.#keys.get(agentId)
    if (key === undefined) return
    this.#keys.delete(agentId)
    this.#agents.delete(digest(key))
  }
}

const digest = (key: string) => new Bun.CryptoHasher('sha256').update(key).digest('hex')
