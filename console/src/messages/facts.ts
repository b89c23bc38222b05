import type { Message } from '@shared/contract'
import { t } from '../i18n'

/** A text among what a system message is about. */
export const factField = (message: Message, name: string): string | undefined => {
  const value = message.system?.data[name]
  return typeof value === 'string' ? value : undefined
}

/** What happened to a channel or to its decisions, in the reader's language; undefined for everything else. */
export function factText(message: Message): string | undefined {
  const [area, what] = message.system?.type.split('.', 2) ?? []
  if (area === 'channel') return channelText(message, what)
  if (area === 'decision') return decisionText(message, what)
  if (area === 'task' && what === 'thread') return taskText(message)
  return undefined
}

function channelText(message: Message, what: string | undefined): string | undefined {
  const by = `@${factField(message, 'by') ?? ''}`
  const name = factField(message, 'name') ?? ''
  switch (what) {
    case 'member_joined':
      return t('system.joined', { name: `@${name}` })
    case 'member_added':
      return t('system.added', { by, name: `@${name}` })
    case 'member_left':
      return t('system.left', { name: `@${name}` })
    case 'member_removed':
      return t('system.removed', { by, name: `@${name}` })
    case 'renamed':
      return t('system.renamed', { by, name })
    case 'topic':
      return t('system.topic', { by, topic: factField(message, 'topic') ?? '' })
    case 'topic_cleared':
      return t('system.topicCleared', { by })
    case 'made_private':
      return t('system.madePrivate', { by })
    case 'made_public':
      return t('system.madePublic', { by })
    case 'archived':
      return t('system.archived', { by })
    default:
      return undefined
  }
}

const endings = ['proposed', 'ratified', 'rejected', 'withdrawn', 'retired', 'superseded'] as const

function decisionText(message: Message, what: string | undefined): string | undefined {
  const ending = endings.find((each) => each === what)
  if (!ending) return undefined
  const text = t(`system.${ending}`, { title: factField(message, 'title') ?? '' })
  const reason = factField(message, 'reason')
  return reason ? `${text} ${reason}` : text
}

function taskText(message: Message): string | undefined {
  const number = message.system?.data['number']
  if (typeof number !== 'number') return undefined
  return t('system.taskThread', { number, summary: factField(message, 'summary') ?? '' })
}
