import { addTexts } from '../texts'

export const saved = {
  'saved.words': 'Filter by words',
  'saved.where': 'Conversation',
  'saved.everywhere': 'Everywhere',
  'saved.open': 'Open',
  'saved.remove': 'Let go',
  'saved.removed': 'Not saved any more.',
  'saved.none': 'Nothing is saved yet',
  'saved.noneText': 'Save a message from its menu, and find it here on every device.',
  'saved.noneSo': 'Nothing that you saved fits',
  'saved.noneSoText': 'Use fewer words, or look everywhere.',
} as const

addTexts(saved)
