/** What is being written to one conversation. */
export interface LocalDraft {
  text: string
  /** What the server was last known to have. */
  base: string
  /** When a key was last pressed in it here; Unix milliseconds. */
  typedAt: number
}

/** Somebody who has typed within this time is still writing, even while they think. */
const stillTypingMs = 30_000

/**
 * What to do with a draft of another device. `take`: it replaces what is here. `keep`: what is here stays. `offer`: both are somebody's
 * words, so the writer chooses. Never replaces what is being typed.
 */
export function merge(
  local: LocalDraft | undefined,
  incoming: string,
  now: number,
): 'same' | 'take' | 'keep' | 'offer' {
  const { text = '', base = '', typedAt = 0 } = local ?? {}
  if (incoming === text) return 'same'
  // Nothing new there; what was written here since is still on its way.
  if (incoming === base && text !== base) return 'keep'
  const isTyping = now - typedAt < stillTypingMs && text.trim() !== ''
  if (text === base && !isTyping) return 'take'
  // Sent or given up there; here it goes on. What was emptied here is on its way to the server.
  if (incoming === '' || text.trim() === '') return 'keep'
  return 'offer'
}
