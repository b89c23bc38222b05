/** The sender of what the server notes without calling for attention, such as who joined: it is unread for nobody. */
export const NOTICE_ID = 'notice'

/** Where a message is shown in the console, from the server's root. */
export function permalinkOf({ target, threadId, id }: { target: string; threadId: string | null; id: string }): string {
  const name = encodeURIComponent(target.replace(/^(#|dm:)/, ''))
  const thread = threadId === null ? '' : `thread=${threadId}&`
  return `/${target.startsWith('dm:') ? 'd' : 'c'}/${name}?${thread}message=${id}`
}
