import { addTexts } from '../texts'

export const drafts = {
  'draft.text': 'What you have written and not sent. It is the same on all of your devices.',
  'draft.empty': 'No drafts',
  'draft.emptyText': 'What you begin to write and do not send waits for you here.',
  'draft.inThread': '{name}, in a thread',
  'draft.discard': 'Discard draft',
  'draft.discarded': 'Draft discarded.',
} as const

addTexts(drafts)
