/** `#general` or `dm:…`, and the thread when `:msg_…` follows. */
export function parseTarget(text: string): { target: string; threadId: string | undefined } {
  const match = /^(.+):(msg_[0-9A-Za-z_-]+)$/.exec(text)
  return { target: match?.[1] ?? text, threadId: match?.[2] }
}
