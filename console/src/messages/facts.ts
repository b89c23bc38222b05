import type { Message } from '@shared/contract'
import { t } from '../i18n'

/** A text among what a system message is about. */
export const factField = (message: Message, name: string): string | undefined => {
  const value = message.system?.data[name]
  return typeof value === 'string' ? value : undefined
}

/** What happened to a channel, its decisions and tasks, in the reader's language; undefined for everything else. */
export function factText(message: Message): string | undefined {
  const type = message.system?.type
  const by = `@${factField(message, 'by') ?? ''}`
  const name = factField(message, 'name') ?? ''
  const title = factField(message, 'title') ?? ''
  const reason = factField(message, 'reason')
  const because = (text: string) => (reason ? `${text} ${reason}` : text)
  switch (type) {
    case 'channel.member_joined':
      return t('system.joined', { name: `@${name}` })
    case 'channel.member_added':
      return t('system.added', { by, name: `@${name}` })
    case 'channel.member_left':
      return t('system.left', { name: `@${name}` })
    case 'channel.member_removed':
      return t('system.removed', { by, name: `@${name}` })
    case 'channel.renamed':
      return t('system.renamed', { by, name })
    case 'channel.topic':
      return t('system.topic', { by, topic: factField(message, 'topic') ?? '' })
    case 'channel.topic_cleared':
      return t('system.topicCleared', { by })
    case 'channel.made_private':
      return t('system.madePrivate', { by })
    case 'channel.made_public':
      return t('system.madePublic', { by })
    case 'channel.archived':
      return t('system.archived', { by })
    case 'decision.proposed':
      return t('system.proposed', { title })
    case 'decision.ratified':
      return because(t('system.ratified', { title }))
    case 'decision.rejected':
      return because(t('system.rejected', { title }))
    case 'decision.withdrawn':
      return because(t('system.withdrawn', { title }))
    case 'decision.retired':
      return because(t('system.retired', { title }))
    case 'decision.superseded':
      return because(t('system.superseded', { title }))
    default:
      return undefined
  }
}
