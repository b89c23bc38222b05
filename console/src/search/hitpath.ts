import type { SearchHit } from '@shared/contract'
import { conversationPath } from '../app/paths'

/** Where a hit stands in the rest of the console. */
export const hitPath = (hit: SearchHit): string =>
  hit.kind === 'task'
    ? `/tasks/${hit.id}`
    : conversationPath(hit.target, { thread: hit.threadId, message: hit.messageId })
