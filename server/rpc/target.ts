/** `#general` or `dm:…`, and the thread when `:msg_…` follows, or `:tsk_…` for the thread of a task. */
export function parseTarget(text: string): { target: string; threadId: string | undefined } {
  const match = /^(.+):((?:msg|tsk)_[0-9A-Za-z_-]+)$/.exec(text)
  return { target: match?.[1] ?? text, threadId: match?.[2] }
}
