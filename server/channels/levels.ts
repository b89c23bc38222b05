import type { NotifyLevel } from '@shared/contract'
import type { Directory } from '../directory/directory'

/** What somebody hears of a conversation who chose nothing: all of a direct one, of a channel what is meant for them. */
export const usualLevel = (kind: 'channel' | 'dm'): NotifyLevel => (kind === 'dm' ? 'all' : 'mentions')

/** What a person wants to be told of in a channel. */
export function levelOf(directory: Directory, channelId: string, userId: string): NotifyLevel {
  const kind = directory.channel(channelId)?.kind ?? 'channel'
  return directory.member(channelId, 'human', userId)?.notify ?? usualLevel(kind)
}
